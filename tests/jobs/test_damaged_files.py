"""Files that were damaged: found before they are used, made again, and said in words.

Every fault meets every reader: none of them uses what it finds, none fails without words, and
after the repair the next round succeeds.
"""

import os
import shutil
from typing import Any

import numpy as np
import pytest
from django.test import Client
from pytest_django import Settings

from annotator.errors import Conflict
from annotator.flow.features import encode
from annotator.flow.items import likeness
from annotator.flow.operations import background_reports, cleanup
from annotator.flow.training import confident_items, predict, score, select, train
from annotator.jobs import damaged_files
from annotator.jobs.runner import sweep
from annotator.models import FeatureShard, FeatureSpace, Item, Job, Project, Round, RoundShard, User
from annotator.pool import documents, feature_store, model_files
from annotator.storage import checksums
from tests import loop
from tests.flow.items.test_listing import query
from tests.given import Api
from tests.kept import Kept, keeping

pytestmark = pytest.mark.django_db
SHARDS = 3


@keeping
def cut_once(patch: pytest.MonkeyPatch) -> Project:
    in_shards(patch)
    project = loop.mail_project()
    loop.fill(project, 60)
    loop.make_features(project)
    loop.label(project, loop.person("ana"), 12)
    loop.go_round(project)
    return project


