"""A label of spans is split: its texts are asked again, and nothing else of them is lost."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from annotator.flow.annotation import submit
from annotator.flow.items import bulk, label_split
from annotator.flow.labels import naming
from annotator.flow.projects import settings
from annotator.flow.queue import leasing, payload
from annotator.models import (
    Annotation,
    Item,
    LabelEdit,
    Lease,
    Membership,
    Project,
    QueueEntry,
    Role,
)
from annotator.tasktypes.marks import Mark
from tests import loop
from tests.tasktypes.test_spans import answer, bring_in, key
from tests.tasktypes.test_spans_labels import ANA, LYON, TEXT, learnt

pytestmark = pytest.mark.django_db

OTHER = "Ben slept."
BEN = (0, 3, "person")


@pytest.fixture
def project(olga: Any, ana: Any) -> Project:
    made = settings.create_project(
        olga, name="Names", task="text-spans", labels=["person", "place"], seed=3
    )
    settings.change_settings(made, audit_share=0.0)
    Membership.objects.create(project=made, user=ana, role=Role.ANNOTATOR)
    bring_in(made, {"text": TEXT})
    answer(made, ana, ANA, LYON)
    bring_in(made, {"text": OTHER})
    answer(made, ana, BEN)
    return loop.refreshed(made)


def split(project: Project, user: Any) -> LabelEdit:
    work = label_split.start(project, user, "place", ["town", "country"])
    assert work.redo is not None
    assert bulk.run(work.redo.pk) is not None
    naming.forget(project)
    return loop.refreshed(work)


def asked_again(project: Project, user: Any) -> Lease:
    lease = leasing.lease_next(loop.refreshed(project), user)
    assert lease is not None
    assert lease.item.text == TEXT
    return lease


def save(project: Project, user: Any, lease: Lease, *given: tuple[int, int, str]) -> None:
    marks = [Mark(*each) for each in given]
    submit.submit(project, user, lease=str(lease.pk), labels=marks, client_id=key())


def test_only_texts_with_a_span_of_the_label_are_asked_again(
    project: Project, olga: Any, ana: Any
) -> None:
    assert label_split.preview(project, olga, "place")["items"] == 1
    assert split(project, olga).total == 1
    assert learnt(project) == [[BEN]]
    project = loop.refreshed(project)
    lease = asked_again(project, ana)
    save(project, ana, lease, ANA, (23, 27, "town"))
    assert learnt(project) == [[ANA, (23, 27, "town")], [BEN]]
    by_name = {
        label.name: label.retired_at is not None
        for label in naming.labels_of(loop.refreshed(project))
    }
    assert by_name == {"person": False, "place": True, "town": False, "country": False}


@pytest.mark.parametrize("has_each", [True, False])
def test_spans_of_other_labels_stay_suggested(
    project: Project, olga: Any, ana: Any, has_each: bool
) -> None:
    person, place = loop.ids(project, "person", "place")
    marks = [[*ANA[:2], person], [*LYON[:2], place]]
    suggested = {"labels": marks, "confidence": None, **({"each": [0.9, 0.8]} if has_each else {})}
    Item.objects.filter(project=project, text=TEXT).update(suggested=suggested)
    split(project, olga)
    lease = asked_again(project, ana)
    Lease.objects.filter(pk=lease.pk).update(suggestion=suggested, blind=False)
    shown = payload.shown_suggestion(loop.refreshed(lease))
    assert shown is not None
    assert [tuple(each) for each in shown["labels"]] == [(*ANA[:2], person)]
    assert shown.get("each") == ([0.9] if has_each else None)
    alone = {"labels": marks[1:], "confidence": 0.8}
    Lease.objects.filter(pk=lease.pk).update(suggestion=alone)
    assert payload.shown_suggestion(loop.refreshed(lease)) is None


def test_undone_split_counts_what_was_said_before(project: Project, olga: Any, ana: Any) -> None:
    work = split(project, olga)
    label_split.undo(work, olga)
    assert bulk.run(work.redo_id) is not None
    naming.forget(project)
    assert learnt(project) == [[ANA, LYON], [BEN]]
    assert [label.name for label in naming.labels_of(loop.refreshed(project))] == [
        "person",
        "place",
    ]
    assert not any(
        label.retired_at is not None for label in naming.labels_of(loop.refreshed(project))
    )


def test_history_keeps_the_spans(project: Project, olga: Any) -> None:
    split(project, olga)
    first = Annotation.objects.get(project=project, item__text=TEXT)
    assert first.withdrawn_at is not None
    assert [each.action for each in first.revisions.all()] == ["withdrawn"]
    person, place = loop.ids(project, "person", "place")
    assert first.revisions.get().labels == [[0, 8, person], [23, 27, place]]


def test_blind_texts_stay_blind(project: Project, olga: Any, ana: Any) -> None:
    QueueEntry.objects.filter(project=project).update(blind=True)
    split(project, olga)
    lease = asked_again(project, ana)
    assert lease.blind
    assert payload.shown_suggestion(lease) is None


def test_page_splits_a_label_of_spans(client: Any, project: Project, olga: Any) -> None:
    client.force_login(olga)
    (place,) = loop.ids(project, "place")
    sent = {"split-label": place, "split-names": "town\ncountry"}
    address = reverse("split_label", args=[project.pk])
    seen = client.post(address, {**sent, "preview": "1"}).content.decode()
    assert "1 item" in seen
    told = client.post(address, {**sent, "split-retire": "on"}, follow=True).content.decode()
    assert "Label split. 1 item is asked again." in told
