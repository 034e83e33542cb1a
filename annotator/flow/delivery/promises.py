"""A delivery is asked for, looked up, and taken back while it is being proven."""

import shutil
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone

from annotator import tasktypes
from annotator.db.compiled_queries import CompiledSelect
from annotator.errors import Conflict, Invalid, NotFound
from annotator.flow.annotation import submit
from annotator.flow.labels import naming
from annotator.models import (
    Delivery,
    DeliveryCheck,
    Job,
    Project,
    QueueEntry,
    ReviewRequest,
    Source,
    User,
)
from annotator.pool import delivery_regions

MAX_ERROR, CONFIDENCE = Decimal("0.05"), Decimal("0.95")
BOUNDS = {
    "max_error": (Decimal("0.001"), Decimal("0.5")),
    "confidence": (Decimal("0.5"), Decimal("0.999")),
}
# With less, even thousands of checks without an error would prove nothing.
LEAST_ALPHA = 1e-6
FIND_UNDER_WAY = CompiledSelect(
    lambda: (
        Delivery.objects.filter(stage__in=Delivery.UNDER_WAY)
        .order_by()
        .values_list("pk", flat=True)[:1]
    )
)


def start(
    project: Project,
    user: User,
    *,
    max_error: Decimal = MAX_ERROR,
    confidence: Decimal = CONFIDENCE,
    per_label: bool | list[naming.Ref] = False,
    only_attempt: bool = False,
) -> Delivery:
    """Store a delivery for a worker to plan.

    Conflict if there is no model, no attempt left, or another delivery under way. An attempt that
    is not declared to be the only one keeps half of what is left of the error probability for later
    ones, so that all of them together err as rarely as was promised.
    """
    tasktypes.require(project, "deliver")
    checked_share(max_error, "max_error")
    checked_share(confidence, "confidence")
    labels = _labels(project, per_label)
    version = project.models.first()
    if version is None:
        raise Conflict("no_model")
    before = Attempts.of(project)
    alpha = before.alpha(confidence, only_attempt=only_attempt)
    if not alpha:
        raise Conflict("no_attempt_left")
    try:
        with transaction.atomic():
            delivery: Delivery = Delivery.objects.create(
                project=project,
                number=_next_number(project),
                user=user,
                max_error=max_error,
                confidence=confidence,
                per_label=labels,
                attempt=before.number + 1,
                alpha=alpha,
                model=version,
            )
            return delivery
    except IntegrityError as taken:
        raise Conflict("delivery_under_way") from taken


def checked_share(given: Decimal, field: str) -> Decimal:
    """Return a share that may be promised; Invalid otherwise."""
    least, most = BOUNDS[field]
    if not least <= given <= most:
        raise Invalid("share_out_of_range", field=field, name=field, least=least, most=most)
    return given.quantize(Decimal("0.00001"))


def _labels(project: Project, given: bool | list[naming.Ref]) -> list[int]:
    if given and not has_single_labels(project):
        raise Invalid("one_promise_only", field="per_label")
    if given is True:
        return [label.pk for label in naming.labels_of(project)]
    return sorted({_label(project, each) for each in given}) if given else []


def _label(project: Project, given: naming.Ref) -> int:
    (label,) = submit.parse_labels(project, [given]).labels
    return label.pk


def has_single_labels(project: Project) -> bool:
    """Return whether each item has one label, so that a label can have a promise of its own."""
    return not tasktypes.of(project).answer.takes_several


@dataclass(frozen=True)
class Attempts:
    """The attempts in a row that were given up since something was delivered.

    `spent` is the error probability that they used up: another one errs rarely enough only with
    what is left.
    """

    number: int = 0
    spent: float = 0.0

    @classmethod
    def of(cls, project: Project) -> "Attempts":
        found = []
        ended = Delivery.objects.filter(project=project).exclude(stage__in=Delivery.UNDER_WAY)
        for stage, alpha in ended.values_list("stage", "alpha"):
            if stage == Delivery.Stage.FROZEN:
                break
            found.append(alpha)
        return cls(len(found), sum(found))

    def alpha(self, confidence: Decimal, *, only_attempt: bool = False) -> float:
        """Return the error probability of the next attempt: half of what is left, for more of them.

        The first one has all of it if it is declared to be the only one. 0: nothing is left.
        """
        left = float(1 - confidence) - self.spent
        if left < LEAST_ALPHA:
            return 0.0
        return left if only_attempt and not self.number else left / 2


