"""Spans are learnt: texts are chosen, suggestions made, and F1 is measured on audits."""

from __future__ import annotations

import random
from typing import Any

import pytest

from annotator.errors import Invalid
from annotator.flow.annotation import submit
from annotator.flow.progress import estimate
from annotator.flow.projects import settings
from annotator.flow.queue import leasing, payload
from annotator.flow.training import predict, span_rounds
from annotator.models import Membership, ModelVersion, Project, Role, Source
from annotator.pool import model_files
from annotator.pool.spans import span_files
from annotator.tasktypes.marks import Mark
from tests import loop
from tests.tasktypes.test_spans import call, key

pytestmark = pytest.mark.django_db

PEOPLE = "Ana Ben Carla Dora Emil Fritz Greta Hugo Ida Jonas".split()
PLACES = "Lyon Paris Rome Hue Quito Oslo Bonn Cork".split()


def sentence(number: int) -> str:
    rng = random.Random(number)
    person, other, place = rng.choice(PEOPLE), rng.choice(PEOPLE), rng.choice(PLACES)
    return rng.choice(
        [
            f"{person} met {other} in {place} on day {number}.",
            f"Yesterday {person} travelled to {place} with bag {number}.",
            f"Nothing happened on day {number}.",
        ]
    )


def truth(text: str) -> list[Mark]:
    found, at = [], 0
    for word in text.replace(".", " ").split(" "):
        label = "person" if word in PEOPLE else "place" if word in PLACES else ""
        if label:
            found.append(Mark(at, at + len(word), label))
        at += len(word) + 1
    return found


@pytest.fixture
def project(olga: Any, ana: Any) -> Project:
    made = settings.create_project(
        olga, name="Names", task="text-spans", labels=["person", "place"], seed=3, batch_size=10
    )
    Membership.objects.create(project=made, user=ana, role=Role.ANNOTATOR)
    loop.bring_in(made, "texts.csv", "text\n" + "\n".join(f'"{sentence(n)}"' for n in range(200)))
    return loop.make_features(loop.refreshed(made))


def label(project: Project, user: Any, number: int) -> list[Any]:
    leases = []
    for _ in range(number):
        lease = leasing.lease_next(project, user)
        assert lease is not None
        leases.append(lease)
        submit.submit(
            project,
            user,
            lease=str(lease.pk),
            labels=truth(lease.item.text),
            client_id=key(),
            seconds=2.0,
        )
    return leases


def test_first_round_needs_no_answers(project: Project) -> None:
    turn = loop.go_round(project)
    assert (turn.state, turn.model, turn.phase) == ("done", None, "typical")
    assert len(turn.picks) == 30


def test_model_suggests_what_it_has_learnt(project: Project, ana: Any) -> None:
    label(project, ana, 60)
    turn = loop.go_round(project)
    assert (turn.phase, turn.model.trained_on) == ("margin", 60)
    suggested = [each["suggestion"] for each in turn.picks]
    assert all(suggested)
    served = label(project, ana, 30)
    shown = [each for each in served if payload.shown_suggestion(each)]
    right = [
        submit.parse_labels(project, truth(each.item.text), lambda e=each: e.item).refs  # type: ignore[misc]
        == [Mark(*mark) for mark in each.suggestion["labels"]]
        for each in shown
    ]
    assert sum(right) > 0.8 * len(right) > 5
    # Audits, and as many other items, are shown blind.
    assert all(each.blind for each in served if each.source == Source.AUDIT)


def test_one_label_is_enough(olga: Any, ana: Any, project: Project) -> None:
    settings.change_project(project, labels=["person"])
    assert [each.name for each in loop.refreshed(project).labels.all()] == ["person"]
    for _ in range(60):
        lease = leasing.lease_next(project, ana)
        assert lease is not None
        people = [each for each in truth(lease.item.text) if each.label == "person"]
        submit.submit(project, ana, lease=str(lease.pk), labels=people, client_id=key())
    turn = loop.go_round(project)
    assert turn.state == "done"
    assert turn.model is not None, turn.error
    assert any(each["suggestion"]["labels"] for each in turn.picks)
    with pytest.raises(Invalid, match="between 1 and"):
        settings.change_project(project, labels=[])


def test_same_seed_and_answers_have_the_same_picks(project: Project, ana: Any) -> None:
    label(project, ana, 60)
    turn = loop.go_round(project)
    assert span_rounds.pick(turn) == turn.picks
    _phase, again = span_rounds.learn(turn)
    assert again is not None
    assert (again.snapshot, again.sha256) == (turn.model.snapshot, turn.model.sha256)


def test_few_answers_bring_no_suggestions(project: Project, ana: Any) -> None:
    label(project, ana, 20)
    turn = loop.go_round(project)
    assert turn.model is not None
    assert {each["suggestion"] for each in turn.picks} == {None}


def test_no_span_at_all_trains_no_model(project: Project, ana: Any) -> None:
    lease = leasing.lease_next(project, ana)
    assert lease is not None
    submit.submit(project, ana, lease=str(lease.pk), labels=[], client_id=key())
    assert loop.go_round(project).model is None


def test_f1_is_measured_on_audits(client: Any, project: Project, ana: Any, olga: Any) -> None:
    settings.change_settings(project, audit_share=0.5)
    label(loop.refreshed(project), ana, 120)
    turn = loop.go_round(project)
    version = ModelVersion.objects.get(pk=turn.model.pk)
    assert version.accuracy["metric"] == "span_f1"
    assert 0.9 < version.accuracy["low"] <= version.accuracy["value"] <= 1.0
    assert version.accuracy["n"] >= 40
    assert [each["label"] for each in version.measured["spans"]] == version.labels
    found = estimate.newest(project)
    assert found is not None
    shown = call(client, olga, "get", f"{project.pk}/progress").json()
    assert shown["accuracy"]["metric"] == "span_f1"
    assert shown["accuracy"]["words"].startswith("Span F1")


def test_texts_that_are_not_stored_are_predicted(
    client: Any, project: Project, ana: Any, olga: Any
) -> None:
    label(project, ana, 60)
    loop.go_round(project)
    _version, found = predict.predict(project, ["Ana met Ben in Oslo on day 7."])
    assert [tuple(each) for each in found[0]["labels"]] == [
        (0, 3, "person"),
        (8, 11, "person"),
        (15, 19, "place"),
    ]
    body = {"items": [{"text": "Carla met Hugo."}]}
    answer = call(client, olga, "post", f"{project.pk}/predict", body).json()
    (prediction,) = answer["predictions"]
    assert [(each["start"], each["label"]) for each in prediction["spans"]] == [
        (0, "person"),
        (10, "person"),
    ]
    assert all(0 < each["confidence"] <= 1 for each in prediction["spans"])


def test_damaged_model_is_never_opened(project: Project, ana: Any) -> None:
    label(project, ana, 60)
    turn = loop.go_round(project)
    path = model_files.model_path(project.pk, turn.number)
    path.write_bytes(path.read_bytes()[:-200] + b"x" * 200)
    loop.forget_what_was_loaded()
    span_files.forget()
    with pytest.raises(model_files.DamagedModel):
        span_files.load_span_model(turn.model)
