"""Label descriptions: predictions before any label, training on them, and their end."""

from typing import Any

import pytest
from django.utils import timezone

from annotator.flow.annotation import payload as annotation_payload
from annotator.flow.progress import summary
from annotator.flow.projects import label_set
from annotator.flow.queue import leasing, payload
from annotator.flow.training import schedule
from annotator.messages import reliance
from annotator.models import Item, Label, Project, QueueEntry, User
from annotator.pool import encoder_process, label_texts, model_files
from tests import hashing_encoder, loop, vectors
from tests.given import Fill, Learn, RunRound

pytestmark = pytest.mark.django_db


@pytest.fixture
def hashing(monkeypatch: pytest.MonkeyPatch) -> hashing_encoder.Hashing:
    return vectors.install(monkeypatch)


@pytest.fixture
def described(project: Project, hashing: hashing_encoder.Hashing) -> Project:
    """A project with 60 items and their vectors, described labels, and no annotation."""
    vectors.describe(project)
    vectors.give(project)
    return project


def right(project: Project, pick: dict[str, Any]) -> bool:
    item = Item.objects.get(project=project, position=pick["position"])
    label = Label.objects.get(project=project, name=loop.truth(item)[0])
    return pick["suggestion"]["labels"] == [label.pk]


def test_descriptions_suggest_before_there_is_a_label(
    described: Project, run_round: RunRound
) -> None:
    turn = run_round(described)
    assert (turn.model, turn.phase) == (None, "typical")
    assert all(pick["suggestion"]["origin"] == "label_descriptions" for pick in turn.picks)
    assert sum(right(described, pick) for pick in turn.picks) > 0.9 * len(turn.picks)


def test_edited_description_starts_a_round(
    described: Project, run_round: RunRound, time_machine: Any
) -> None:
    time_machine.move_to(timezone.now(), tick=False)
    run_round(described)
    time_machine.shift(60)
    assert schedule.due(described) == ""
    one, other = described.labels.all()
    # The descriptions are swapped.
    rows = [{"id": one.pk, "name": one.name, "description": other.description}]
    rows += [{"id": other.pk, "name": other.name, "description": one.description}]
    label_set.change_labels(described, rows)
    assert schedule.due(described) == "descriptions"
    turn = run_round(described)
    assert sum(right(described, pick) for pick in turn.picks) < 0.2 * len(turn.picks)
    time_machine.shift(60)
    assert schedule.due(described) == ""


def test_description_that_no_encoder_reads_starts_none(
    project: Project, filled: Fill, learnt: Learn, run_round: RunRound, time_machine: Any
) -> None:
    time_machine.move_to(timezone.now(), tick=False)
    filled(project, 20)
    learnt(project)
    run_round(project)
    time_machine.shift(60)
    project.labels.update(description="something else")
    assert schedule.due(project) == ""


def test_round_from_before_texts_were_noted_starts_none(
    described: Project, run_round: RunRound, time_machine: Any
) -> None:
    time_machine.move_to(timezone.now(), tick=False)
    run_round(described)
    described.rounds.update(label_texts=None)
    time_machine.shift(60)
    described.labels.update(description="something else")
    assert schedule.due(described) == ""


def test_origin_stays_with_the_annotation(
    described: Project, run_round: RunRound, ana: User
) -> None:
    run_round(described)
    QueueEntry.objects.filter(project=described).update(blind=False)
    lease = leasing.lease_next(described, ana)
    while lease.suggestion is None:
        loop.answer(lease, ["ham"])
        lease = leasing.lease_next(described, ana)
    assert payload.lease_payload(lease)["suggestion"]["origin"] == "label_descriptions"
    answer = loop.answer(lease, loop.truth(lease.item))
    told = annotation_payload.annotation_payload(answer)
    assert told["suggestion"]["origin"] == "label_descriptions"
    rows = [row for row in loop.exported(described) if row["item"] == lease.item_id]
    assert rows[0]["suggestion"]["origin"] == "label_descriptions"


def test_second_batch_uses_what_the_descriptions_doubt(
    described: Project, run_round: RunRound, ana: User
) -> None:
    run_round(described)
    lease = leasing.lease_next(described, ana)
    loop.answer(lease, loop.truth(lease.item))
    turn = run_round(described)
    assert (turn.model, turn.phase) == (None, "uncertain_clusters")
    assert all(pick["suggestion"]["origin"] == "label_descriptions" for pick in turn.picks)


def test_labels_of_another_class_refute_the_descriptions(
    described: Project, run_round: RunRound, ana: User
) -> None:
    for _ in range(16):
        loop.answer(leasing.lease_next(described, ana), ["ham"])
    turn = run_round(described)
    assert (turn.model, turn.phase) == (None, "typical")
    assert all(pick["suggestion"] is None for pick in turn.picks)


def test_names_alone_suggest_nothing(
    project: Project, hashing: hashing_encoder.Hashing, run_round: RunRound
) -> None:
    vectors.describe(project, spam="prize money winner claim")
    vectors.give(project)
    assert all(pick["suggestion"] is None for pick in run_round(project).picks)


