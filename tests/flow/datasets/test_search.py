"""Items are found by text, label and state, and by what they are like; in stretches of the pool."""

import io
import sys
import zipfile
from typing import Any

import numpy as np
import pytest
from django.db import connection
from PIL import Image
from pytest_django import DjangoAssertNumQueries

from annotator.errors import Conflict, Invalid, NotFound
from annotator.flow.annotation import payload, seed_labels
from annotator.flow.datasets import search as datasets_search
from annotator.flow.projects import settings
from annotator.models import FeatureSpace, Item, Project, User
from annotator.pool import feature_store
from tests import loop
from tests.given import Fill

pytestmark = pytest.mark.django_db


@pytest.fixture
def cap(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that sets how many items a request looks at."""

    def to(number: Any) -> None:
        monkeypatch.setattr(datasets_search, "LOOKED_AT", number)

    return to


def keys(found: Any) -> Any:
    return [item.key for item in found.items]


def search(project: Project, q: str = "", label: str = "", state: str = "", **options: Any) -> Any:
    return datasets_search.search(project, datasets_search.as_wanted(q, label, state), **options)


def mail(project: Project, *rows: Any) -> None:
    loop.bring_in(project, "a.csv", "id,text,label\n" + "".join(f"{row}\n" for row in rows))


# By what stands in them --------------------------------------------------------------------------


def test_text_is_found_in_upper_and_lower_case_in_text_and_key(project: Project) -> None:
    mail(project, "order-7,Money now,", "b,more MONEY,", "money-3,Lunch,", "d,Dinner,")
    assert keys(search(project, "money")) == ["order-7", "b", "money-3"]
    assert keys(search(project, "ORDER-")) == ["order-7"]
    assert keys(search(project)) == ["order-7", "b", "money-3", "d"]


@pytest.mark.parametrize("q", ["ärger", "ÄRGER", "Ärger"])
def test_letters_beyond_a_to_z_are_found_in_both_cases_too(project: Project, q: str) -> None:
    mail(project, "a,Der Ärger ist groß,", "b,viel ärger (wirklich),", "c,Arger,")
    assert keys(search(project, q)) == ["a", "b"]


@pytest.mark.parametrize(
    "q", ["100%", "a_b", "(x)", ".*", "\\d", "'; --", '"q"', "[é", "é(", "ß*", "\x00é("]
)
def test_signs_stand_for_themselves(project: Project, q: str) -> None:
    loop.bring_in(project, "a.json", '[{"text": "100 axb y"}, {"text": "d dd"}]')
    Item.objects.filter(position=0).update(text=f"before {q} after".replace("\x00", ""))
    assert [item.position for item in search(project, q).items] == [0]


def test_state_and_label_narrow_it(project: Project, filled: Fill, ana: User) -> None:
    mail(project, "a,one,spam", "b,two,ham", "c,three,")
    filled(project, 1)
    loop.label(project, ana, 1)
    assert keys(search(project, state="labelled"))[:2] == ["a", "b"]
    assert keys(search(project, label="spam", q="one")) == ["a"]
    assert keys(search(project, label="none such")) == []
    assert keys(search(project, label="ham", state="pool")) == []


def test_label_that_was_taken_back_is_found_no_more(
    project: Project, filled: Fill, lea: User
) -> None:
    item = filled(project, 1)[0]
    seed_labels.seed(
        project, lea, item, labels=["ham"], client_id="6f1d1f4e-0000-4000-8000-000000000001"
    )
    assert search(project, label="ham").items == [item]
    seed_labels.take_back(project, lea, item)
    assert search(project, label="ham").items == []


def test_label_does_not_find_what_somebody_may_still_be_judging(
    project: Project, filled: Fill, ana: User
) -> None:
    settings.change_settings(project, overlap=2)
    filled(project, 1)
    (answer,) = loop.label(project, ana, 1)
    assert search(project, label=payload.label_names(answer)[0]).items == []


def test_unknown_state_is_refused() -> None:
    with pytest.raises(Invalid, match="pool, queued, labelled"):
        datasets_search.as_wanted(state="odd")


def test_other_projects_items_are_not_found(
    project: Project, image_project: Project, olga: User, filled: Fill
) -> None:
    filled(project, 2)
    other = settings.create_project(olga, name="Other", labels=["a", "b"])
    loop.fill(other, 3)
    assert len(search(project).items) == 2
    with pytest.raises(NotFound):
        datasets_search.find_item(project, search(other).items[0].pk)


# Page by page ------------------------------------------------------------------------------------


def test_pages_follow_each_other_in_both_directions(project: Project, filled: Fill) -> None:
    filled(project, 25)
    first = search(project, size=10)
    second = search(project, size=10, after=first.after)
    third = search(project, size=10, after=second.after)
    pages = [first, second, third]
    assert [len(page.items) for page in pages] == [10, 10, 5]
    assert [item.position for page in pages for item in page.items] == list(range(25))
    assert (first.before, third.after) == (None, None)
    back = datasets_search.search_back(
        project, datasets_search.as_wanted(), before=third.before, size=10
    )
    assert back.items == second.items
    again = datasets_search.search_back(
        project, datasets_search.as_wanted(), before=back.before, size=10
    )
    assert (again.items, again.before) == (first.items, None)


@pytest.mark.parametrize("after", [20, 10**30])
def test_beyond_the_end_there_is_nothing(project: Project, filled: Fill, after: Any) -> None:
    filled(project, 20)
    found = search(project, after=after)
    assert (found.items, found.after) == ([], None)


def test_no_request_looks_further_than_so_many_items(
    project: Project, filled: Fill, cap: Any
) -> None:
    filled(project, 40)
    cap(15)
    (last,) = Item.objects.filter(position=33)
    Item.objects.filter(pk=last.pk).update(text="needle")
    looked = []
    found = search(project, "needle")
    while not found.items:
        looked.append((found.start, found.stop))
        found = search(project, "needle", after=found.after)
    assert looked == [(0, 15), (15, 30)]
    assert (found.items, found.stop, found.after) == ([last], 40, None)
    back = datasets_search.search_back(project, datasets_search.as_wanted("needle"), before=20)
    assert (back.items, back.start, back.before) == ([], 5, 5)


@pytest.mark.parametrize("wanted", [{"state": "pool"}, {"q": "number"}, {"label": "spam"}])
def test_the_walk_is_one_along_the_positions(project: Project, filled: Fill, wanted: Any) -> None:
    """By the index of states, all of a state would be read and sorted to show the first."""
    filled(project, 40)
    rows = datasets_search._between(project, datasets_search.as_wanted(**wanted), 0, 20).order_by(
        "position"
    )
    if connection.vendor != "sqlite":
        pytest.skip("only SQLite chooses its indexes without looking at the rows")
    plan = rows[:10].explain()
    assert "position>?" in plan
    assert "TEMP B-TREE" not in plan


# By what they are like ---------------------------------------------------------------------------


@pytest.fixture
def topics(project: Project) -> Any:
    """Thirty texts about two topics, one after the other."""
    mail(project, *[f"{i},{loop.text(i)}," for i in range(30)])
    return loop.make_features(project)


def item_at(project: Project, position: Any) -> Any:
    return Item.objects.get(project=project, position=position)


def like(
    project: Project, position: Any, q: str = "", label: str = "", state: str = "", **options: Any
) -> Any:
    wanted = datasets_search.as_wanted(q, label, state)
    return datasets_search.more_like(project, item_at(project, position), wanted, **options)


def test_like_items_come_nearest_first_and_without_the_item_itself(topics: Any) -> None:
    found = like(topics, 0)
    assert len(found.items) == 29
    kinds = [loop.truth(item) for item in found.items]
    assert kinds[:5] == [["spam"]] * 5
    assert item_at(topics, 0) not in found.items


def test_likeness_is_the_cosine_of_the_features(topics: Any) -> None:
    space = FeatureSpace.objects.get()
    (shard,) = space.shards.all()
    X = feature_store.load_features(shard).spread_block().astype(float)
    cosines = X @ X[4] / (np.linalg.norm(X, axis=1) * np.linalg.norm(X[4]))
    order = sorted(range(30), key=lambda i: (-round(cosines[i], 6), i))
    order.remove(4)
    assert [item.position for item in like(topics, 4).items] == order


def test_filters_hold_among_like_items(topics: Any, lea: User) -> None:
    for item in like(topics, 0).items[:3]:
        client_id = f"6f1d1f4e-0000-4000-8000-{item.pk:012d}"
        seed_labels.seed(topics, lea, item, labels=["spam"], client_id=client_id)
    assert len(like(topics, 0, state="labelled").items) == 3
    assert len(like(topics, 0, label="spam").items) == 3
    assert len(like(topics, 0, state="pool").items) == 26
    assert {loop.truth(item)[0] for item in like(topics, 0, "meeting").items} == {"ham"}


def test_no_request_compares_more_than_so_many(topics: Any, cap: Any) -> None:
    cap(12)
    found = like(topics, 20)
    assert {item.position for item in found.items} <= set(range(12))
    assert (found.after, found.total) == (12, 30)
    second = like(topics, 20, after=found.after)
    assert {item.position for item in second.items} == set(range(12, 24)) - {20}
    assert like(topics, 20, after=second.after).after is None


def test_shards_are_compared_together(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feature_store, "SHARD_ITEMS", 8)
    mail(project, *[f"{i},{loop.text(i)}," for i in range(30)])
    loop.make_features(project)
    whole = {item.position for item in like(project, 3).items}
    assert whole == set(range(30)) - {3}
    monkeypatch.setattr(datasets_search, "LOOKED_AT", 13)
    assert {item.position for item in like(project, 3, after=5).items} == set(range(5, 18))


def test_without_features_it_says_so(project: Project, filled: Fill) -> None:
    item = filled(project, 3)[0]
    with pytest.raises(Conflict) as caught:
        datasets_search.more_like(project, item, datasets_search.as_wanted())
    assert caught.value.code == "no_features"


def test_item_that_came_after_the_features_says_so(topics: Any, filled: Fill) -> None:
    late = filled(topics, 1, start=90)[0]
    with pytest.raises(Conflict):
        datasets_search.more_like(topics, late, datasets_search.as_wanted())
    assert like(topics, 0).total == 30


def test_pictures_are_like_each_other_too(image_project: Project) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number in range(24):
            shade = ("red", "white")[number % 2]
            with archive.open(f"{shade}-{number:02}.png", "w") as file:
                Image.new("RGB", (20 + number, 24), shade).save(file, "PNG")
    loop.bring_in(image_project, "p.zip", out.getvalue())
    loop.make_features(image_project)
    first = item_at(image_project, 0)
    found = like(image_project, 0)
    shade = first.key.split("-")[0]
    assert [item.key.split("-")[0] for item in found.items[:5]] == [shade] * 5


def test_looking_loads_no_learning_library(topics: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The web process finds likeness with numpy alone; None makes an import of the module fail."""
    for name in ("scipy", "scipy.sparse", "sklearn", "selection.features"):
        monkeypatch.setitem(sys.modules, name, None)
    assert len(like(topics, 0).items) == 29


# What was said -----------------------------------------------------------------------------------


def test_answers_come_with_their_labels_in_few_queries(
    project: Project, filled: Fill, ana: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    filled(project, 12)
    given = loop.label(project, ana, 8)
    items = search(project).items
    with django_assert_num_queries(3):
        said = datasets_search.answers(items)
        names = {pk: payload.label_names(each[0]) for pk, each in said.items()}
        assert {each[0].user.username for each in said.values()} == {"ana"}
    assert names == {each.item_id: payload.label_names(each) for each in given}
