"""What a worker finds out about a project between two rounds, kept to be shown at once.

Each kind is made by a function of its own. One that fails says so in its report, and keeps neither
the others nor the rounds from going on.
"""

import logging
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from annotator import clock, logs, pool
from annotator.checksums import Corrupt
from annotator.flow import damage, outlook, plane, quality, screening, worth
from annotator.flow.jobs import in_words
from annotator.models import Project, Report

log = logging.getLogger(__name__)

Maker = Callable[[Project], dict[str, Any] | None]
# No report takes so long.
AGAIN_SECONDS = 300
# Asked for by name alone, by the page that shows it.
LARGE = ("plane", "quality")
MAKERS: dict[str, Maker] = {
    "forecast": outlook.report,
    "worth": worth.report,
    "plane": plane.report,
    "quality": quality.report,
    screening.KIND: screening.report,
}


def make_all(project_pk: int) -> None:
    """Bring every report of a project up to date."""
    project = Project.objects.alive().filter(pk=project_pk).first()
    if project is None:
        return
    with logs.bound(project=project.pk):
        for kind in MAKERS:
            _make(project, kind)


def latest(project: Project) -> dict[str, dict[str, Any]]:
    """Return what was found, by kind, but for large ones; one that was never made is missing."""
    return {report.kind: report.found for report in project.reports.exclude(kind__in=LARGE)}


def one(project: Project, kind: str) -> dict[str, Any]:
    """Return what was found of one kind, empty where it was never made."""
    return dict(whole(project, kind)["found"])


def whole(project: Project, kind: str) -> dict[str, Any]:
    """Return what was `found` of one kind, and the `error` of the last attempt."""
    kept = project.reports.filter(kind=kind).values("found", "error").first()
    return dict(kept) if kept else {"found": {}, "error": ""}


def overdue() -> list[int]:
    """Return the projects with reports that were put off, and may be made now."""
    due = Report.objects.filter(due_at__lte=clock.now(), project__deleted_at=None)
    return list(due.values_list("project", flat=True).distinct()[:100])


def _make(project: Project, kind: str) -> None:
    seq = pool.work_done(project)
    kept = project.reports.filter(kind=kind).defer("found").first()
    if kept is not None and kept.seq >= seq and not kept.error:
        return
    if kept is not None and kept.rests_until > clock.now():
        Report.objects.filter(pk=kept.pk).update(due_at=kept.rests_until)
        return
    started = time.perf_counter()
    _note_that_it_is_due(kept)
    try:
        found = MAKERS[kind](project)
    except Corrupt as problem:
        log.error("report %s stopped at %s", kind, problem)
        fields: dict[str, Any] = {"error": damage.repair(problem).words}
    except Exception as problem:
        log.exception("report %s failed", kind)
        # What was found before stays; it is better than nothing, and the error stands beside it.
        fields = {"error": in_words(problem)}
    else:
        fields = {"error": "", **({} if found is None else {"found": found})}
        if found is None and kept is None:
            return
    _store(project, kind, seq, seconds=time.perf_counter() - started, **fields)


def _note_that_it_is_due(kept: Report | None) -> None:
    """Have it made again in a while, should this worker die before it is stored."""
    if kept is not None:
        again = clock.now() + timedelta(seconds=AGAIN_SECONDS)
        Report.objects.filter(pk=kept.pk).update(due_at=again)


def _store(project: Project, kind: str, seq: int, **fields: Any) -> None:
    fields |= {"seq": seq, "made_at": clock.now(), "due_at": None}
    report, is_new = Report.objects.get_or_create(project=project, kind=kind, defaults=fields)
    if not is_new:
        Report.objects.filter(pk=report.pk, seq__lte=seq).update(**fields)
