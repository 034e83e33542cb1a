"""A changed setting applies to existing items, or it is said from when on it applies."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from annotator.errors import Invalid
from annotator.flow.annotation.payload import annotation_payload
from annotator.flow.operations import verify_counts
from annotator.flow.progress import summary
from annotator.flow.projects import setting_effects
from annotator.flow.projects import settings as project_settings
from annotator.flow.queue import current_leases, leasing, payload, prefetch
from annotator.flow.queue import overlap as queue_overlap
from annotator.models import (
    Item,
    Lease,
    ModelVersion,
    Project,
    QueueEntry,
    ReviewRequest,
    Source,
    User,
)
from annotator.pool import audit_set
from annotator.projectsettings import SETTINGS, Effect, When
from annotator.projectsettings.currency import CURRENCY
from tests import loop
from tests.given import Fill

pytestmark = pytest.mark.django_db

OPEN = QueueEntry.State.OPEN


def change(project: Project, **settings: Any) -> Any:
    return loop.refreshed(project_settings.change_settings(loop.refreshed(project), **settings))


def share_of(project: Project, source: Any) -> Any:
    waiting = QueueEntry.objects.filter(project=project, state=OPEN)
    return waiting.filter(source=source).count() / max(waiting.count(), 1)


# Each checks what holds right after the change, without a round ----------------------------------


def retrain_every(project: Project, ana: User) -> None:
    from annotator.flow.training import schedule

    loop.rest(project)
    loop.label(project, ana, 3)
    assert schedule.due(loop.refreshed(project)) == ""
    assert schedule.due(change(project, retrain_every=3)) == "labels"


def retrain_seconds(project: Project, ana: User) -> None:
    from annotator.flow.training import schedule

    loop.label(project, ana, 1)
    ago = timezone.now() - timedelta(seconds=60)
    project.rounds.update(created_at=ago, finished_at=ago)
    assert schedule.due(loop.refreshed(project)) == ""
    assert schedule.due(change(project, retrain_seconds=30)) == "time"


def overlap(project: Project, ana: User) -> None:
    waiting = QueueEntry.objects.filter(project=project, state=OPEN)
    one = waiting.count()
    change(project, overlap=2)
    assert waiting.count() == 2 * one
    change(project, overlap=1)
    assert waiting.count() == one


def audit_share(project: Project, ana: User) -> None:
    before = list(picks(project))
    project = change(project, audit_share=0.5)
    first = QueueEntry.objects.filter(project=project, state=OPEN).order_by("rank")[:20]
    # The missing audits come first.
    assert sum(entry.source == Source.AUDIT for entry in first) >= 10
    reserved = audit_set.audit_threshold(project)
    after = QueueEntry.objects.filter(project=project, state=OPEN, source=Source.ACTIVE)
    # Items that now belong to the audits are served in no other way; the rest keeps its order.
    assert not after.filter(item__audit_key__lt=reserved).exists()
    kept = set(after.values_list("item", flat=True))
    assert list(picks(project)) == [item for item in before if item in kept]
    project = change(project, audit_share=0.0)
    assert share_of(project, Source.AUDIT) == 0
    assert set(picks(project)) == kept


def picks(project: Project) -> Any:
    entries = QueueEntry.objects.filter(project=project, state=OPEN, source=Source.ACTIVE)
    return entries.order_by("rank", "pk").values_list("item", flat=True)


def gold_share(project: Project, ana: User) -> None:
    rows = "".join(f"g{n},prize money gold{n},spam\n" for n in range(30))
    loop.bring_in(project, "gold.csv", f"id,text,label\n{rows}", labels_are="gold")
    assert share_of(project, Source.GOLD) == 0
    project = change(project, gold_share=0.4)
    assert share_of(project, Source.GOLD) > 0.2
    assert share_of(change(project, gold_share=0.0), Source.GOLD) == 0


def gold_feedback(project: Project, ana: User) -> None:
    rows = "g1,prize money gold1,spam\n"
    loop.bring_in(project, "gold.csv", f"id,text,label\n{rows}", labels_are="gold")
    project = change(project, gold_feedback=True, gold_share=0.5)
    item = Item.objects.get(key="g1")
    QueueEntry.objects.filter(project=project, state=OPEN).exclude(item=item).delete()
    given = loop.answer(leasing.lease_next(project, ana), ["ham"])
    assert annotation_payload(given)["known"] == ["spam"]


def second_share(project: Project, ana: User) -> None:
    doubted = loop.label(project, ana, 1)[0]
    ReviewRequest.objects.create(
        project=project,
        item=doubted.item,
        about=doubted,
        kind=ReviewRequest.Kind.SUSPECT,
        score=1.0,
        instead=[],
        rank=0,
        created_at=timezone.now(),
    )
    Project.objects.filter(pk=project.pk).update(has_looks=True)
    project = change(project, second_share=0.5)
    people = [each.user for each in project.memberships.select_related("user")]
    QueueEntry.objects.filter(project=project, state=OPEN).delete()
    Item.objects.filter(project=project).exclude(pk=doubted.item_id).update(state=Item.State.ASIDE)
    taken = [leasing.lease_next(project, person) for person in people]
    assert Source.SECOND in [lease.source for lease in taken if lease]


def lease_seconds(project: Project, ana: User) -> None:
    lease = leasing.lease_next(project, ana)
    entry = QueueEntry.objects.get(lease_id=lease.pk)
    change(project, lease_seconds=project.lease_seconds + 300)
    longer = loop.refreshed(lease)
    assert longer.expires_at == lease.expires_at + timedelta(seconds=300)
    assert loop.refreshed(entry).leased_until == longer.expires_at
    change(project, lease_seconds=10)
    left = loop.refreshed(lease).expires_at - timezone.now()
    # Until its page has learnt of it.
    assert timedelta(seconds=50) < left <= timedelta(seconds=60)
    assert loop.refreshed(entry).leased_until == loop.refreshed(lease).expires_at


def budget(project: Project, ana: User) -> None:
    project = change(project, auto_stop=True, budget=1)
    assert leasing.lease_next(project, ana) is None
    project = change(project, budget=40)
    assert leasing.lease_next(project, ana) is not None
    page = "tab-1/load-1"
    held = prefetch.sync_window(project, ana, page, holding=[], want=5, put_by=0).next
    # One more than the window may keep: the person holds an item without a window, too.
    project = change(project, budget=summary.progress(project)["answers"] + 3)
    keys = [str(lease.pk) for lease in held]
    heard = prefetch.sync_window(project, ana, page, holding=keys, want=5)
    assert len(heard.lost) == len(keys) - 2
    assert not heard.next


def proven(project: Project) -> None:
    told = {"value": 0.9, "low": 0.8, "high": 0.95, "n": 60, "confidence": 0.95, "proven": 0.7}
    ModelVersion.objects.filter(project=project).update(accuracy=told)


def target_metric(project: Project, ana: User) -> None:
    proven(project)
    project = change(project, target_value=0.6, target_metric="macro_f1")
    assert not summary.progress(project)["target_proven"]
    project = change(project, target_metric="accuracy")
    assert summary.progress(project)["target_proven"]


def target_value(project: Project, ana: User) -> None:
    proven(project)
    assert not summary.progress(change(project, target_value=0.8))["target_proven"]
    assert summary.progress(change(project, target_value=0.6))["target_proven"]


def hourly_rate(project: Project, ana: User) -> None:
    assert summary.progress(project)["cost"] is None
    assert summary.progress(change(project, hourly_rate=36))["cost"] > 0


def currency(project: Project, ana: User) -> None:
    assert CURRENCY.value(change(project, currency="CHF")) == "CHF"
    assert CURRENCY.value(change(project, currency="")) == ""
    with pytest.raises(Invalid, match="Unknown currency"):
        change(project, currency="euro")


def document_parts(project: Project, ana: User) -> None:
    texts = project_settings.create_project(ana, name="T", task="text-spans", labels=["a", "b"])
    assert loop.bring_in(texts, "one.jsonl", '{"text": "One.\\nTwo."}').created == 1
    texts = change(texts, document_parts="lines")
    assert loop.bring_in(texts, "two.jsonl", '{"text": "Three.\\nFour."}').created == 2


def show_suggestions(project: Project, ana: User) -> None:
    lease = leasing.lease_next(project, ana)
    Lease.objects.filter(pk=lease.pk).update(suggestion={"labels": ["spam"]}, blind=False)
    project = change(project, show_suggestions=False)
    assert (
        payload.lease_payload(current_leases.get_lease(project, ana, lease.pk))["suggestion"]
        is None
    )


def bulk_desk(project: Project, ana: User) -> None:
    from annotator.flow.annotation import bulk_pages

    assert bulk_pages.why_closed(change(project, bulk_desk=False))
    assert not bulk_pages.why_closed(change(project, bulk_desk=True))


def auto_stop(project: Project, ana: User) -> None:
    project = change(project, budget=1)
    assert leasing.lease_next(project, ana) is not None
    assert leasing.lease_next(change(project, auto_stop=True), ana) is None
    assert leasing.lease_next(change(project, auto_stop=False), ana) is not None


def guidelines(project: Project, ana: User) -> None:
    assert change(project, guidelines="New ones").guidelines == "New ones"


CHECKS = {
    check.__name__: check
    for check in (
        retrain_every,
        retrain_seconds,
        overlap,
        audit_share,
        gold_share,
        gold_feedback,
        second_share,
        lease_seconds,
        budget,
        target_metric,
        target_value,
        hourly_rate,
        currency,
        show_suggestions,
        bulk_desk,
        auto_stop,
        guidelines,
        document_parts,
    )
}


def test_for_every_setting_it_is_decided_when_it_holds() -> None:
    at_once = {name for name, each in SETTINGS.items() if each.applies is When.AT_ONCE}
    assert at_once == set(CHECKS)


def test_every_effect_is_done() -> None:
    assert set(setting_effects.EFFECTS) == set(Effect)


@pytest.mark.parametrize("name", sorted(CHECKS))
def test_setting_holds_at_once_for_what_is_there(name: Any, trained: Any, ana: User) -> None:
    CHECKS[name](loop.refreshed(trained), ana)


# Annotations per item, raised after items were finished ------------------------------------------


def test_finished_items_stay_so_until_the_missing_annotations_are_asked_for(
    project: Project, filled: Fill, lea: User, ana: User, ben: User
) -> None:
    filled(project, 30)
    loop.label(project, ana, 8)
    loop.bring_in(project, "seeds.csv", "id,text,label\ns1,free prize money,spam\n")
    project = change(project, overlap=2)
    assert summary.progress(project)["labelled"] == 9
    assert queue_overlap.count_missing(project) == 8
    assert queue_overlap.ask_missing(project) == 8
    assert queue_overlap.count_missing(project) == 0
    assert summary.progress(project)["labelled"] == 1
    assert verify_counts.recount(project) == []
    loop.label(project, ben, 60)
    mine = Item.objects.filter(annotations__user=ana).distinct()
    assert set(mine.values_list("state", "answers")) == {(Item.State.LABELLED, 2)}
    assert verify_counts.recount(project) == []


def test_without_more_wanted_nothing_is_asked_again(
    project: Project, filled: Fill, ana: User
) -> None:
    filled(project, 30)
    loop.label(project, ana, 5)
    assert queue_overlap.count_missing(project) == queue_overlap.ask_missing(project) == 0


def test_people_who_hold_an_item_keep_it_through_another_mix(trained: Any, ana: User) -> None:
    lease = leasing.lease_next(trained, ana)
    change(trained, audit_share=0.4)
    assert loop.answer(lease).counted
    assert verify_counts.recount(loop.refreshed(trained)) == []
