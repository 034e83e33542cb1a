"""The same for label savings, encoders and the texts of labels: from the export and stored rows."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from annotator.flow.datasets import export
from annotator.flow.features import vectors as encoding
from annotator.flow.operations import background_reports
from annotator.flow.projects import settings
from annotator.flow.queue import leasing
from annotator.messages.label_savings import in_words
from annotator.models import Item, Job, Project, User, VectorShard
from annotator.pool import feature_store, label_texts, vector_store
from annotator.views import number_format
from selection.evaluation import label_savings
from selection.models import SingleLabel
from tests import claims, hashing_encoder, loop, vectors
from tests.api.test_recomputation import check, page
from tests.given import Api

pytestmark = pytest.mark.django_db

LABELS = ["spam", "ham"]
LONG = 7

Ask = Callable[[str], Any]


def exported(project: Project) -> claims.Export:
    lines = b"".join(export.stream(project, "jsonl", claims.INCLUDE)).splitlines()
    return claims.Export([json.loads(line) for line in lines], LABELS)


@pytest.fixture
def hashing(monkeypatch: pytest.MonkeyPatch) -> hashing_encoder.Hashing:
    encoder = vectors.install(monkeypatch)
    encoder.max_length = LONG
    return encoder


@pytest.fixture
def ask(project: Project, api: Api, lea: User) -> Ask:
    client = api(lea)
    return lambda path: client.get(f"/api/v1/projects/{project.pk}/{path}").json()


def lived(project: Project, ana: User, hashing: hashing_encoder.Hashing) -> Project:
    """Return a project with vectors and described labels, of two rounds and mistakes."""
    settings.change_settings(project, audit_share=0.5, features="auto")
    vectors.describe(project)
    vectors.give(loop.refreshed(project), 160)
    for number in (60, 50):
        for place in range(number):
            lease = leasing.lease_next(loop.refreshed(project), ana)
            right = loop.truth(lease.item)
            wrong = [name for name in LABELS if name not in right]
            loop.answer(lease, wrong if place % 6 == 5 else right)
        loop.go_round(project)
    background_reports.make_all(project.pk)
    return loop.refreshed(project)


# Label savings -----------------------------------------------------------------------------------


def recomputed(project: Project, found: claims.Export) -> label_savings.LabelSavings | None:
    """Return the savings of the labels of the export, on the stored features.

    The rows are the labelled items in order of their positions; the audits are the judged ones.
    """
    places = dict(Item.objects.filter(project=project).values_list("pk", "position"))
    settled = {places[item]: label for item, label in found.settled().items()}
    positions = np.array(sorted(settled))
    judged = {places[item]: each["judged"] for item, each in found.items().items()}
    judged = {place: each for place, each in sorted(judged.items()) if each}
    version = project.models.first()
    y = np.array([LABELS.index(settled[place]) for place in positions])
    curve = label_savings.random_baseline_curve(
        feature_store.gather(version.space, positions),
        y,
        np.searchsorted(positions, list(judged)),
        SingleLabel(len(LABELS)),
        seed=project.seed,
        texts=label_texts.of_model(version),
    )
    right = [each["labels"] == [settled[place]] for place, each in judged.items()]
    return label_savings.estimate_savings(curve, right, len(settled), seed=project.seed)


def test_label_savings_are_those_of_the_export(
    project: Project, ana: User, lea: User, hashing: hashing_encoder.Hashing, ask: Ask
) -> None:
    project = lived(project, ana, hashing)
    found, told = exported(project), background_reports.report(project, "worth")
    real = recomputed(project, found)
    assert real is not None
    assert len({each["right"] for each in found.judged()}) == 2
    names = ("value", "low", "high", "most", "audits", "verdict")
    pairs = [("report", name, told[name], getattr(real, name)) for name in names]
    pairs += [
        ("report", "labels", told["labels"], len(found.settled())),
        ("report", "labels that count", told["n"], len(found.settled())),
        ("report", "audits judged", told["audits"], len(found.judged())),
    ]
    baseline = ask("curve")["baseline"]
    pairs += [
        ("curve", f"random, {name} {mark.labels}", shown[name], getattr(mark, name))
        for shown, mark in zip(baseline["curve"], real.curve, strict=True)
        for name in ("labels", "value", "low", "high")
    ]
    pairs.append(("curve", "random, model", baseline["model"], project.models.first().number))
    assert len(check(pairs)) > 20
    sentence = in_words(told)
    assert sentence == in_words({**told, **{name: getattr(real, name) for name in names}})
    assert sentence in str(page(project, "dashboard", lea))


def test_audits_that_label_savings_wait_for_are_those_of_the_export(
    project: Project, ana: User
) -> None:
    loop.fill(project, 120)
    loop.make_features(project)
    loop.label(project, ana, 40)
    loop.go_round(project)
    background_reports.make_all(project.pk)
    told, found = background_reports.report(project, "worth"), exported(project)
    assert 0 < len(found.judged()) < label_savings.MIN_AUDITS
    assert told["missing"] == label_savings.MIN_AUDITS - len(found.judged())
    assert str(told["missing"]) in in_words(told)


# Encoders ----------------------------------------------------------------------------------------


def test_numbers_of_an_encoder_are_those_of_its_texts(
    project: Project, lea: User, ask: Ask, hashing: hashing_encoder.Hashing
) -> None:
    settings.change_settings(project, features="auto")
    long = "".join(f"text {n} {'word ' * (LONG + n)}\n" for n in range(3))
    loop.bring_in(project, "long.csv", f"text\n{long}")
    loop.fill(project, 97, start=3)
    project = loop.refreshed(project)
    encoding.plan(project)
    encoding.encode_next()
    VectorShard.objects.filter(project=project, state=Job.State.DONE).update(seconds=16.0)
    told = ask("progress")["features"]["encoding"]
    texts = [each["text"] for each in exported(project).items().values()]
    stored = vector_store.covered(project, hashing.name, hashing.sha256)
    assert 0 < stored < len(texts)
    seen = Item.objects.filter(project=project, position__lt=stored).values_list("text", flat=True)
    pairs = [
        ("encoding", "items", told["items"], len(texts)),
        ("encoding", "done", told["done"], stored),
        ("encoding", "too long", told["too_long"], sum(len(t.split()) > LONG for t in seen)),
        ("encoding", "left", told["seconds_left"], round((len(texts) - stored) * 16.0 / stored)),
    ]
    check(pairs)
    assert told["too_long"] == 3
    words = page(project, "project_encoders", lea)["encoding"]["words"]
    assert words == told["words"]
    for number in (stored, len(texts)):
        assert number_format.count(number) in words


# Texts of labels ---------------------------------------------------------------------------------


def test_shares_of_a_model_are_those_of_its_scores(
    project: Project, ana: User, lea: User, hashing: hashing_encoder.Hashing, ask: Ask
) -> None:
    project = lived(project, ana, hashing)
    told, version = ask("progress")["model"], project.models.first()
    newest = ask("models")["results"][0]
    assert told["leans_on"] == newest["params"]["leans_on"]
    assert sum(told["leans_on"].values()) == pytest.approx(1, abs=0.01)
    assert told["label_texts"] == bool(newest["params"]["block_weights"].get("label_texts"))
    # A model has label texts only if there were some to learn from.
    assert label_texts.of_model(version) is not None or not told["label_texts"]


def test_suggestions_before_a_model_are_those_of_the_texts(
    project: Project, ana: User, hashing: hashing_encoder.Hashing
) -> None:
    vectors.describe(project)
    space = vectors.give(project, 80)
    loop.go_round(loop.refreshed(project))
    loop.label(loop.refreshed(project), ana, 12)
    texts = label_texts.find(space, list(project.labels.all()))
    assert texts is not None
    pairs = []
    for item, each in exported(loop.refreshed(project)).items().items():
        hint = each["suggestion"] or each["hidden_suggestion"]
        if hint is None:
            continue
        position = Item.objects.get(pk=item).position
        proba = texts.zero_shot(feature_store.gather(space, np.array([position])))[0]
        pairs += [
            ("suggestion", "labels", hint["labels"], [LABELS[int(proba.argmax())]]),
            (
                "suggestion",
                "confidence",
                round(hint["confidence"], 3),
                round(float(proba.max()), 3),
            ),
        ]
    assert len(pairs) > 10
    check(pairs)