def in_shards(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(feature_store, "SHARD_ITEMS", 60 // SHARDS)
    patch.setattr(confident_items, "LEAST", 0.5)


@pytest.fixture
def cut(cut_once: Kept, db: None, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Project:
    """The project with 60 items in three shards, and a round with a model of twelve labels."""
    in_shards(monkeypatch)
    return cut_once.put(settings)


def shard_of(project: Project, number: Any = 1) -> Any:
    return FeatureShard.objects.get(space=encode.current_space(project), number=number)


def folder_of(shard: Any) -> Any:
    return feature_store.space_folder(shard.space) / f"shard-{shard.number:05d}"


# Faults ------------------------------------------------------------------------------------------


def _flip(path: Any, at: Any) -> None:
    data = bytearray(path.read_bytes())
    data[at if at >= 0 else len(data) // 2] ^= 1
    path.write_bytes(data)


def _middle(path: Any) -> None:
    _flip(path, -1)


def _header(path: Any) -> None:
    _flip(path, 3)


def _cut_off(path: Any) -> None:
    path.write_bytes(path.read_bytes()[:-7])


def _empty(path: Any) -> None:
    path.write_bytes(b"")


def _missing(path: Any) -> None:
    path.unlink()


def _folder_in_its_place(path: Any) -> None:
    path.unlink()
    path.mkdir()


def _unreadable(path: Any) -> None:
    # Like a file without permission, which would not stop root.
    path.unlink()
    path.symlink_to(path)


def _of_another_shard(path: Any) -> None:
    other = path.parent.with_name("shard-00000") / path.name
    if not other.exists():
        pytest.skip("not a file of a shard")
    path.write_bytes(other.read_bytes())


def _same_time_and_length(path: Any) -> None:
    before = path.stat()
    _middle(path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


FAULTS = [
    _middle,
    _header,
    _cut_off,
    _empty,
    _missing,
    _folder_in_its_place,
    _unreadable,
    _of_another_shard,
    _same_time_and_length,
]


# Readers -----------------------------------------------------------------------------------------


def _round(project: Project) -> None:
    turn = loop.start(project)
    train.train(turn.pk)
    for scoring in RoundShard.objects.filter(round=turn):
        score.score_shard(scoring.pk)


def _like(project: Project) -> None:
    item = Item.objects.get(project=project, position=25)
    with pytest.raises(Conflict) as caught:
        likeness.more_like(query(project), item)
    assert caught.value.code == "no_features"


def _reports(project: Project) -> None:
    project.reports.all().delete()
    background_reports.make_all(project.pk)


def _gather(project: Project) -> None:
    with pytest.raises(feature_store.DamagedShard) as caught:
        feature_store.gather(encode.current_space(project), np.arange(60))
    damaged_files.repair(caught.value)


READERS = [_round, _like, _gather]


def repaired(project: Project) -> Any:
    """Do what the ticks of a worker do until the features are whole again."""
    for _ in range(3):
        FeatureShard.objects.update(retry_at=None)
        cleanup.close_finished()
        for pk in sweep(FeatureSpace, just_now=True, stage=FeatureSpace.Stage.FIT):
            encode.fit(pk)
        stage = FeatureSpace.Stage.TRANSFORM
        for pk in sweep(FeatureShard, just_now=True, space__stage=stage):
            encode.transform(pk)
    cleanup.close_finished()
    return encode.current_space(project)


def end_round(project: Project) -> Any:
    """Do the stages that are left of the round under way, or a whole one; return it."""
    turn = project.rounds.active().first() or loop.start(project)
    RoundShard.objects.update(retry_at=None)
    Round.objects.update(retry_at=None)
    for _ in range(6):
        turn = loop.refreshed(turn)
        if not turn.is_active:
            break
        loop_stage(turn)
    return loop.refreshed(turn)


def loop_stage(turn: Any) -> None:
    if turn.stage == Round.Stage.SCORE:
        loop.go_stage(turn, "score")
        score.close_scoring(turn)
    else:
        loop.go_stage(turn, turn.stage)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("read", READERS)
def test_every_fault_is_found_by_every_reader_and_mended(cut: Any, fault: Any, read: Any) -> None:
    shard = shard_of(cut)
    before = {file.name: file.read_bytes() for file in folder_of(shard).glob("*.npy")}
    fault(folder_of(shard) / "dense.npy")
    read(cut)
    found = loop.refreshed(shard)
    assert (found.state, found.space.state) == (Job.State.QUEUED, Job.State.QUEUED)
    assert encode.current_space(cut) is None
    space = repaired(cut)
    assert space == shard.space
    assert {file.name: file.read_bytes() for file in folder_of(shard).iterdir()} == before
    assert end_round(cut).state == Job.State.DONE
    item = Item.objects.get(project=cut, position=25)
    assert likeness.more_like(query(cut), item).items


def test_every_file_of_a_shard_is_looked_at(cut: Any) -> None:
    files = sorted(file.name for file in folder_of(shard_of(cut)).glob("*.npy"))
    assert len(files) >= 4
    assert sorted(shard_of(cut).checksums) == files
    for name in files:
        shard = shard_of(cut)
        _middle(folder_of(shard) / name)
        with pytest.raises(feature_store.DamagedShard, match=name):
            feature_store.load_features(shard)
        damaged_files.repair(feature_store.DamagedShard(shard, checksums.Corrupt(name)))
        assert repaired(cut) is not None


@pytest.mark.parametrize("fault", [shutil.rmtree, lambda folder: folder.rename(f"{folder}-old")])
def test_whole_folder_that_is_gone_or_a_file_is_made_again(cut: Any, fault: Any) -> None:
    shard = shard_of(cut)
    fault(folder_of(shard))
    folder_of(shard).write_text("in its place")
    _round(cut)
    assert repaired(cut) is not None
    assert end_round(cut).state == Job.State.DONE


def test_round_waits_for_the_shard_and_goes_on_with_it(cut: Any) -> None:
    _middle(folder_of(shard_of(cut)) / "dense.npy")
    turn = loop.start(cut)
    while loop.refreshed(turn).stage == Round.Stage.TRAIN and turn.attempts == 0:
        train.train(turn.pk)
        turn.attempts = 1
    # Being woken meanwhile costs no attempt.
    attempts = loop.refreshed(turn).attempts
    Round.objects.update(retry_at=None)
    for _ in range(5):
        assert train.train(turn.pk) is None
    assert loop.refreshed(turn).attempts == attempts
    repaired(cut)
    done = end_round(cut)
    assert (done.pk, done.state, done.error) == (turn.pk, Job.State.DONE, "")


def test_what_happened_is_said_on_the_pages(cut: Any, lea: User) -> None:
    shard = shard_of(cut)
    _middle(folder_of(shard) / "dense.npy")
    _round(cut)
    words = "Feature shard 2 was damaged. It is being computed again."
    client = Client()
    client.force_login(lea)
    pages = [f"/projects/{cut.pk}/status", f"/projects/{cut.pk}/"]
    for page in pages:
        answer = client.get(page)
        assert answer.status_code == 200
        assert words in answer.content.decode()
    repaired(cut)
    status = client.get(pages[0]).content.decode()
    assert words not in status
    assert "It has been computed again" in status


def test_features_that_cannot_be_made_again_end_the_round_in_words(
    cut: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    _middle(folder_of(shard_of(cut)) / "dense.npy")
    _round(cut)
    monkeypatch.setattr(feature_store, "save_features", _no_room)
    for _ in range(3):
        repaired(cut)
    turn = cut.rounds.first()
    assert turn.state == Job.State.FAILED
    assert "storage is full" in turn.error
    assert shard_of_any(cut).state == Job.State.FAILED


def _no_room(*_args: Any) -> None:
    raise OSError(28, "No space left on device")


def shard_of_any(project: Project) -> Any:
    return FeatureShard.objects.get(space__project=project, number=1)


def test_new_items_do_not_take_features_away_that_are_being_repaired(cut: Any) -> None:
    model = cut.models.first()
    _middle(folder_of(shard_of(cut)) / "dense.npy")
    _round(cut)
    loop.fill(cut, 5, start=500)
    encode.plan(cut)
    assert cut.models.first() == model
    assert cut.spaces.filter(pk=model.space_id).exists()


# Rows of before ----------------------------------------------------------------------------------


def test_files_of_before_get_their_checksums_once_they_are_proven_whole(cut: Any) -> None:
    FeatureShard.objects.update(checksums={})
    end_round(cut)
    for number in range(SHARDS):
        shard = shard_of(cut, number)
        assert shard.checksums == checksums.of_folder(folder_of(shard))


@pytest.mark.parametrize("fault", [_header, _cut_off, _empty, _missing, _folder_in_its_place])
@pytest.mark.parametrize("name", ["dense.npy", "audit_key.npy", "spread.npy"])
def test_files_of_before_that_do_not_fit_are_found(cut: Any, fault: Any, name: str) -> None:
    FeatureShard.objects.update(checksums={})
    shard = shard_of(cut)
    fault(folder_of(shard) / name)
    with pytest.raises(feature_store.DamagedShard):
        feature_store.load_features(shard)


def test_folder_of_another_shard_is_found_by_its_items(cut: Any) -> None:
    FeatureShard.objects.update(checksums={})
    shard, other = shard_of(cut, 1), shard_of(cut, 0)
    shutil.rmtree(folder_of(shard))
    shutil.copytree(folder_of(other), folder_of(shard))
    with pytest.raises(feature_store.DamagedShard, match="other items"):
        feature_store.load_features(shard)


# Reading once ------------------------------------------------------------------------------------


def test_a_file_is_read_once_for_each_state_of_it(
    cut: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = []
    whole = checksums._read
    monkeypatch.setattr(checksums, "_read", lambda path: read.append(path) or whole(path))  # type: ignore[func-returns-value]
    checksums.clear_cache()
    shard = shard_of(cut)
    for _ in range(3):
        feature_store.load_features(shard)
    assert len(read) == len(set(read)) == len(shard.checksums)


# Encoders ----------------------------------------------------------------------------------------


def encoder_of(project: Project) -> Any:
    return feature_store.space_folder(encode.current_space(project)) / "encoder.npz"


@pytest.mark.parametrize("fault", [each for each in FAULTS if each is not _of_another_shard])
@pytest.mark.parametrize("reader", ["round", "predict"])
def test_damaged_encoder_is_found_and_learnt_again(cut: Any, fault: Any, reader: str) -> None:
    before = encode.current_space(cut)
    fault(encoder_of(cut))
    loop.forget_what_was_loaded()
    if reader == "round":
        train.train(loop.start(cut).pk)
    else:
        with pytest.raises(Conflict, match="encoder was damaged"):
            predict.predict(cut, ["prize money"])
    assert loop.refreshed(before).stage == FeatureSpace.Stage.FIT
    assert repaired(cut) == before
    assert end_round(cut).state == Job.State.DONE
    assert predict.predict(cut, ["prize money"])[0] == cut.models.first()


def test_encoder_that_cannot_be_made_as_it_was_makes_way_for_a_new_one(
    cut: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = encode.current_space(cut)
    _middle(encoder_of(cut))
    sample = documents.sample_documents
    monkeypatch.setattr(documents, "sample_documents", lambda *args: sample(*args)[:30])
    train.train(loop.start(cut).pk)
    after = repaired(cut)
    assert after not in (None, before)
    assert loop.refreshed(before).dropped
    assert cut.rounds.first().state == Job.State.FAILED
    assert end_round(cut).state == Job.State.DONE


# Models and what rounds leave --------------------------------------------------------------------


@pytest.mark.parametrize("fault", [each for each in FAULTS if each is not _of_another_shard])
def test_damaged_model_is_passed_over_and_made_anew(cut: Any, fault: Any) -> None:
    older = cut.models.first()
    end_round(cut)
    fault(model_files.model_path(cut.pk, cut.models.first().number))
    loop.forget_what_was_loaded()
    assert predict.predict(cut, ["prize money"])[0] == older
    turn = end_round(cut)
    assert turn.state == Job.State.DONE
    assert predict.predict(cut, ["prize money"])[0] == turn.model


def test_words_for_a_model_that_is_damaged_name_it(cut: Any) -> None:
    _middle(model_files.model_path(cut.pk, cut.models.first().number))
    loop.forget_what_was_loaded()
    with pytest.raises(Conflict, match="model was damaged"):
        predict.predict(cut, ["prize money"])


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("ending", ["", "-surest"])
def test_damaged_candidates_are_scored_again(cut: Any, fault: Any, ending: str) -> None:
    turn = loop.start(cut)
    loop.go_stage(turn, "train")
    loop.go_stage(turn, "score")
    folder = model_files.round_folder(cut.pk, turn.number)
    path = folder / f"00001{ending}.npz"
    if fault is _of_another_shard:
        path.write_bytes((folder / f"00000{ending}.npz").read_bytes())
    else:
        fault(path)
    assert select.select(turn.pk) is None
    waiting = loop.refreshed(turn)
    assert (waiting.stage, waiting.state) == (Round.Stage.SCORE, Job.State.QUEUED)
    assert "Shard 2" in waiting.error or "shard 2" in waiting.error
    assert end_round(cut).state == Job.State.DONE


def test_candidates_that_are_damaged_for_ever_end_the_round(cut: Any) -> None:
    turn = loop.start(cut)
    loop.go_stage(turn, "train")
    for _ in range(3):
        loop.go_stage(turn, "score")
        score.close_scoring(loop.refreshed(turn))
        Round.objects.update(retry_at=None)
        _empty(model_files.round_folder(cut.pk, turn.number) / "00001.npz")
        assert select.select(turn.pk) is None
    assert loop.refreshed(turn).state == Job.State.FAILED


@pytest.mark.parametrize("fault", [each for each in FAULTS if each is not _of_another_shard])
def test_damaged_leftovers_of_a_round_are_done_without(cut: Any, fault: Any) -> None:
    turn = cut.rounds.first()
    folder = model_files.round_folder(cut.pk, turn.number)
    assert (folder / "surest.json").exists()
    for name in ("surest.json", "audits.npz"):
        path = folder / name
        if path.exists():
            fault(path)
    assert confident_items.of_round(turn) == {}
    _reports(cut)
    assert not cut.reports.exclude(error="").exists()
    assert end_round(cut).state == Job.State.DONE


def test_reports_on_damaged_features_say_so_and_have_them_made(cut: Any) -> None:
    shard = shard_of(cut)
    _middle(folder_of(shard) / "dense.npy")
    _reports(cut)
    errors = list(cut.reports.exclude(error="").values_list("error", flat=True))
    assert errors
    assert all("damaged" in error for error in errors)
    assert repaired(cut) is not None
    _reports(cut)
    assert not cut.reports.exclude(error="").exists()


# By API and page ---------------------------------------------------------------------------------


def test_api_and_pages_answer_in_words_while_features_are_damaged(
    cut: Any, api: Api, lea: User
) -> None:
    _middle(folder_of(shard_of(cut)) / "dense.npy")
    _middle(encoder_of(cut))
    _middle(model_files.model_path(cut.pk, cut.models.first().number))
    loop.forget_what_was_loaded()
    item = Item.objects.get(project=cut, position=25)
    base = f"/api/v1/projects/{cut.pk}"
    said = api(lea).get(f"{base}/items?like={item.pk}")
    assert (said.status_code, said.json()["code"]) == (409, "no_features")
    assert "Feature shard 2 was damaged" in said.json()["detail"]
    said = api(lea).post(f"{base}/predict", {"items": [{"text": "prize money"}]})
    assert (said.status_code, said.json()["code"]) == (409, "no_model")
    assert "damaged" in said.json()["detail"]
    said = api(lea).post(f"{base}/rounds", {})
    assert said.status_code == 409
    client = Client()
    client.force_login(lea)
    for page in ("", "items", f"items?like={item.pk}", "bulk", "status", "quality"):
        assert client.get(f"/projects/{cut.pk}/{page}").status_code < 500, page
    assert repaired(cut) is not None
    assert end_round(cut).state == Job.State.DONE
    assert api(lea).get(f"{base}/items?like={item.pk}").status_code == 200
    said = api(lea).post(f"{base}/predict", {"items": [{"text": "prize money"}]})
    assert said.status_code == 200
