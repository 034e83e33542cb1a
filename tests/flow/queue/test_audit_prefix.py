"""The audit set is a prefix of the permutation at every moment, also when more items come."""

from typing import Any

import pytest

from annotator.flow.progress import audit_counts
from annotator.flow.projects import label_set, settings
from annotator.flow.queue import leasing, releasing, withdraw
from annotator.models import Item, Project, QueueEntry, User
from annotator.pool import audit_set, documents
from tests import loop
from tests.given import Fill, Learn

pytestmark = pytest.mark.django_db


def prefix(project: Project) -> Any:
    """Return the items up to the frontier, by what became of them."""
    items = Item.objects.filter(project=project, audit_key__lte=audit_set.audit_frontier(project))
    return set(items.values_list("state", flat=True))


def test_items_of_a_later_import_hold_the_prefix_back_until_they_are_audited(
    project: Project, filled: Fill, ana: User
) -> None:
    settings.change_settings(project, audit_share=0.5)
    filled(project, 60)
    loop.label(project, ana, 40)
    before = audit_counts.count_audits(project)["audited"]
    assert before > 10
    filled(project, 60, start=60)
    assert audit_counts.count_audits(project)["audited"] < before
    assert prefix(project) <= {Item.State.LABELLED}
    withdraw.withdraw_open(project)
    loop.label(project, ana, 60)
    assert audit_counts.count_audits(project)["audited"] > before
    assert prefix(project) == {Item.State.LABELLED}


def test_a_skipped_audit_is_passed_over_and_counted(
    project: Project, filled: Fill, ana: User
) -> None:
    settings.change_settings(project, audit_share=0.5)
    filled(project, 60)
    while True:
        lease = leasing.lease_next(project, ana)
        if lease.source == "audit":
            releasing.skip(lease)
            break
        loop.answer(lease)
    loop.label(project, ana, 20)
    counts = audit_counts.count_audits(project)
    assert counts["audited"] > 3
    assert counts["audits_skipped"] == 1


def test_an_encoder_learns_from_the_end_that_audits_come_to_last(
    project: Project, filled: Fill, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(project, 60)
    sample = set(documents.sample_documents(project, 60, limit=20))
    keys = Item.objects.filter(project=project).order_by("-audit_key")
    assert sample == set(keys.values_list("text", flat=True)[:20])


def test_a_label_that_moved_while_a_round_ran_keeps_its_meaning(
    project: Project, filled: Fill, learnt: Learn, ana: User, olga: User
) -> None:
    filled(project, 60)
    learnt(project)
    loop.label(project, ana, 24)
    turn = loop.start(project)
    loop.go_stage(turn, "train")
    spam, ham = project.labels.all()
    moved = [{"id": ham.pk, "name": "ham"}, {"id": spam.pk, "name": "junk"}]
    label_set.change_labels(project, moved)
    for stage in ("score", "select", "refill"):
        loop.go_stage(turn, stage)
    entries = QueueEntry.objects.filter(round=turn).exclude(suggestion=None).select_related("item")
    said = [(entry.suggestion["labels"], loop.truth(entry.item)) for entry in entries]
    right = sum(labels == [spam.pk if truth == ["spam"] else ham.pk] for labels, truth in said)
    assert right > 0.8 * len(said)
