"""Damaged vectors and texts of labels: found by what reads them, made again, said in words."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from annotator.flow.features import vectors as encoding
from annotator.flow.training import label_preview, train
from annotator.jobs.runner import sweep
from annotator.models import Job, Project, Round, RoundShard, User, VectorShard
from annotator.pool import feature_store, label_texts, vector_store
from tests import loop, vectors
from tests.jobs import test_damaged_files as damage
from tests.kept import Kept, keeping

pytestmark = pytest.mark.django_db

FAULTS = [each for each in damage.FAULTS if each is not damage._of_another_shard]
Fault = Callable[[Path], None]


def describe(patch: pytest.MonkeyPatch) -> Project:
    vectors.install(patch)
    project = loop.mail_project()
    vectors.describe(project)
    vectors.give(project)
    loop.label(loop.refreshed(project), loop.person("ana"), 12)
    loop.go_round(loop.refreshed(project))
    return project


described_once = keeping(describe)


@pytest.fixture
def described(
    described_once: Kept, db: None, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Project:
    """A project with vectors, described labels, and a model of a dozen labels."""
    vectors.install(monkeypatch)
    return described_once.put(settings)


def edited(project: Project) -> None:
    """Change what a label says, so that its text is read again."""
    vectors.describe(project, spam="prize money claim", ham="office lunch minutes")


def path_of_vectors(project: Project) -> Path:
    return vector_store.path_of(project.vector_shards.get())


def by_a_round(project: Project) -> Round:
    edited(project)
    turn = loop.start(loop.refreshed(project))
    train.train(turn.pk)
    return turn


def by_the_preview(project: Project, olga: User) -> Any:
    edited(project)
    client = Client()
    client.force_login(olga)
    return client.get(reverse("label_preview", args=[project.pk]))


def encode_again(project: Project) -> None:
    """Do what workers do until vectors and features are whole."""
    while encoding.encode_next() is not None:
        encoding.plan(project)
    assert damage.repaired(project) is not None


def end_round(turn: Round) -> Round:
    """Do what the ticks of a worker do until the round is over."""
    for _ in range(8):
        turn = loop.refreshed(turn)
        if not turn.is_active:
            break
        Round.objects.update(retry_at=None)
        RoundShard.objects.update(retry_at=None)
        for pk in sweep(Round, just_now=True):
            assert pk == turn.pk
        damage.loop_stage(turn)
    return turn


@pytest.mark.parametrize("fault", FAULTS)
def test_round_waits_for_damaged_vectors_and_goes_on_with_them(
    described: Project, fault: Fault
) -> None:
    path = path_of_vectors(described)
    whole = path.read_bytes()
    fault(path)
    turn = by_a_round(described)
    shard = described.vector_shards.get()
    assert (shard.state, shard.damaged_at is None) == (Job.State.QUEUED, False)
    waiting = loop.refreshed(turn)
    assert (waiting.state, "were damaged" in waiting.error) == (Job.State.QUEUED, True)
    # Tried once more before anything has encoded them.
    Round.objects.update(retry_at=None)
    train.train(turn.pk)
    waiting = loop.refreshed(turn)
    assert (waiting.state, "Error:" in waiting.error) == (Job.State.QUEUED, False), waiting.error
    encode_again(described)
    assert path_of_vectors(described).read_bytes() == whole
    assert end_round(turn).state == Job.State.DONE


@pytest.mark.parametrize("fault", FAULTS)
def test_preview_of_descriptions_says_what_is_damaged_and_works_after_the_repair(
    described: Project, olga: User, fault: Fault
) -> None:
    fault(path_of_vectors(described))
    answer = by_the_preview(described, olga)
    assert answer.status_code == 200
    assert "were damaged" in answer.content.decode()
    # Nothing has encoded them yet.
    assert by_the_preview(described, olga).status_code == 200
    encode_again(described)
    assert len(label_preview.preview(loop.refreshed(described))) == label_preview.SHOWN
    assert VectorShard.objects.filter(state=Job.State.DONE).count() == 1


@pytest.mark.parametrize("fault", FAULTS)
def test_damaged_texts_of_labels_are_read_anew(described: Project, fault: Fault) -> None:
    space = space_of(described)
    path = feature_store.space_folder(space) / "label-texts.npz"
    whole = path.read_bytes()
    fault(path)
    assert label_texts.find(space, list(described.labels.all())) is None
    loop.go_round(described)
    assert described.rounds.first().state == Job.State.DONE
    assert path.read_bytes() == whole


def space_of(project: Project) -> Any:
    return project.spaces.filter(dropped=False).exclude(encoder="").first()
