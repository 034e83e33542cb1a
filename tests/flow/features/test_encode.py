"""Items become features: the quick ones first, better ones later, shard by shard."""

import io
import zipfile
from typing import Any

import numpy as np
import pytest
from PIL import Image

from annotator.flow.features import encode
from annotator.flow.projects import settings
from annotator.models import FeatureSpace, Item, Job, Project, User
from annotator.pool import feature_store
from tests import loop
from tests.given import Fill, Learn, RunRound

pytestmark = pytest.mark.django_db


def recipes(spaces: Any) -> Any:
    return [space.recipe for space in spaces]


@pytest.fixture
def laddered(project: Project) -> Any:
    return settings.change_settings(project, features="auto")


def test_nothing_is_planned_for_an_empty_pool(project: Project) -> None:
    assert encode.plan(project) == []
    assert encode.current_space(project) is None
    assert encode.plan_missing() == []


def test_quick_features_come_first_and_better_ones_take_over(laddered: Any, filled: Fill) -> None:
    filled(laddered, 5)
    quick, better = encode.plan(laddered)
    assert recipes([quick, better]) == ["text-quick", "text"]
    for space in (quick, better):
        encode.fit(space.pk)
        assert encode.transform(space.shards.get().pk) == space
        assert encode.current_space(laddered) == space


def test_better_features_of_fewer_items_beat_quick_ones_of_all(
    laddered: Any, filled: Fill, learnt: Learn
) -> None:
    filled(laddered, 5)
    learnt(laddered)
    better = encode.current_space(laddered)
    filled(laddered, 5, start=50)
    assert recipes(encode.plan(laddered)) == ["text"]
    assert encode.current_space(laddered) == better
    learnt(laddered)


def test_asked_features_are_used_whatever_others_there_are(
    laddered: Any, filled: Fill, learnt: Learn
) -> None:
    filled(laddered, 5)
    learnt(laddered)
    assert encode.current_space(laddered).recipe == "text"
    settings.change_settings(laddered, features="text-quick")
    assert encode.current_space(laddered).recipe == "text-quick"
    filled(laddered, 5, start=50)
    learnt(laddered)
    newest = encode.current_space(laddered)
    assert (newest.recipe, newest.items) == ("text-quick", 10)


def test_features_that_are_asked_for_later_are_made(
    project: Project, filled: Fill, learnt: Learn
) -> None:
    filled(project, 5)
    learnt(project)
    assert encode.plan_missing() == []
    settings.change_settings(project, features="text")
    assert FeatureSpace.objects.active().get().recipe == "text"


def test_plan_is_made_once_however_often_it_is_asked_for(laddered: Any, filled: Fill) -> None:
    filled(laddered, 5)
    assert recipes(encode.plan(laddered)) == ["text-quick", "text"]
    assert encode.plan(laddered) == []
    assert FeatureSpace.objects.count() == 2


def test_waiting_features_of_an_older_pool_are_dropped(project: Project, filled: Fill) -> None:
    filled(project, 5)
    encode.plan(project)
    filled(project, 5, start=50)
    encode.plan(project)
    assert [space.items for space in project.spaces.all()] == [10]


def test_missing_plan_is_found_by_the_sweep(laddered: Any, filled: Fill) -> None:
    filled(laddered, 5)
    assert recipes(encode.plan_missing()) == ["text-quick", "text"]
    assert encode.plan_missing() == []
    filled(laddered, 1, start=50)
    assert recipes(encode.plan_missing()) == ["text-quick", "text"]


def test_space_is_ready_with_its_last_shard_whatever_the_order(
    project: Project, filled: Fill, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feature_store, "SHARD_ITEMS", 4)
    filled(project, 10)
    (space,) = encode.plan(project)
    encode.fit(space.pk)
    first, second, third = space.shards.all()
    assert [(s.start, s.stop) for s in (first, second, third)] == [(0, 4), (4, 8), (8, 10)]
    assert encode.transform(third.pk) is None
    assert encode.transform(first.pk) is None
    assert encode.current_space(project) is None
    assert encode.transform(second.pk) == space
    assert encode.transform(second.pk) is None
    assert encode.current_space(project) == space