def test_model_knows_a_label_by_its_description(
    described: Project, run_round: RunRound, ana: User
) -> None:
    Label.objects.create(
        project=described, name="red", position=2, description="red number red number"
    )
    loop.label(described, ana, 8)
    version = run_round(described).model
    names = list(described.labels.values_list("pk", "name"))
    model = _model(version)
    assert version.seen[str(names[2][0])] == 0
    assert model.classes.tolist() == [0, 1, 2]
    assert model.weights.label_texts > 0


def test_wrong_descriptions_are_dropped_by_the_labels(
    project: Project, hashing: hashing_encoder.Hashing, run_round: RunRound, ana: User
) -> None:
    vectors.describe(project, spam=vectors.DESCRIPTIONS["ham"], ham=vectors.DESCRIPTIONS["spam"])
    vectors.give(project)
    loop.label(project, ana, 24)
    assert _model(run_round(project).model).weights.label_texts == 0


def test_texts_are_encoded_once_until_they_change(
    described: Project, run_round: RunRound, hashing: hashing_encoder.Hashing, ana: User
) -> None:
    run_round(described)
    hashing.asked.clear()
    loop.label(described, ana, 8)
    run_round(described)
    assert hashing.asked == []
    Label.objects.filter(project=described, name="ham").update(examples="lunch at noon")
    run_round(described)
    assert hashing.asked == [2]


def test_silent_encoder_leaves_the_round_as_it_was_before(
    described: Project, run_round: RunRound, ana: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_args: object) -> None:
        raise encoder_process.EncoderAway("encoder_away", detail="It is away.")

    monkeypatch.setattr(encoder_process, "encode", away)
    loop.label(described, ana, 8)
    turn = run_round(described)
    assert turn.state == "done"
    assert _model(turn.model).weights.label_texts == 0


def test_texts_changed_between_training_and_scoring_do_no_harm(
    described: Project, ana: User
) -> None:
    lease = leasing.lease_next(described, ana)
    loop.answer(lease, loop.truth(lease.item))
    turn = loop.start(described)
    loop.go_stage(turn, "train")
    Label.objects.filter(project=described, name="ham").update(description="lunch")
    for stage in ("score", "select", "refill", "evaluate"):
        loop.go_stage(turn, stage)
    turn = loop.refreshed(turn)
    assert (turn.state, turn.phase) == ("done", "uncertain_clusters")
    assert all(pick["suggestion"].get("origin") is None for pick in turn.picks)


def test_imported_suggestions_come_before_those_of_descriptions(
    described: Project, run_round: RunRound
) -> None:
    ham = Label.objects.get(project=described, name="ham")
    said = {"labels": [ham.pk], "confidence": 0.9}
    Item.objects.filter(project=described).update(suggested=said)
    run_round(described)
    entries = QueueEntry.objects.filter(project=described, source="active")
    assert {tuple(entry.suggestion) for entry in entries} == {("labels", "confidence")}


@pytest.mark.parametrize(
    ("name", "description", "examples", "told"),
    [
        ("spam", "", "", "spam"),
        ("spam", "Advertising.", "win\n\nfree money ", "spam: Advertising. win free money"),
        ("A", "", "", ""),
        ("3", "", "", ""),
        ("A", "Advertising", "", "A: Advertising"),
        ("体育", "", "", "体育"),
    ],
)
def test_text_of_a_label(name: str, description: str, examples: str, told: str) -> None:
    label = Label(name=name, description=description, examples=examples)
    assert label_texts.text_of(label) == told


def _model(version: Any) -> Any:
    return model_files.load_model(version)


def test_model_tells_what_it_leans_on(described: Project, run_round: RunRound, ana: User) -> None:
    loop.label(described, ana, 20)
    run_round(described)
    model = summary.progress(described)["model"]
    assert sum(model["leans_on"].values()) == pytest.approx(1.0, abs=0.001)
    assert model["leans_on"].keys() == {
        "exact",
        "itself",
        "neighbours",
        "encoder",
        "encoder_neighbours",
    }
    assert reliance.in_words(model, "text").startswith("The model leans ")


@pytest.mark.parametrize(
    ("shares", "said"),
    [
        (
            {"exact": 0.2, "itself": 0.03, "encoder": 0.4, "encoder_neighbours": 0.37},
            "The model leans mostly on the encoder, and a little on exact words.",
        ),
        (
            {"exact": 0.45, "itself": 0.13, "encoder": 0.42},
            "The model leans on exact words, and almost as much on the encoder and on what it "
            "learned from the texts of this project.",
        ),
        ({"exact": 0.01, "encoder": 0.99}, "The model leans almost only on the encoder."),
        ({"exact": 0.5, "itself": 0.5}, ""),
        ({}, ""),
    ],
)
def test_leaning_in_words(shares: dict[str, float], said: str) -> None:
    assert reliance.in_words({"leans_on": shares, "label_texts": False}, "text") == said


def test_leaning_in_words_names_the_descriptions() -> None:
    told = reliance.in_words({"leans_on": {"encoder": 1.0}, "label_texts": True}, "image")
    assert told.endswith("the encoder. It also learns from the descriptions of the labels.")
