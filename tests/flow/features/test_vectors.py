"""Vectors of a pretrained encoder: slice by slice, resumed, paused, checked."""

from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from django.utils import timezone

from annotator.flow.features import encode, vectors
from annotator.flow.operations import after_restore, cleanup
from annotator.flow.projects import settings
from annotator.jobs import damaged_files
from annotator.models import FeatureSpace, Item, Job, Project, VectorShard
from annotator.pool import vector_store
from tests import hashing_encoder
from tests.given import Fill

pytestmark = pytest.mark.django_db


@pytest.fixture
def hashing(monkeypatch: pytest.MonkeyPatch) -> hashing_encoder.Hashing:
    encoder = hashing_encoder.Hashing()
    hashing_encoder.install(monkeypatch, encoder)
    return encoder


@pytest.fixture
def encoded(project: Project, filled: Fill, hashing: hashing_encoder.Hashing) -> Project:
    """A project whose 100 items are to be encoded."""
    settings.change_settings(project, features="auto")
    filled(project, 100)
    vectors.plan(project)
    return project


def spans(project: Project) -> list[tuple[int, int, str]]:
    return list(project.vector_shards.values_list("start", "stop", "state"))


def encode_all(project: Project) -> None:
    for _ in range(50):
        if vectors.encode_next() is None:
            return
    raise AssertionError("there is no end to it")


def test_slices_follow_each_other_until_all_items_have_vectors(
    encoded: Project, hashing: hashing_encoder.Hashing
) -> None:
    assert spans(encoded) == [(0, vectors.FIRST_ITEMS, "queued")]
    assert vectors.encode_next() == encoded
    assert spans(encoded) == [(0, 64, "done"), (64, 100, "queued")]
    encode_all(encoded)
    assert spans(encoded) == [(0, 64, "done"), (64, 100, "done")]
    texts = list(Item.objects.filter(project=encoded).order_by("position").values_list("text"))
    stored = vector_store.rows(encoded, hashing.name, hashing.sha256, 0, 100)
    np.testing.assert_allclose(stored, hashing.encode([t for (t,) in texts]), atol=1e-3)
    some = np.array([99, 3, 64])
    found = vector_store.gather(encoded, hashing.name, hashing.sha256, some)
    np.testing.assert_array_equal(found, stored[some])


def test_items_of_a_later_import_get_slices_of_their_own(
    encoded: Project, filled: Fill, hashing: hashing_encoder.Hashing
) -> None:
    encode_all(encoded)
    filled(encoded, 30, start=100)
    vectors.plan(encoded)
    assert spans(encoded)[-1] == (100, 130, "queued")
    hashing.asked.clear()
    encode_all(encoded)
    assert sum(hashing.asked) == 30
    assert vector_store.covered(encoded, hashing.name, hashing.sha256) == 130


def test_only_one_slice_is_encoded_at_a_time(
    encoded: Project, hashing: hashing_encoder.Hashing, filled: Fill, olga: Any
) -> None:
    other = settings.create_project(olga, name="Other", labels=["spam", "ham"])
    filled(other, 5)
    vectors.plan(other)
    first, second = VectorShard.objects.filter(state=Job.State.QUEUED)
    held = VectorShard.objects.claim(first.pk)
    assert held is not None
    assert VectorShard.objects.claim(second.pk) is None
    held.finish()
    assert VectorShard.objects.claim(second.pk) is not None


def test_slice_whose_worker_died_is_encoded_by_another(encoded: Project) -> None:
    held = VectorShard.objects.claim(encoded.vector_shards.get().pk)
    assert vectors.encode_next() is None
    long_ago = timezone.now() - timedelta(hours=1)
    VectorShard.objects.filter(pk=held.pk).update(heartbeat_at=long_ago, owner="")
    assert vectors.encode_next() == encoded
    assert held.pk == encoded.vector_shards.filter(state=Job.State.DONE).get().pk