def test_pictures_have_smaller_shards_and_larger_ones_from_before_stay(
    image_project: Project, project: Project
) -> None:
    # Each has some 900 columns, which two workers make side by side and few at once.
    assert feature_store.shard_items(FeatureSpace(project=project)) == 65_536
    assert feature_store.shard_items(FeatureSpace(project=image_project)) == 16_384
    loop.bring_in(image_project, "p.zip", _pictures(6))
    (space,) = encode.plan(image_project)
    space.shards.create(number=0, start=0, stop=6)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(feature_store, "SHARD_ITEMS", 4)
        encode.fit(space.pk)
    assert encode.transform(space.shards.get().pk) == space
    assert encode.current_space(image_project) == space


def _pictures(number: int) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for shade in range(number):
            picture = io.BytesIO()
            Image.new("RGB", (16, 16), (40 * shade, 10, 10)).save(picture, "PNG")
            file.writestr(f"{shade}.png", picture.getvalue())
    return out.getvalue()


def test_features_do_not_depend_on_how_the_pool_is_cut(
    project: Project, olga: User, filled: Fill, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = []
    for size in (4, 1000):
        monkeypatch.setattr(feature_store, "SHARD_ITEMS", size)
        made = settings.create_project(olga, name="Cut", labels=["a", "b"], seed=5)
        filled(made, 10)
        loop.make_features(made)
        space = encode.current_space(made)
        rows.append(feature_store.gather(space, np.array([9, 0, 5, 4])))
    assert (rows[0].sparse != rows[1].sparse).nnz == 0
    np.testing.assert_allclose(rows[0].dense, rows[1].dense, atol=1e-5)


def test_rows_come_in_the_order_in_which_they_are_asked(
    project: Project, filled: Fill, learnt: Learn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feature_store, "SHARD_ITEMS", 4)
    filled(project, 10)
    learnt(project)
    space = encode.current_space(project)
    whole = feature_store.gather(space, np.arange(10))
    some = feature_store.gather(space, np.array([7, 2, 9]))
    np.testing.assert_array_equal(some.dense, whole.dense[[7, 2, 9]])


def test_encoder_file_that_was_changed_is_not_used(project: Project, filled: Fill) -> None:
    filled(project, 5)
    (space,) = encode.plan(project)
    encode.fit(space.pk)
    path = feature_store.space_folder(space) / "encoder.npz"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    shard = space.shards.get()
    assert encode.transform(shard.pk) is None
    assert "checksum does not match" in loop.refreshed(shard).error


@pytest.mark.parametrize(
    "texts",
    [
        ["a"],
        ["!!!", "???"],
        ["same words", "same words again"],
        ["雨", "x" * 5000],
        ["1", "2", "3"],
    ],
)
@pytest.mark.parametrize("recipe", ["text-quick", "text"])
def test_odd_pools_have_features_and_rounds(
    project: Project, ana: User, run_round: RunRound, texts: Any, recipe: str
) -> None:
    settings.change_settings(project, features=recipe)
    loop.bring_in(project, "odd.jsonl", "\n".join(f'{{"text": "{text}"}}' for text in texts))
    loop.make_features(project)
    space = encode.current_space(project)
    features = feature_store.gather(space, np.arange(len(texts)))
    assert len(features) == len(texts)
    assert np.isfinite(features.spread_block()).all()
    assert run_round(project).state == Job.State.DONE
    loop.label(project, ana, 2)
    assert run_round(project).state == Job.State.DONE


def test_pictures_go_round(image_project: Project, ana: User, run_round: RunRound) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number in range(24):
            shade = (200 - 5 * number, 30, 20) if number % 2 else (20, 30, 100 + 5 * number)
            file = io.BytesIO()
            Image.new("RGB", (20 + number, 24), shade).save(file, "PNG")
            archive.writestr(f"{number}.png", file.getvalue())
    loop.bring_in(image_project, "pets.zip", out.getvalue())
    loop.make_features(image_project)
    assert encode.current_space(image_project).recipe == "image"
    for _ in range(2):
        for _ in range(6):
            from annotator.flow.queue import leasing, payload

            lease = leasing.lease_next(image_project, ana)
            red = int(lease.item.key.split(".")[0]) % 2
            assert (
                payload.lease_payload(lease)["item"]["image_url"] == f"/media/items/{lease.item_id}"
            )
            loop.answer(lease, ["cat" if red else "dog"])
        turn = run_round(image_project)
    assert turn.model.trained_on == 12
    assert turn.picks
    assert Item.objects.filter(state=Item.State.LABELLED).count() == 12
