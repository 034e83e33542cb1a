"""Items to review, chosen and requested; `assignments` serves them on the labelling page.

Candidates come from a round: its report calls `request_reviews` with the suspicious labels, and
with the `consistency_samples` drawn here, which measure self-consistency.
"""

import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from annotator.i18n.stored_texts import WHY_REPEATED
from annotator.models import (
    REVIEW_SOURCES,
    Annotation,
    Item,
    Membership,
    Project,
    QueueEntry,
    ReviewRequest,
    Role,
    Tally,
)

MOST_OPEN = 200
# For each recently active annotator: how many of their answers of at least this age.
REPEATS_EACH = 3
LATELY = timedelta(days=7)
OLD = timedelta(days=1)
MOST_PEOPLE = 40


@dataclass(frozen=True)
class ReviewCandidate:
    """A doubted annotation of a `ReviewRequest.Kind`; a higher `score` is more doubtful.

    `why` says it in words, and `instead` has the ids of the labels that seem right.
    """

    annotation: int
    kind: str
    score: float
    why: str
    instead: list[int] = field(default_factory=list)


@transaction.atomic
def request_reviews(project: Project, found: Sequence[ReviewCandidate]) -> int:
    """Request reviews in place of the open ones; return their number.

    The kinds alternate, each with its most doubtful first. A reviewed annotation is not reviewed
    again before it changes.
    """
    # One caller at a time; reviews held meanwhile stay. Not by the project's key: a save that holds
    # its review locks that key, and the two could deadlock.
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    looks = ReviewRequest.objects.filter(project=project)
    waiting = looks.filter(state=ReviewRequest.State.OPEN)
    waiting.exclude(kind=ReviewRequest.Kind.CHECK).delete()
    held = looks.filter(state__lt=ReviewRequest.State.DONE)
    taken = set(held.values_list("item", flat=True))
    rows = _rows(project, _in_turns(found), taken)
    ReviewRequest.objects.bulk_create(rows, ignore_conflicts=True)
    left = looks.filter(state__lt=ReviewRequest.State.DONE).count()
    Project.objects.filter(pk=project.pk).update(has_looks=left > 0)
    project.has_looks = left > 0
    return left


def _in_turns(found: Sequence[ReviewCandidate]) -> list[ReviewCandidate]:
    """Interleave the candidates, so that the first ones have equally many of each kind."""
    kinds: dict[str, list[ReviewCandidate]] = defaultdict(list)
    for doubt in sorted(found, key=lambda each: (-each.score, each.annotation)):
        kinds[ReviewRequest.Kind(doubt.kind)].append(doubt)
    placed = [(place, doubt) for each in kinds.values() for place, doubt in enumerate(each)]
    return [doubt for _place, doubt in sorted(placed, key=lambda one: (one[0], one[1].kind))]


def _rows(
    project: Project, doubts: Sequence[ReviewCandidate], taken: set[int]
) -> list[ReviewRequest]:
    """Return a request for each candidate that a member can review, one per item."""
    about = _doubtable(project, doubts)
    members, at_work = _people(project)
    answered = _answered(each.item_id for each in about.values())
    rows: dict[int, ReviewRequest] = {}
    for doubt in doubts:
        annotation = about.get(doubt.annotation)
        if annotation is None or annotation.item_id in {*taken, *rows}:
            continue
        is_repeat = doubt.kind == ReviewRequest.Kind.REPEAT
        others = set() if is_repeat else at_work - answered[annotation.item_id]
        if not others and annotation.user_id not in members:
            continue
        asked = None if others else annotation.user_id
        rows[annotation.item_id] = _row(doubt, annotation, asked, rank=len(rows))
    return list(rows.values())[: max(MOST_OPEN - len(taken), 0)]


def _row(
    doubt: ReviewCandidate, annotation: Annotation, asked: int | None, rank: int
) -> ReviewRequest:
    return ReviewRequest(
        project_id=annotation.project_id,
        item_id=annotation.item_id,
        about=annotation,
        kind=doubt.kind,
        why=doubt.why[:500],
        score=doubt.score,
        instead=list(doubt.instead),
        rank=rank,
        asked_id=asked,
        created_at=timezone.now(),
    )


