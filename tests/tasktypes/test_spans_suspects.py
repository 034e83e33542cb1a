"""Spans that people may have missed or mislabelled are listed, with the way to them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.utils import timezone

from annotator.flow.features import encode
from annotator.flow.items import conditions
from annotator.flow.progress import model_history
from annotator.flow.projects import settings
from annotator.flow.quality import report
from annotator.models import Item, ModelVersion, Project, Report
from tests import loop
from tests.tasktypes.test_spans_learning import sentence, truth

pytestmark = pytest.mark.django_db
WRONG = "Ana met Ben in Quito on day 999."


@pytest.fixture
def project(olga: Any) -> Project:
    made = settings.create_project(
        olga, name="Names", task="text-spans", labels=["person", "place"], seed=3
    )
    texts = {sentence(n): truth(sentence(n)) for n in range(120)}
    # Somebody forgot one name, and gave a town the wrong label.
    texts[WRONG] = [(0, 3, "person"), (15, 20, "person")]
    rows = [
        {"text": text, "spans": [{"start": a, "end": b, "label": c} for a, b, c in marks]}
        for text, marks in texts.items()
    ]
    loop.bring_in(made, "in.jsonl", "\n".join(map(json.dumps, rows)))
    return loop.make_features(loop.refreshed(made))


def test_missed_and_mislabelled_spans_are_found_and_lead_to_their_item(
    client: Any, project: Project, olga: Any
) -> None:
    found = report.build_report(project)["doubts"]
    item = Item.objects.get(project=project, text=WRONG)
    person, place = loop.ids(project, "person", "place")
    seen = [row for row in found["suspect"] if row["item"] == item.pk]
    assert {(tuple(row["given"]), row["instead"][0]) for row in seen} == {
        ((), person),
        ((person,), place),
    }
    strings = [row for row in found["contradiction"] if row["item"] == item.pk]
    assert any("“Ben” is" in row["why"] and row["given"] == [] for row in strings)
    assert all(row["annotations"] for row in seen)
    Report.objects.create(
        project=project, kind="quality", seq=0, found={"doubts": found}, made_at=timezone.now()
    )
    assert conditions.suspects(project)[0] == item.pk
    client.force_login(olga)
    page = client.get(f"/projects/{project.pk}/quality").content.decode()
    assert "The model sees “Ben” as “person”" in page


def test_few_texts_are_judged_by_no_model(project: Project) -> None:
    Item.objects.filter(project=project).exclude(text=WRONG).update(audit_key=-1)
    assert report.build_report(loop.refreshed(project))["doubts"]["judged"] == 0


def test_f1_of_each_label_is_on_the_dashboard(client: Any, project: Project, olga: Any) -> None:
    person, place = loop.ids(project, "person", "place")
    of_one = {"value": 0.5, "low": 0.4, "high": 0.6, "n": 210, "method": "ratio"}
    spans = [{"label": label, **of_one} for label in (person, place)]
    space = encode.current_space(project)
    assert space is not None
    ModelVersion.objects.create(
        project=project,
        number=1,
        space=space,
        labels=[person, place],
        trained_on=300,
        accuracy={"metric": "span_f1", "value": 0.5, "low": 0.4, "high": 0.6, "n": 210},
        measured={"spans": spans},
    )
    assert [each["f1"]["value"] for each in model_history.per_class(project)] == [0.5, 0.5]
    client.force_login(olga)
    table = client.get(f"/projects/{project.pk}/charts/classes.csv").content.decode()
    assert "person" in table
    assert "F1" in table