def _next_number(project: Project) -> int:
    newest = Delivery.objects.filter(project=project).aggregate(n=Max("number"))["n"]
    return (newest or 0) + 1


def is_any_under_way() -> bool:
    """Return whether a delivery of any project is under way."""
    return bool(FIND_UNDER_WAY())


def find(project: Project, number: int) -> Delivery:
    """Return one of the project's deliveries by its number."""
    rows = Delivery.objects.filter(project=project, number=number)
    found: Delivery | None = rows.select_related("model").first()
    if found is None:
        raise NotFound("unknown_delivery")
    return found


def under_way(project: Project) -> Delivery | None:
    """Return the delivery that is planned, proven or frozen now."""
    return Delivery.objects.filter(project=project, stage__in=Delivery.UNDER_WAY).first()


@transaction.atomic
def give_up(delivery: Delivery, reason: str, **fields: Any) -> None:
    """End a proof that cannot succeed or is no longer wanted; its checks stay annotations."""
    project = delivery.project
    ended = Delivery.objects.filter(
        pk=delivery.pk, stage__in=[Delivery.Stage.PLAN, Delivery.Stage.PROVE]
    )
    if not ended.update(
        stage=Delivery.Stage.GIVEN_UP,
        state=Job.State.DONE,
        reason=reason,
        finished_at=timezone.now(),
        token=None,
        **fields,
    ):
        raise Conflict("delivery_ended")
    withdraw_checks(project, delivery)


def withdraw_checks(project: Project, delivery: Delivery) -> None:
    """Take back checks that nobody holds, and second opinions that nobody needs any more."""
    drawn = DeliveryCheck.objects.filter(delivery=delivery).values("item")
    QueueEntry.objects.filter(
        project=project, state=QueueEntry.State.OPEN, source=Source.CHECK, item__in=drawn
    ).update(source=Source.RANDOM)
    ReviewRequest.objects.filter(
        project=project, kind=ReviewRequest.Kind.CHECK, state=ReviewRequest.State.OPEN
    ).update(state=ReviewRequest.State.DROPPED, done_at=timezone.now())
    Project.objects.filter(pk=project.pk).update(confirms=False)


def remove(delivery: Delivery, *, force: bool = False) -> None:
    """Give up a delivery under way, or delete an ended one.

    One that went out is deleted only by `force`: whoever has it could look nothing up any more. An
    attempt that was given up stays until a later delivery is frozen: forgotten, it would hand its
    error probability to the next one a second time.
    """
    if delivery.stage in {Delivery.Stage.PLAN, Delivery.Stage.PROVE}:
        give_up(delivery, "given_up")
        return
    if delivery.stage == Delivery.Stage.FREEZE:
        raise Conflict("delivery_being_frozen")
    if delivery.stage == Delivery.Stage.GIVEN_UP and _counts(delivery):
        raise Conflict("attempt_counts")
    if delivery.exported_at is not None and not force:
        raise Conflict("delivery_went_out")
    shutil.rmtree(delivery_regions.folder(delivery), ignore_errors=True)
    delivery.delete()


def _counts(attempt: Delivery) -> bool:
    """Return whether later attempts have to know of this one."""
    later = Delivery.objects.filter(project=attempt.project_id, number__gt=attempt.number)
    return not later.filter(stage=Delivery.Stage.FROZEN).exists()


def mend_failed() -> None:
    """Let go of deliveries whose worker failed for good: give a plan up, offer a freeze again."""
    failed = Delivery.objects.filter(stage__in=Delivery.UNDER_WAY, state=Job.State.FAILED)
    for delivery in failed.select_related("project"):
        if delivery.stage == Delivery.Stage.FREEZE:
            Delivery.objects.filter(pk=delivery.pk, stage=Delivery.Stage.FREEZE).update(
                stage=Delivery.Stage.PROVE
            )
        elif delivery.stage == Delivery.Stage.PLAN:
            give_up(delivery, "failed")