def _doubtable(project: Project, doubts: Sequence[ReviewCandidate]) -> dict[int, Annotation]:
    """Return the valid, counted annotations that were not reviewed in their current state."""
    looked = ReviewRequest.objects.filter(
        about=OuterRef("pk"),
        state__gte=ReviewRequest.State.DONE,
        done_at__gte=OuterRef("updated_at"),
    )
    found: dict[int, Annotation] = {}
    for start in range(0, len(doubts), MOST_OPEN):
        keys = [each.annotation for each in doubts[start : start + MOST_OPEN]]
        rows = _asked_for(project).filter(~Exists(looked), pk__in=keys)
        found |= {row.pk: row for row in rows}
    return found


def _asked_for(project: Project) -> QuerySet[Annotation]:
    return Annotation.objects.filter(
        project=project, counted=True, withdrawn_at=None, item__state=Item.State.LABELLED
    )


def _people(project: Project) -> tuple[set[int], set[int]]:
    """Return the members, and those of them who label: annotators, and leads who have labelled."""
    at_work = Tally.objects.filter(project=project, user=OuterRef("user"), labels__gt=0)
    rows = Membership.objects.filter(project=project, user__is_active=True)
    labelling = rows.filter(Q(role=Role.ANNOTATOR) | Exists(at_work))
    return (
        set(rows.values_list("user", flat=True)),
        set(labelling.values_list("user", flat=True)),
    )


def _answered(items: Iterable[int]) -> dict[int, set[int]]:
    """Return by item who has answered or holds it."""
    keys = list(items)
    found: dict[int, set[int]] = defaultdict(set)
    for start in range(0, len(keys), MOST_OPEN):
        few = keys[start : start + MOST_OPEN]
        answers = Annotation.objects.filter(item__in=few, withdrawn_at=None, user__isnull=False)
        entries = QueueEntry.objects.filter(item__in=few, user__isnull=False)
        for rows in (answers, entries):
            for item, user in rows.values_list("item", "user"):
                found[item].add(user)
    return found


# Self-consistency ---------------------------------------------------------------------------------


def consistency_samples(project: Project) -> list[ReviewCandidate]:
    """Return some older annotations of recent annotators, to be asked of the same user again.

    Drawn at random by the project's seed, with a bounded query however many annotations there are.
    """
    since = (timezone.now() - LATELY).date()
    lately = Tally.objects.filter(project=project, day__gte=since, labels__gt=0)
    people = sorted(set(lately.values_list("user", flat=True)))[:MOST_PEOPLE]
    return [doubt for user in people for doubt in _of_person(project, user)]


def _of_person(project: Project, user: int) -> list[ReviewCandidate]:
    own = (
        _asked_for(project)
        .filter(user=user, lease__isnull=False)
        .exclude(source__in=REVIEW_SOURCES)
    )
    old = own.filter(created_at__lte=timezone.now() - OLD).order_by("pk")
    looks = ReviewRequest.objects.filter(project=project, kind=ReviewRequest.Kind.REPEAT)
    done = looks.filter(about__user=user, state__gte=ReviewRequest.State.DONE).count()
    first, last = old.values_list("pk").first(), old.values_list("pk").last()
    if first is None or last is None:
        return []
    # A new draw once these are answered; the same one until then.
    rng = random.Random(f"{project.seed}/repeats/{user}/{done}")
    drawn = [
        old.filter(pk__gte=rng.randint(first[0], last[0])).values_list("pk", flat=True).first()
        for _ in range(REPEATS_EACH)
    ]
    chosen = sorted({pk for pk in drawn if pk is not None})
    return [
        ReviewCandidate(pk, ReviewRequest.Kind.REPEAT, rng.random(), WHY_REPEATED) for pk in chosen
    ]


def drift(project: Project) -> list[dict[str, Any]]:
    """Return for each user how often they were asked again (`n`), and gave the `same` answer."""
    done = ReviewRequest.objects.filter(
        project=project, kind=ReviewRequest.Kind.REPEAT, state=ReviewRequest.State.DONE
    )
    same = Count("pk", filter=Q(outcome=ReviewRequest.Outcome.CONFIRMED))
    rows = done.values("about__user__username").annotate(n=Count("pk"), same=same)
    return [
        {"user": row["about__user__username"], "n": row["n"], "same": row["same"]}
        for row in rows.order_by("about__user__username")
    ]
