"""Items are found by words, by what is said of them, and by predictions; in bounded steps."""

import itertools
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from annotator.errors import Invalid, NotFound
from annotator.flow.annotation import payload, revise, seed_labels
from annotator.flow.items import candidates, criteria, details, listing
from annotator.flow.projects import settings
from annotator.flow.queue import leasing, releasing
from annotator.flow.training import pool_predictions
from annotator.models import Annotation, Disagreement, Item, Project, Source, User
from annotator.pool import audit_set
from tests import loop
from tests.given import Fill

pytestmark = pytest.mark.django_db


@pytest.fixture
def cap(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that sets how many items a request looks at."""

    def to(number: Any) -> None:
        monkeypatch.setattr(listing, "LOOKED_AT", number)

    return to


@pytest.fixture
def nothing_is_rare(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(candidates, "MOST", -1)


def keys(found: Any) -> Any:
    return [item.key for item in found.items]


def query(project: Project, viewer: User | None = None, **given: Any) -> listing.Query:
    """Return a query of the lead with parameters by name; `since` and `until` for their names."""
    options = {name: given.pop(name) for name in ("after", "before", "size") if name in given}
    named = {{"since": "from", "until": "to"}.get(name, name): text for name, text in given.items()}
    viewer = viewer or User.objects.get(username="lea")
    wanted, sort = criteria.parsed(project, named), criteria.sort_of(named)
    return listing.Query(project, viewer, wanted, sort, **options)


def search(project: Project, q: str = "", label: str = "", state: str = "", **more: Any) -> Any:
    return listing.page(query(project, q=q, label=label, state=state, **more))


def mail(project: Project, *rows: Any) -> None:
    loop.bring_in(project, "a.csv", "id,text,label\n" + "".join(f"{row}\n" for row in rows))


# By what stands in them --------------------------------------------------------------------------


def test_text_is_found_in_upper_and_lower_case_in_text_and_key(project: Project) -> None:
    mail(project, "order-7,Money now,", "b,more MONEY,", "money-3,Lunch,", "d,Dinner,")
    assert keys(search(project, "money")) == ["order-7", "b", "money-3"]
    assert keys(search(project, "ORDER-")) == ["order-7"]
    assert keys(search(project)) == ["order-7", "b", "money-3", "d"]


@pytest.mark.parametrize("q", ["ärger", "ÄRGER", "Ärger"])
def test_case_and_accents_make_no_difference(project: Project, q: str) -> None:
    mail(project, "a,Der Ärger ist groß,", "b,viel ärger (wirklich),", "c,Arger,")
    assert keys(search(project, q)) == ["a", "b", "c"]


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


def test_unknown_state_is_refused(project: Project) -> None:
    with pytest.raises(Invalid, match="pool, queued, labelled"):
        criteria.parsed(project, {"state": "odd"})


def test_other_projects_items_are_not_found(
    project: Project, image_project: Project, olga: User, filled: Fill
) -> None:
    filled(project, 2)
    other = settings.create_project(olga, name="Other", labels=["a", "b"])
    loop.fill(other, 3)
    assert len(search(project).items) == 2
    with pytest.raises(NotFound):
        details.find(project, search(other).items[0].pk)


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
    back = search(project, size=10, before=third.before)
    assert back.items == second.items
    again = search(project, size=10, before=back.before)
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
        looked.append(found.looked)
        found = search(project, "needle", after=found.after)
    assert looked == [(0, 15, 40), (15, 30, 40)]
    assert (found.items, found.looked, found.after) == ([last], (30, 40, 40), None)
    back = search(project, "needle", before=20)
    assert (back.items, back.looked, back.before) == ([], (5, 20, 40), 5)


@pytest.mark.parametrize(
    "wanted", [{"state": "pool"}, {"q": "number"}, {"label": "spam"}, {"annotator": "ana"}]
)
def test_the_walk_is_one_along_the_positions(project: Project, filled: Fill, wanted: Any) -> None:
    """By the index of states, all of a state would be read and sorted to show the first."""
    filled(project, 40)
    rows = query(project, **wanted).rows.filter(position__gte=0, position__lt=20)
    if connection.vendor != "sqlite":
        pytest.skip("only SQLite chooses its indexes without looking at the rows")
    plan = rows.order_by("position")[:10].explain()
    assert "position>?" in plan
    assert "TEMP B-TREE" not in plan


# By words ----------------------------------------------------------------------------------------


def test_words_stand_in_any_order_and_a_phrase_together(project: Project) -> None:
    mail(project, "a,the red fox jumped,", "b,a fox that is red,", "c,the red hen,")
    assert keys(search(project, "red fox")) == ["a", "b"]
    assert keys(search(project, "FOX RED")) == ["a", "b"]
    assert keys(search(project, '"red fox"')) == ["a"]


@pytest.mark.parametrize(
    ("text", "q"),
    [
        ("Café Zürich", "cafe zurich"),
        ("cafe zurich", "CAFÉ ZÜRICH"),
        ("Cafe\u0301", "caf\u00e9"),
        ("Straße", "STRASSE"),
        ("ﬁne print", "fine"),
        ("Ｆｕｌｌ width", "full"),
        ("Ёлка", "елка"),
        ("Ἀθῆναι", "αθηναι"),
    ],
)
def test_accents_and_unicode_forms_are_folded(project: Project, text: str, q: str) -> None:
    mail(project, f"a,{text},", "b,something else,")
    assert keys(search(project, q)) == ["a"]


def test_folded_text_follows_a_new_text_and_its_removal(project: Project) -> None:
    mail(project, "a,Ärger,")
    loop.bring_in(project, "b.csv", "id,text\na,Ölkrise\n", same_id="update")
    assert keys(search(project, "arger")) == []
    assert keys(search(project, "olkrise")) == ["a"]


# By what people say ------------------------------------------------------------------------------


@pytest.fixture
def told(project: Project, filled: Fill, ana: User, ben: User, lea: User) -> Any:
    """Twelve items: eight of Ana's annotations, some with remarks; a skip; a correction."""
    filled(project, 12)
    given = loop.label(project, ana, 8)
    revise.correct(given[0], ana, payload.label_names(given[0]), unsure=True)
    revise.correct(given[1], ana, payload.label_names(given[1]), note="Is this one right?")
    (said,) = payload.label_names(given[2])
    revise.correct(given[2], lea, ["ham" if said == "spam" else "spam"])
    releasing.skip(leasing.lease_next(project, ben), "blurred")
    return given


FILTERS: dict[str, Callable[[Any, Any], Any]] = {
    "annotator=ana": lambda given, item: item in {each.item_id for each in given},
    "annotator=ben": lambda given, item: False,
    "unsure=1": lambda given, item: item == given[0].item_id,
    "has_note=1": lambda given, item: item == given[1].item_id,
    "corrected=1": lambda given, item: item == given[2].item_id,
    "source=audit": lambda given, item: item in {e.item_id for e in given if e.source == "audit"},
    "skipped=1": lambda given, item: Item.objects.get(pk=item).skips > 0,
    "state=labelled": lambda given, item: item in {each.item_id for each in given},
    "from=2020-01-01": lambda given, item: item in {each.item_id for each in given},
    "to=2020-01-01": lambda given, item: False,
    "from=2999-01-01": lambda given, item: False,
    "gold=1": lambda given, item: False,
    "suspect=1": lambda given, item: False,
    "disagreed=1": lambda given, item: False,
}


@pytest.mark.parametrize("way", ["few", "many"])
@pytest.mark.parametrize("wanted", FILTERS)
def test_each_filter_finds_what_it_says(
    project: Project, told: Any, wanted: str, way: str, request: pytest.FixtureRequest
) -> None:
    if way == "many":
        request.getfixturevalue("nothing_is_rare")
    name, value = wanted.split("=")
    name = {"from": "since", "to": "until"}.get(name, name)
    every = Item.objects.order_by("position").values_list("pk", flat=True)
    expected = [pk for pk in every if FILTERS[wanted](told, pk)]
    found = search(project, **{name: value})
    assert [item.pk for item in found.items] == expected
    assert (found.total, found.is_exact) == (len(expected), True)


def test_filters_on_annotations_hold_of_one_and_the_same(
    project: Project, filled: Fill, ana: User, ben: User
) -> None:
    settings.change_settings(project, overlap=2)
    filled(project, 2)
    for person, name in ((ana, "spam"), (ben, "ham")):
        for _ in range(2):
            loop.answer(leasing.lease_next(project, person), [name])
    assert len(search(project, annotator="ana", label="spam").items) == 2
    assert search(project, annotator="ana", label="ham").items == []
    assert len(search(project, disagreed="1").items) == Disagreement.objects.count() == 2


def test_what_others_said_of_open_items_finds_nothing(
    project: Project, filled: Fill, ana: User, lea: User
) -> None:
    settings.change_settings(project, overlap=2)
    filled(project, 2)
    lease = leasing.lease_next(project, ana)
    loop.answer(lease, ["spam"], unsure=True, note="hm")
    for given in ({"annotator": "ana"}, {"unsure": "1"}, {"has_note": "1"}, {"source": "audit"}):
        assert search(project, **given).items == []
        assert len(search(project, viewer=ana, **given).items) == (given != {"source": "audit"})


def test_days_bound_what_was_said_then(
    project: Project, filled: Fill, ana: User, time_machine: Any
) -> None:
    filled(project, 6)
    monday = datetime.fromisoformat("2026-03-09T10:00:00+00:00")
    for day in range(3):
        time_machine.move_to(monday + timedelta(days=day))
        loop.label(project, ana, 2)
    assert len(search(project, since="2026-03-10").items) == 4
    assert len(search(project, since="2026-03-10", until="2026-03-10").items) == 2
    assert timezone.now() > monday


# By the model ------------------------------------------------------------------------------------


def test_prediction_finds_items_and_open_audits_stay_blind(trained: Any, lea: User) -> None:
    predictions = pool_predictions.of_project(trained)
    bound = 2 * audit_set.audit_threshold(trained)
    found = [search(trained, predicted=name, size=100) for name in ("spam", "ham")]
    # A lower bound, where it is not exact.
    assert sum(each.total for each in found) <= trained.items
    shown = [item for each in found for item in each.items]
    for each, name in zip(found, ("spam", "ham"), strict=True):
        for item in each.items:
            assert predictions.of(item.position)["labels"] == loop.ids(trained, name)
    open_ones = [item for item in shown if item.state != Item.State.LABELLED]
    assert open_ones
    assert all(item.audit_key >= bound for item in open_ones)
    kept_back = Item.objects.exclude(state=Item.State.LABELLED).filter(audit_key__lt=bound)
    assert kept_back.exists()
    told = details.of_items(trained, lea, list(kept_back), predictions)
    assert all(each["prediction"] is None for each in told)
    assert len(shown) + kept_back.count() == trained.items


def test_least_certain_come_first(trained: Any) -> None:
    predictions = pool_predictions.of_project(trained)
    for sort, sign in (("confidence", 1), ("-confidence", -1)):
        found = walk(trained, sort=sort)
        sure = [sign * predictions.confidence[item.position] for item in found]
        assert sure == sorted(sure)
        assert len(found) > 20


# Sorted ------------------------------------------------------------------------------------------


def walk(project: Project, **given: Any) -> list[Item]:
    """Return the items of all pages."""
    found, after = [], None
    for _page in itertools.count():
        page = search(project, size=5, after=after, **given)
        found += page.items
        after = page.after
        if after is None:
            return found
    raise AssertionError


@pytest.mark.parametrize("way", ["few", "many"])
@pytest.mark.parametrize("sort", criteria.SORTS)
@pytest.mark.parametrize("more", [{}, {"state": "labelled"}])
def test_pages_of_every_order_hold_each_item_once(
    trained: Any, sort: str, more: Any, way: str, request: pytest.FixtureRequest
) -> None:
    if way == "many":
        request.getfixturevalue("nothing_is_rare")
    found = walk(trained, sort=sort, **more)
    assert len({item.pk for item in found}) == len(found)
    order: dict[str, Callable[[Item], Any]] = {
        "position": lambda item: item.position,
        "key": lambda item: item.key,
        "newest": lambda item: -Annotation.objects.filter(item=item).latest("pk").pk,
    }
    by = order.get(sort.lstrip("-"))
    if by is not None:
        assert found == sorted(found, key=by, reverse=sort.startswith("-"))
    if more or sort == "newest":
        assert len(found) == Item.objects.filter(state=Item.State.LABELLED).count()
    elif "confidence" not in sort:
        assert len(found) == trained.items


# Speed -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("given", [{}, {"q": "number"}, {"annotator": "ana", "label": "spam"}])
def test_page_takes_as_many_queries_however_many_items_it_shows(
    trained: Any, lea: User, given: Any, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    asked = [query(trained, lea, size=size, **given) for size in (2, 40)]
    pool_predictions.of_project(trained)
    for each in asked:
        with django_assert_max_num_queries(10):
            found = listing.page(each)
            details.of_items(trained, lea, found.items, found.predictions)


def test_rare_annotations_are_found_by_their_small_index(project: Project, told: Any) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("only SQLite chooses its indexes without looking at the rows")
    for name, index in (("unsure", "annotation_unsure"), ("has_note", "annotation_noted")):
        rows = next(candidates._walks(project, criteria.parsed(project, {name: "1"})))
        assert rows is not None
        assert index in rows.values("pk").explain()
    assert Source.AUDIT


# In bounded time ---------------------------------------------------------------------------------


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the time be up after each step, and a step be short."""
    monkeypatch.setattr(listing, "AT_A_TIME", 3)
    monkeypatch.setattr(listing, "STEP", 3)
    monkeypatch.setattr(listing, "ENOUGH_SECONDS", -1.0)


@pytest.mark.parametrize("sort", ["position", "-position", "key", "-key"])
def test_page_that_ran_out_of_time_goes_on_where_it_stopped(
    project: Project, hurried: None, nothing_is_rare: None, sort: str
) -> None:
    mail(project, *[f"k{n},{'prize' if n % 4 == 1 else 'lunch'} {n}," for n in range(11)])
    found, after, pages = [], None, 0
    while True:
        page = listing.page(query(project, q="prize", sort=sort, after=after))
        found += keys(page)
        pages += 1
        after = page.after
        if after is None:
            break
        assert pages < 10
    wanted = ["k1", "k5", "k9"]
    assert found == (wanted[::-1] if sort.startswith("-") else wanted)
    assert pages > 2


def test_rare_label_of_a_busy_person_is_found_at_once(
    project: Project, filled: Fill, ana: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(project, 12)
    for number in range(8):
        loop.answer(leasing.lease_next(project, ana), ["ham" if number == 5 else "spam"])
    monkeypatch.setattr(candidates, "WALKED", 3)
    few = query(project, annotator="ana", label="ham")
    assert len(candidates.narrow(project, few.wanted) or []) == 1
    both = query(project, annotator="ana", label="spam")
    assert candidates.narrow(project, both.wanted) is None
    assert listing.page(both).total == 7
