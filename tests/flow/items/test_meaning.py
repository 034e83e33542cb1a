"""Items are found by what a typed text means, in the features that are best for it."""

import pytest

from annotator.errors import Conflict, Invalid
from annotator.flow.features import encode
from annotator.flow.items import likeness, listing
from annotator.models import FeatureSpace, Item, Project, User, VectorShard
from annotator.pool import encoder_process
from tests import hashing_encoder, loop, vectors
from tests.flow.items.test_listing import query

pytestmark = pytest.mark.django_db


@pytest.fixture
def hashing(monkeypatch: pytest.MonkeyPatch) -> hashing_encoder.Hashing:
    return vectors.install(monkeypatch)


def meaning(project: Project, q: str, state: str = "", size: int = listing.SHOWN) -> listing.Found:
    return likeness.by_meaning(query(project, q=q, state=state, by="meaning", size=size))


def about(found: listing.Found) -> list[str]:
    return [loop.truth(item)[0] for item in found.items]


def test_items_near_in_the_encoders_columns_come_first(
    project: Project, hashing: hashing_encoder.Hashing
) -> None:
    vectors.give(project)
    found = meaning(project, "claim prize winner", size=10)
    assert about(found) == ["spam"] * 10
    assert about(meaning(project, "office lunch minutes", size=10)) == ["ham"] * 10
    assert hashing.asked[-1] == 1


def test_text_need_not_stand_in_an_item(project: Project, hashing: hashing_encoder.Hashing) -> None:
    vectors.give(project)
    words = "claim prize winner money"
    assert listing.page(query(project, q=words)).items == []
    assert len(meaning(project, words, size=5).items) == 5


def test_other_criteria_hold(
    project: Project, hashing: hashing_encoder.Hashing, olga: User
) -> None:
    vectors.give(project)
    loop.label(project, olga, 5)
    found = meaning(project, "prize", state="labelled")
    assert len(found.items) == 5
    assert {item.state for item in found.items} == {Item.State.LABELLED}


def test_pools_own_features_do_without_an_encoder(project: Project) -> None:
    loop.fill(project, 60)
    project.features = "text"
    project.save()
    loop.make_features(project)
    assert about(meaning(project, "prize money", size=10)) == ["spam"] * 10


def test_vectors_that_came_with_the_items_leave_the_pools_features(
    project: Project, hashing: hashing_encoder.Hashing
) -> None:
    space = vectors.give(project)
    FeatureSpace.objects.filter(pk=space.pk).update(encoder=VectorShard.GIVEN)
    assert encode.current_space(project).encoder == VectorShard.GIVEN
    hashing.asked.clear()
    assert about(meaning(project, "prize money", size=10)) == ["spam"] * 10
    assert hashing.asked == []


def test_encoder_that_is_away_says_so(
    project: Project, hashing: hashing_encoder.Hashing, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_args: object) -> None:
        raise encoder_process.EncoderAway("encoder_away", detail="It is away.")

    vectors.give(project)
    monkeypatch.setattr(encoder_process, "encode", away)
    with pytest.raises(encoder_process.EncoderAway):
        meaning(project, "prize")


def test_without_features_nothing_is_compared(project: Project) -> None:
    loop.fill(project, 5)
    with pytest.raises(Conflict):
        meaning(project, "prize")


def test_images_are_not_searched_by_meaning(image_project: Project) -> None:
    with pytest.raises(Invalid, match="Only texts can be searched by meaning"):
        meaning(image_project, "cat")


def test_unknown_way_is_refused(project: Project) -> None:
    with pytest.raises(Invalid, match="words, meaning"):
        query(project, q="prize", by="sound")
