"""Verdicts on the checks of a delivery, from what people said without seeing the model's label.

The first one who agrees with the model settles it. A label that the first one finds wrong goes to a
second person, and is wrong if they confirm it; a lead's decision settles it, too. Where nobody else
has labelled for a week, there is no second person to wait for. An item that was skipped by all, or
removed, counts as wrong: nobody knows better. A label of somebody who may have seen the model's
one (on the page of items, say) settles nothing alone: somebody else is asked without it.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from annotator.models import (
    Annotation,
    Delivery,
    DeliveryCheck,
    Disagreement,
    Item,
    Membership,
    Project,
    ReviewRequest,
    Source,
)

AT_ONCE = 500
Verdict = DeliveryCheck.Verdict
Answer = tuple[int, frozenset[int]]
# Who has labelled nothing for longer is not waited for.
WAITED_FOR = timedelta(days=7)
# Seen before they were answered, imported, or given by the one who is to be checked.
NOT_BLIND = (Source.BULK, Source.SEED, Source.REPEAT)


def judge(delivery: Delivery) -> list[DeliveryCheck]:
    """Bring the verdicts up to date, ask for second opinions, and return all checks in order."""
    checks = list(delivery.checks.select_related("item").order_by("part", "place"))
    needs_two = _has_others(delivery.project)
    doubted: list[int] = []
    for start in range(0, len(checks), AT_ONCE):
        doubted += _judge_some(checks[start : start + AT_ONCE], needs_two)
    _ask_seconds(delivery.project, doubted)
    return checks


def _judge_some(checks: Sequence[DeliveryCheck], needs_two: bool) -> list[int]:
    """Store new verdicts of some checks; return the annotations that need a second opinion."""
    keys = [check.item_id for check in checks]
    said, decided = _blind_answers(keys), _decided(keys)
    unconfirmed = _unconfirmed(keys)
    seen = _seen_answers([check.item_id for check in checks if _is_unclear(check, said)])
    changed, doubted = [], []
    for check in checks:
        answers = said.get(check.item_id, []) + seen.get(check.item_id, [])
        blind = len(said.get(check.item_id, []))
        may_wait = needs_two and check.item_id not in unconfirmed
        fresh = _verdict(check, [labels for _pk, labels in answers], blind, decided, may_wait)
        if fresh == Verdict.OPEN and answers and check.item.state == Item.State.LABELLED:
            doubted.append(answers[0][0])
        if fresh != check.verdict:
            check.verdict = fresh
            changed.append(check)
    DeliveryCheck.objects.bulk_update(changed, ["verdict"])
    return doubted


def _is_unclear(check: DeliveryCheck, said: Mapping[int, Sequence[Answer]]) -> bool:
    """Return whether a labelled item was not found right by somebody who saw nothing."""
    answers = said.get(check.item_id)
    labelled: bool = check.item.state == Item.State.LABELLED
    return labelled and (not answers or answers[0][1] != frozenset(check.said))


def _verdict(
    check: DeliveryCheck,
    answers: Sequence[frozenset[int]],
    blind: int,
    decided: Mapping[int, frozenset[int]],
    may_wait: bool,
) -> Verdict:
    """Return the verdict of `answers`; the first `blind` of them came from people who saw nothing.

    An answer that was not blind may confirm that a label is wrong, but never that it is right.
    """
    model = frozenset(check.said)
    if check.item_id in decided:
        return Verdict.RIGHT if decided[check.item_id] == model else Verdict.WRONG
    if check.item.state in {Item.State.ASIDE, Item.State.REMOVED}:
        return Verdict.WRONG
    if not answers:
        return Verdict.OPEN
    if model in answers[: min(blind, 2)]:
        return Verdict.RIGHT
    against = [labels for labels in answers if labels != model]
    if blind and len(against) > 1:
        return Verdict.WRONG
    return Verdict.OPEN if may_wait else Verdict.WRONG


def _blind_answers(items: Sequence[int]) -> dict[int, list[Answer]]:
    rows = Annotation.objects.filter(item__in=items, withdrawn_at=None, blind=True)
    return _by_item(rows.exclude(source__in=NOT_BLIND).exclude(user=None))


def _seen_answers(items: Sequence[int]) -> dict[int, list[Answer]]:
    """Return the answers of people who may have seen the model's label, and imported ones."""
    rows = Annotation.objects.filter(item__in=items, withdrawn_at=None)
    return _by_item(rows.filter(Q(blind=False) | Q(source__in=NOT_BLIND) | Q(user=None)))


def _by_item(rows: QuerySet[Annotation]) -> dict[int, list[Answer]]:
    """Return (annotation, label ids) of each item, in order, one for each person."""
    found: dict[int, list[Answer]] = {}
    people: set[tuple[int, int | None]] = set()
    for each in rows.prefetch_related("given").order_by("created_at", "pk"):
        if (each.item_id, each.user_id) not in people:
            people.add((each.item_id, each.user_id))
            labels = frozenset(given.label_id for given in each.given.all())
            found.setdefault(each.item_id, []).append((each.pk, labels))
    return found


def _decided(items: Sequence[int]) -> dict[int, frozenset[int]]:
    rows = Disagreement.objects.filter(item__in=items, state=Disagreement.State.DECIDED)
    found: dict[int, set[int]] = {}
    for item, label in rows.values_list("item", "decision__given__label"):
        found.setdefault(item, set()).add(label)
    return {item: frozenset(labels) for item, labels in found.items()}


def _unconfirmed(items: Sequence[int]) -> set[int]:
    """Return the items whose second opinion was skipped or dismissed."""
    dropped = ReviewRequest.objects.filter(
        item__in=items, kind=ReviewRequest.Kind.CHECK, state=ReviewRequest.State.DROPPED
    )
    return set(dropped.values_list("item", flat=True))


def _has_others(project: Project) -> bool:
    """Return whether somebody is at work who could confirm what another one said."""
    edge = timezone.now() - WAITED_FOR
    own = Annotation.objects.filter(project=project, user=OuterRef("user")).order_by("-pk")
    members = Membership.objects.filter(project=project, user__is_active=True)
    members = members.annotate(labelled_at=Subquery(own.values("created_at")[:1]))
    return members.filter(Q(created_at__gte=edge) | Q(labelled_at__gte=edge)).count() > 1


def _ask_seconds(project: Project, annotations: Sequence[int]) -> None:
    """Request second opinions on annotations that contradict the model, once each."""
    asked = ReviewRequest.objects.filter(about__in=annotations, kind=ReviewRequest.Kind.CHECK)
    known = set(asked.values_list("about", flat=True))
    fresh = Annotation.objects.filter(pk__in=set(annotations) - known)
    ReviewRequest.objects.bulk_create(
        [_request(each) for each in fresh.order_by("pk")], ignore_conflicts=True
    )
    waits = bool(annotations)
    if waits != project.confirms:
        Project.objects.filter(pk=project.pk).update(confirms=waits)
        project.confirms = waits
    if waits and not project.has_looks:
        Project.objects.filter(pk=project.pk).update(has_looks=True)
        project.has_looks = True


def _request(annotation: Annotation) -> Any:
    return ReviewRequest(
        project_id=annotation.project_id,
        item_id=annotation.item_id,
        about=annotation,
        kind=ReviewRequest.Kind.CHECK,
        rank=-1,
        created_at=timezone.now(),
    )
