"""Labels of spans are renamed, merged and brought back; the spans stay where they are."""

from __future__ import annotations

import json
from typing import Any

import pytest

from annotator.errors import Invalid
from annotator.flow.annotation import adjudicate
from annotator.flow.annotation.payload import annotation_payload
from annotator.flow.features import encode
from annotator.flow.labels import naming
from annotator.flow.projects import label_edits, label_merge, label_set, settings
from annotator.flow.quality import span_agreement
from annotator.flow.queue import leasing, payload
from annotator.models import Disagreement, Item, LabelEdit, Lease, Membership, Project, Role
from annotator.pool.spans import span_set
from annotator.tasktypes.marks import Mark
from tests import loop
from tests.tasktypes.test_spans import answer, bring_in
from tests.tasktypes.test_spans_formats import sent

pytestmark = pytest.mark.django_db

TEXT = "Ana Roth met Li Wei in Lyon."
ANA, TOWN, LYON = (0, 8, "person"), (23, 27, "town"), (23, 27, "place")


@pytest.fixture
def project(olga: Any, ana: Any, ben: Any) -> Project:
    made = settings.create_project(
        olga, name="Names", task="text-spans", labels=["person", "place", "town"], seed=3
    )
    settings.change_settings(made, overlapping_spans="any")
    for user in (ana, ben):
        Membership.objects.create(project=made, user=user, role=Role.ANNOTATOR)
    bring_in(made, {"text": TEXT})
    return loop.refreshed(made)


def merge(project: Project, user: Any, source: str = "town", into: str = "place") -> LabelEdit:
    work = label_merge.start(project, user, source, into)
    assert label_merge.run(work.pk) is not None
    return loop.refreshed(work)


def learnt(project: Project) -> list[Any]:
    project = loop.refreshed(loop.make_features(project))
    space = encode.current_space(project)
    assert space is not None
    labels = [label.pk for label in naming.labels_of(project)]
    names = [label.name for label in naming.labels_of(project)]
    found = span_set.load_span_set(project, space, labels).spans
    return [[(a, b, names[int(key)]) for a, b, key in each] for each in found]


def test_model_learns_merged_spans_by_their_new_label(
    project: Project, ana: Any, olga: Any
) -> None:
    answer(project, ana, ANA, TOWN)
    merge(project, olga)
    assert learnt(project) == [[ANA, LYON]]


def test_merged_spans_go_out_and_are_told_by_their_new_label(
    project: Project, ana: Any, olga: Any
) -> None:
    given = answer(project, ana, ANA, TOWN, LYON)
    work = merge(project, olga)
    (told,) = loop.exported(loop.refreshed(project))
    assert [(each["start"], each["label"]) for each in told["spans"]] == [
        (0, "person"),
        (23, "place"),
    ]
    assert annotation_payload(loop.refreshed(given))["labels"] == [ANA, LYON]
    undo = label_merge.request_undo(label_edits.find(project, work.pk), olga)
    assert label_merge.run(undo.pk) is not None
    assert annotation_payload(loop.refreshed(given))["labels"] == [ANA, LYON, TOWN]


def test_disagreement_between_merged_labels_closes_and_counts_as_agreement(
    project: Project, ana: Any, ben: Any, olga: Any
) -> None:
    settings.change_settings(project, overlap=2)
    project = loop.refreshed(project)
    answer(project, ana, ANA, TOWN)
    answer(project, ben, ANA, LYON)
    opened = Disagreement.objects.filter(project=project)
    assert [each.state for each in opened] == [Disagreement.State.OPEN]
    merge(project, olga)
    assert not opened.all().exists()
    (pair,) = span_agreement.of_pairs(loop.refreshed(project))
    assert pair["exact"] == 1.0


def test_decision_with_a_merged_label_stands_with_the_other_one(
    project: Project, ana: Any, ben: Any, olga: Any
) -> None:
    settings.change_settings(project, overlap=2)
    project = loop.refreshed(project)
    answer(project, ana, ANA, TOWN)
    answer(project, ben, ANA)
    item = Item.objects.get(project=project)
    adjudicate.decide(project, olga, item.pk, [Mark(*ANA), Mark(*TOWN)])
    merge(project, olga)
    assert learnt(project) == [[ANA, LYON]]
    (told,) = map(json.loads, sent(loop.refreshed(project), "jsonl", unit="item").splitlines())
    assert [each["label"] for each in told["spans"]] == ["person", "place"]


def test_suggested_marks_that_became_one_have_one_confidence(
    project: Project, ana: Any, olga: Any
) -> None:
    person, place, town = loop.ids(project, "person", "place", "town")
    lease = leasing.lease_next(project, ana)
    marks = [[0, 8, person], [23, 27, place], [23, 27, town]]
    Lease.objects.filter(pk=lease.pk).update(
        suggestion={"labels": marks, "each": [0.9, 0.8, 0.7]}, blind=False
    )
    merge(project, olga)
    shown = payload.shown_suggestion(Lease.objects.get(pk=lease.pk))
    assert shown is not None
    assert [mark.label for mark in shown["labels"]] == [person, place]
    assert shown["each"] == [0.9, 0.8]


def test_renamed_label_is_learnt_and_told_by_its_new_name(project: Project, ana: Any) -> None:
    given = answer(project, ana, TOWN)
    naming.forget(project)
    labels = naming.labels_of(project)
    specs = [{"id": label.pk, **label_set.values_of(label)} for label in labels]
    specs[2]["name"] = "village"
    label_set.change_labels(project, specs)
    assert learnt(project) == [[(23, 27, "village")]]
    assert annotation_payload(loop.refreshed(given))["labels"] == [(23, 27, "village")]


def test_project_of_spans_may_have_a_single_label(project: Project, olga: Any, ana: Any) -> None:
    made = settings.create_project(olga, name="One", task="text-spans", labels=["disease"])
    assert [label.name for label in naming.labels_of(made)] == ["disease"]
    with pytest.raises(Invalid, match="between 1 and 500"):
        settings.create_project(olga, name="None", task="text-spans", labels=[])
    with pytest.raises(Invalid, match="between 2 and 500"):
        settings.create_project(olga, name="Texts", task="text", labels=["disease"])
    merge(project, olga)
    merge(loop.refreshed(project), olga, "person", "place")
    assert [label.name for label in naming.labels_of(loop.refreshed(project))] == ["place"]
    answer(loop.refreshed(project), ana, LYON)
    assert learnt(project) == [[LYON]]
