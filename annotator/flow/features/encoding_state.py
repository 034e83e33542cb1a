"""How far the encoder of a project is, and what it left out."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, Max, Q, Sum

from annotator import tasktypes
from annotator.models import FeatureSpace, Job, Project, VectorShard

ENCODING, PAUSED, FAILED, DONE = "encoding", "paused", "failed", "done"


@dataclass(frozen=True)
class EncodingState:
    """How far an encoder is with the items of a project.

    `seconds_left` is None before anything was measured, and where nothing is under way.
    """

    encoder: str
    sha256: str
    # "text" or "image": what it reads.
    medium: str
    state: str
    items: int
    done: int
    too_long: int
    unreadable: int
    seconds_left: float | None = None
    error: str = ""

    @property
    def is_under_way(self) -> bool:
        """Tell whether there is something to come, and to pause."""
        return self.state in {ENCODING, PAUSED}


def find(project: Project, space: FeatureSpace | None = None) -> EncodingState | None:
    """Return how far the encoder is that is at work, or else the one of `space`, which is in use.

    None where no encoder has anything to do with the project.
    """
    rows = _by_encoder(project)
    at_work = [row for row in rows if row["waiting"] or row["failed"]]
    if at_work:
        return _state(project, at_work[0])
    used = ("", "") if space is None else (space.encoder, space.encoder_sha256)
    return next(
        (_state(project, row) for row in rows if (row["encoder"], row["sha256"]) == used), None
    )


def _by_encoder(project: Project) -> list[dict[str, Any]]:
    is_done = Q(state=Job.State.DONE)
    is_waiting = Q(state__in=[Job.State.QUEUED, Job.State.RUNNING])
    is_timed = is_done & Q(seconds__gt=0)
    found = VectorShard.objects.filter(project=project).order_by()
    groups = found.values("encoder", "sha256").annotate(
        done=Sum(F("stop") - F("start"), filter=is_done),
        timed=Sum(F("stop") - F("start"), filter=is_timed),
        seconds=Sum("seconds", filter=is_timed),
        too_long=Sum("too_long", filter=is_done),
        unreadable=Sum("unreadable", filter=is_done),
        waiting=Count("pk", filter=is_waiting),
        failed=Count("pk", filter=Q(state=Job.State.FAILED)),
        error=Max("error", filter=Q(state=Job.State.FAILED)),
    )
    return list(groups)


def _state(project: Project, row: dict[str, Any]) -> EncodingState:
    state = DONE
    if row["failed"]:
        state = FAILED
    elif row["waiting"]:
        state = ENCODING if project.encoding_paused_at is None else PAUSED
    done = row["done"] or 0
    left = None
    if state == ENCODING and row["timed"]:
        left = max(project.items - done, 0) * row["seconds"] / row["timed"] * _sharing()
    return EncodingState(
        encoder=row["encoder"],
        sha256=row["sha256"],
        medium=tasktypes.of(project).media.pretrained,
        state=state,
        items=project.items,
        done=done,
        too_long=row["too_long"] or 0,
        unreadable=row["unreadable"] or 0,
        seconds_left=left,
        error=row["error"] or "",
    )


def _sharing() -> int:
    """Return how many projects share the one process that encodes."""
    waiting = VectorShard.objects.active().filter(project__encoding_paused_at=None)
    return max(waiting.order_by().values("project").distinct().count(), 1)
