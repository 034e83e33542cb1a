"""Items are found by what they are like; in bounded steps."""

import io
import sys
import zipfile
from typing import Any

import numpy as np
import pytest
from PIL import Image

from annotator.errors import Conflict
from annotator.flow.annotation import seed_labels
from annotator.flow.items import likeness
from annotator.models import FeatureSpace, Item, Project, User
from annotator.pool import feature_store
from tests import loop
from tests.flow.items.test_listing import mail, query
from tests.given import Fill, PutState

pytestmark = pytest.mark.django_db


@pytest.fixture
def cap(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that sets how many items a request compares."""

    def to(number: Any) -> None:
        monkeypatch.setattr(likeness, "LOOKED_AT", number)

    return to


@pytest.fixture
def topics(put_state: PutState) -> Any:
    """Thirty texts about two topics, one after the other."""
    return put_state(_topics)


def _topics() -> Project:
    project = loop.mail_project()
    mail(project, *[f"{i},{loop.text(i)}," for i in range(30)])
    return loop.make_features(project)


def item_at(project: Project, position: Any) -> Any:
    return Item.objects.get(project=project, position=position)


def like(
    project: Project, position: Any, q: str = "", label: str = "", state: str = "", **options: Any
) -> Any:
    asked = query(project, q=q, label=label, state=state, **options)
    return likeness.more_like(asked, item_at(project, position))


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
    assert (found.after, found.looked) == (12, (0, 12, 30))
    second = like(topics, 20, after=found.after)
    assert {item.position for item in second.items} == set(range(12, 24)) - {20}
    assert like(topics, 20, after=second.after).after is None


def test_shards_are_compared_together(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feature_store, "SHARD_ITEMS", 8)
    mail(project, *[f"{i},{loop.text(i)}," for i in range(30)])
    loop.make_features(project)
    whole = {item.position for item in like(project, 3).items}
    assert whole == set(range(30)) - {3}
    monkeypatch.setattr(likeness, "LOOKED_AT", 13)
    assert {item.position for item in like(project, 3, after=5).items} == set(range(5, 18))


def test_without_features_it_says_so(project: Project, filled: Fill) -> None:
    item = filled(project, 3)[0]
    with pytest.raises(Conflict) as caught:
        likeness.more_like(query(project), item)
    assert caught.value.code == "no_features"


def test_item_that_came_after_the_features_says_so(topics: Any, filled: Fill) -> None:
    late = filled(topics, 1, start=90)[0]
    with pytest.raises(Conflict):
        likeness.more_like(query(topics), late)
    assert like(topics, 0).looked == (0, 30, 30)


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
