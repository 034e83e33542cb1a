"""Simulations of a project whose answers are spans: on a file, and on its own answers."""

import json
import xml.etree.ElementTree as ET
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from annotator.errors import Invalid
from annotator.flow.simulation import job
from annotator.models import Membership, Project, Role, Simulation, User
from annotator.views.simulations import span_text
from tests import loop
from tests.given import SignedIn
from tests.tasktypes.test_spans_learning import label, project, sentence, truth

pytestmark = pytest.mark.django_db
# The fixture of the project is that of learning.
__all__ = ["project"]

TITLES = {"auto": "Automatic", "random": "Random sampling"}


@pytest.fixture
def client_of_lead(signed_in: SignedIn, lea: User, project: Project) -> Any:
    Membership.objects.create(project=project, user=lea, role=Role.LEAD)
    return signed_in(lea)


def content(number: int = 100) -> bytes:
    rows = [
        {
            "text": sentence(n),
            "spans": [
                {"start": each.start, "end": each.end, "label": each.label}
                for each in truth(sentence(n))
            ],
        }
        for n in range(number)
    ]
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def post(client: Any, project: Project, **more: Any) -> Any:
    file = SimpleUploadedFile("names.jsonl", more.pop("content", content()))
    fields = {"file": file, "strategies": ["auto"], "labels": 40, "seeds": 2, **more}
    return client.post(reverse("simulations", args=[project.pk]), fields)


def go(work: Any) -> Any:
    while job.go_on(work.pk) is not None:
        pass
    return loop.refreshed(work)


def test_form_is_that_of_spans(client_of_lead: Any, project: Project) -> None:
    page = client_of_lead.get(reverse("simulations", args=[project.pk])).content.decode()
    assert "Texts per run" in page
    assert "with the spans of each text" in page
    assert 'value="auto"' in page
    for absent in ("TF-IDF", 'value="margin"', 'name="features"', 'name="label_column"'):
        assert absent not in page
    assert reverse("simulations", args=[project.pk]) in page


def test_file_is_replayed_and_told_in_texts_words_and_actions(
    client_of_lead: Any, project: Project
) -> None:
    assert post(client_of_lead, project).status_code == 302
    work = Simulation.objects.get()
    # Random and auto, each twice; spans have no baseline.
    assert work.total == 4
    work = go(work)
    assert (work.state, work.error) == ("done", "")
    assert work.summary["task"] == "spans"
    page = client_of_lead.get(reverse("simulations", args=[project.pk])).content.decode()
    for words in ("40 texts, 2 repeats", "Words read", "Actions by hand", "held-out texts"):
        assert words in page
    assert span_text.captions(work.summary, TITLES)[0] in page
    assert "TF-IDF" not in page
    for name in ("picture.svg", "curves.svg"):
        address = reverse("simulation_file", args=[project.pk, work.pk, name])
        assert ET.fromstring(client_of_lead.get(address).content).tag.endswith("svg")
    address = reverse("simulation_file", args=[project.pk, work.pk, "curves.csv"])
    answer = client_of_lead.get(address)
    body = b"".join(answer) if answer.streaming else answer.content
    assert body.startswith(b"strategy,seed,sentences,words,actions,by_hand,f1")


def test_own_answers_are_replayed(
    project: Project, olga: User, ana: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    label(project, ana, 60)
    with pytest.raises(Invalid):
        job.start(project, olga, strategies=["auto"], labels=20, seeds=1)
    monkeypatch.setattr(job, "FEWEST_OWN", 50)
    work = go(job.start(project, olga, strategies=["auto"], labels=20, seeds=1))
    assert (work.state, work.error) == ("done", "")
    assert work.summary["classes"] == ["person", "place"]
    assert work.summary["n"] + work.summary["n_test"] == 60


@pytest.mark.parametrize("name", ["margin", "entropy"])
def test_strategies_of_labels_are_refused(project: Project, olga: User, name: str) -> None:
    file = SimpleUploadedFile("names.jsonl", content())
    with pytest.raises(Invalid):
        job.start(project, olga, file=file, strategies=[name], labels=20, seeds=1)
    assert not Simulation.objects.exists()


def test_file_without_spans_fails_in_words(project: Project, olga: User) -> None:
    rows = "".join(json.dumps({"text": sentence(n), "spans": []}) + "\n" for n in range(30))
    file = SimpleUploadedFile("names.jsonl", rows.encode())
    work = go(job.start(project, olga, file=file, strategies=["auto"], labels=20, seeds=1))
    assert work.state == "failed"
    assert "No text has a span" in work.error


def told(work: Any, verdict: str, seeds: int = 3) -> dict[str, Any]:
    return {
        "task": "spans",
        "target": 0.6,
        "n_test": 100,
        "settings": {"labels": 300, "seeds": seeds},
        "strategies": {"random": {}, "auto": {}},
        "work": {
            "random": {"labels": 280, "words": 7000, "actions": 900, "by_hand": 1100},
            "auto": work,
        },
        "savings": {"auto": {"headline": {"verdict": verdict, "reached": 0.55}}},
    }


MINE = {"labels": 140, "words": 3900, "actions": 500, "by_hand": 800}


@pytest.mark.parametrize(
    ("summary", "words"),
    [
        (
            told(MINE, "better"),
            "Automatic reaches F1 60.0% with 140 texts, 3,900 words read and 500 actions; random "
            "takes 280 texts, 7,000 words and 900 actions.",
        ),
        (told(MINE, "unclear"), "900 actions. The difference in texts may be chance."),
        (told(MINE, "better", 1), "900 actions. One repeat is too few to rule out chance."),
        (
            told(None, "never"),
            "Automatic never reaches F1 60.0%, which random has after 300 texts; it ends at 55.0%.",
        ),
    ],
)
def test_sentence_claims_no_more_than_was_seen(summary: Any, words: str) -> None:
    (said,) = span_text.captions(summary, TITLES)
    assert said.endswith(words)