def test_slices_are_as_long_as_the_encoder_takes_some_seconds_for(
    encoded: Project, filled: Fill, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(encoded, 4000, start=200)
    vectors.encode_next()
    VectorShard.objects.filter(start=0).update(seconds=2.0)
    VectorShard.objects.filter(state=Job.State.QUEUED).delete()
    vectors.plan(encoded)
    assert spans(encoded)[-1][:2] == (64, 64 + int(64 / 2.0 * vectors.SLICE_SECONDS))
    VectorShard.objects.filter(start=0).update(seconds=0.0001)
    VectorShard.objects.filter(state=Job.State.QUEUED).delete()
    vectors.plan(encoded)
    assert spans(encoded)[-1][:2] == (64, 64 + vector_store.MOST_ITEMS)


def test_slice_that_takes_too_long_ends_early_and_the_rest_follows(
    encoded: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vectors, "BATCH_ITEMS", 10)
    monkeypatch.setattr(vectors, "MOST_SECONDS", 0.0)
    vectors.encode_next()
    assert spans(encoded) == [(0, 10, "done"), (10, 64, "queued")]
    monkeypatch.setattr(vectors, "MOST_SECONDS", 60.0)
    encode_all(encoded)
    assert spans(encoded) == [(0, 10, "done"), (10, 64, "done"), (64, 100, "done")]


def test_pause_holds_the_encoder_and_resume_lets_it_go_on(encoded: Project) -> None:
    vectors.pause(encoded)
    assert vectors.encode_next() is None
    assert vectors.due() == []
    vectors.resume(encoded)
    assert vectors.encode_next() == encoded


def test_texts_that_are_cut_are_counted(
    project: Project, filled: Fill, hashing: hashing_encoder.Hashing
) -> None:
    settings.change_settings(project, features="auto")
    hashing.max_length = 4
    filled(project, 30)
    vectors.plan(project)
    encode_all(project)
    counted = sum(project.vector_shards.values_list("too_long", flat=True))
    assert counted == sum(len(item.text.split()) > 4 for item in Item.objects.all())


class Stumbling(hashing_encoder.Hashing):
    """It fails on one item, and has no number for another."""

    def encode(self, docs: Any) -> Any:
        if any("number7" in doc.split() for doc in docs):
            raise RuntimeError("that one again")
        rows = super().encode(docs)
        rows[["number9" in doc.split() for doc in docs]] = np.nan
        return rows


def test_one_item_that_cannot_be_read_keeps_no_other_from_it(
    project: Project, filled: Fill, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = Stumbling()
    hashing_encoder.install(monkeypatch, encoder)
    settings.change_settings(project, features="auto")
    filled(project, 20)
    vectors.plan(project)
    encode_all(project)
    shard = project.vector_shards.get()
    assert (shard.state, shard.unreadable) == (Job.State.DONE, 2)
    stored = vector_store.load(shard)
    assert np.flatnonzero(~stored.any(axis=1)).tolist() == [7, 9]


class Boastful(hashing_encoder.Hashing):
    """It gives fewer numbers than its description says."""

    def encode(self, docs: Any) -> Any:
        return super().encode(docs)[:, :12]


def test_vectors_of_another_dimension_are_refused_in_words(
    project: Project, filled: Fill, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashing_encoder.install(monkeypatch, Boastful())
    settings.change_settings(project, features="auto")
    filled(project, 20)
    vectors.plan(project)
    assert vectors.encode_next() is None
    shard = project.vector_shards.get()
    assert shard.state == Job.State.FAILED
    assert "16 numbers" in shard.error
    assert encode.current_space(project) is None
    assert FeatureSpace.objects.count() == 0


def test_changed_encoder_makes_all_anew_and_the_old_vectors_stay_until_then(
    encoded: Project, hashing: hashing_encoder.Hashing
) -> None:
    encode_all(encoded)
    before = hashing.sha256
    hashing.seed = 1
    assert vectors.plan(encoded) is None
    assert spans(encoded).count((0, 64, "done")) == 1
    encode_all(encoded)
    assert vector_store.covered(encoded, hashing.name, before) == 100
    assert vector_store.covered(encoded, hashing.name, hashing.sha256) == 100


def test_encoder_that_changes_while_a_slice_waits_is_not_mixed_with_the_new_one(
    encoded: Project, hashing: hashing_encoder.Hashing
) -> None:
    vectors.encode_next()
    hashing.seed = 1
    assert vectors.encode_next() is None
    assert "changed" in VectorShard.objects.get(start=64).error
    vectors.plan(encoded)
    assert VectorShard.objects.get(state=Job.State.QUEUED).sha256 == hashing.sha256
    assert VectorShard.objects.filter(state=Job.State.FAILED).count() == 0


def test_no_vectors_are_made_without_an_encoder(
    project: Project, filled: Fill, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashing_encoder.install(monkeypatch)
    settings.change_settings(project, features="auto")
    filled(project, 5)
    assert vectors.plan(project) is None
    monkeypatch.setattr(vectors, "LOOK_SECONDS", 0.0)
    assert vectors.plan_changed() == []
    assert spans(project) == []


def test_pool_features_leave_the_encoder_out(
    project: Project, filled: Fill, hashing: hashing_encoder.Hashing
) -> None:
    filled(project, 5)
    for name in ("pool", "text", "text-quick"):
        Project.objects.filter(pk=project.pk).update(features=name)
        assert vectors.plan(project) is None
    assert spans(project) == []


def test_encoder_that_is_installed_later_is_found(
    project: Project, filled: Fill, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vectors, "_seen", None)
    registry = hashing_encoder.install(monkeypatch)
    settings.change_settings(project, features="auto")
    filled(project, 5)
    monkeypatch.setattr(vectors, "_looked", float("-inf"))
    vectors.plan_changed()
    assert spans(project) == []
    registry.encoders.append(hashing_encoder.Hashing())
    vectors.plan_changed()
    assert spans(project) == []
    monkeypatch.setattr(vectors, "LOOK_SECONDS", 0.0)
    vectors.plan_changed()
    assert spans(project) == [(0, 5, "queued")]


def test_failed_slice_is_tried_again_after_a_pause_or_by_hand(encoded: Project) -> None:
    shard = encoded.vector_shards.get()
    failed = {"state": Job.State.FAILED, "attempts": 3, "error": "No."}
    VectorShard.objects.filter(pk=shard.pk).update(**failed, finished_at=timezone.now())
    vectors.plan(encoded)
    assert vectors.due() == []
    vectors.resume(encoded)
    assert vectors.due() == [shard.pk]
    long_ago = timezone.now() - vectors.RETRY
    VectorShard.objects.filter(pk=shard.pk).update(**failed, finished_at=long_ago)
    vectors.plan(encoded)
    assert vectors.due() == [shard.pk]


def test_damaged_file_of_vectors_is_made_again(
    encoded: Project, hashing: hashing_encoder.Hashing
) -> None:
    encode_all(encoded)
    first = encoded.vector_shards.first()
    whole = vector_store.rows(encoded, hashing.name, hashing.sha256, 0, 100)
    path = vector_store.path_of(first)
    data = bytearray(path.read_bytes())
    data[-1] ^= 0xFF
    path.write_bytes(bytes(data))
    with pytest.raises(vector_store.DamagedVectors) as damaged:
        vector_store.rows(encoded, hashing.name, hashing.sha256, 0, 100)
    found = damaged_files.repair(damaged.value)
    assert found.mends
    assert found.words.startswith("The vectors of items 1 to 64 were damaged.")
    assert vector_store.covered(encoded, hashing.name, hashing.sha256) == 36
    encode_all(encoded)
    again = vector_store.rows(encoded, hashing.name, hashing.sha256, 0, 100)
    np.testing.assert_array_equal(again, whole)


def test_vectors_that_a_backup_left_out_are_made_again(encoded: Project) -> None:
    encode_all(encoded)
    for shard in encoded.vector_shards.all():
        vector_store.path_of(shard).unlink()
    after_restore.resume()
    assert spans(encoded) == []
    vectors.plan(encoded)
    encode_all(encoded)
    assert vector_store.path_of(encoded.vector_shards.first()).is_file()


def test_restored_slice_that_ran_is_encoded_again(encoded: Project) -> None:
    assert VectorShard.objects.claim(encoded.vector_shards.get().pk) is not None
    after_restore.resume()
    assert vectors.encode_next() == encoded


def test_project_that_is_removed_takes_its_vectors_along(encoded: Project) -> None:
    encode_all(encoded)
    folder = vector_store.vectors_folder(encoded.pk)
    assert folder.is_dir()
    cleanup.remove_project(encoded)
    assert not folder.exists()
    assert VectorShard.objects.count() == 0
