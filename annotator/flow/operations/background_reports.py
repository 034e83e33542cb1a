"""Background reports on a project, computed between rounds and stored.

Each kind has its own function. One that fails stores its error in its report, and blocks neither
the others nor the rounds.
"""

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import OuterRef, Q, Subquery

from annotator.db import clock
from annotator.db.compiled_queries import CompiledSelect
from annotator.flow.delivery import outlook
from annotator.flow.evaluation import embedding_map, forecast, label_savings
from annotator.flow.progress import recall_standing
from annotator.flow.quality import report as quality_report
from annotator.jobs import damaged_files
from annotator.jobs.runner import in_words
from annotator.logs import log_format
from annotator.models import ModelVersion, Project, Report
from annotator.pool import training_set
from annotator.storage.checksums import Corrupt

log = logging.getLogger(__name__)

Maker = Callable[[Project], dict[str, Any] | None]
# No report takes this long.
AGAIN_SECONDS = 300
# Loaded by name only, by the page that shows it.
LARGE = ("plane", "quality", outlook.KIND)
# These describe the newest measured model.
OF_MODELS = (forecast.KIND, "worth")
MAKERS: dict[str, Maker] = {
    forecast.KIND: forecast.report,
    "worth": label_savings.build_label_savings,
    "plane": embedding_map.build_embedding_map,
    "quality": quality_report.build_report,
    recall_standing.KIND: recall_standing.report,
    outlook.KIND: outlook.report,
}


def make_all(project_pk: int) -> None:
    """Bring every report of a project up to date."""
    project = Project.objects.alive().filter(pk=project_pk).first()
    if project is None:
        return
    with log_format.bound(project=project.pk):
        for kind in MAKERS:
            _make(project, kind)


def latest_reports(project: Project) -> dict[str, dict[str, Any]]:
    """Return the reports by kind, without large ones; kinds never made are missing."""
    return {report.kind: report.found for report in project.reports.exclude(kind__in=LARGE)}


def report(project: Project, kind: str) -> dict[str, Any]:
    """Return the report of one kind; empty if it was never made."""
    return dict(with_error(project, kind)["found"])


def with_error(project: Project, kind: str) -> dict[str, Any]:
    """Return a report as `found`, and the `error` of the last attempt."""
    kept = project.reports.filter(kind=kind).values("found", "error").first()
    return dict(kept) if kept else {"found": {}, "error": ""}


def behind_since(project: Project, kind: str) -> datetime | None:
    """Return when the report was made, if it lacks the newest work; None if it is current."""
    kept = project.reports.filter(kind=kind).values_list("seq", "made_at").first()
    if kept is None or kept[0] >= training_set.label_revision(project):
        return None
    return kept[1]


def overdue() -> list[int]:
    """Return the projects with reports that were deferred and are due now, or fell behind."""
    return list(FIND_OVERDUE(clock.now()))


def _overdue(now: datetime) -> Any:
    measured = ModelVersion.objects.filter(project=OuterRef("project"), accuracy__isnull=False)
    newest = Subquery(measured.order_by("-number").values("number")[:1])
    put_off = Q(due_at__lte=now)
    # The message to compute them was lost, or they are from before revisions were stored.
    behind = Q(due_at=None, kind__in=OF_MODELS, model__lt=newest)
    due = Report.objects.filter(put_off | behind, project__deleted_at=None)
    return due.values_list("project", flat=True).distinct()[:100]


FIND_OVERDUE = CompiledSelect(_overdue, datetime)


def _make(project: Project, kind: str) -> None:
    seq, model = training_set.label_revision(project), _newest_model(project)
    kept = project.reports.filter(kind=kind).defer("found").first()
    if kept is not None and _is_current(project, kept, seq, model):
        Report.objects.filter(pk=kept.pk).exclude(due_at=None).update(due_at=None)
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
        fields: dict[str, Any] = {"error": damaged_files.repair(problem).words}
    except Exception as problem:
        log.exception("report %s failed", kind)
        # The previous result stays beside the error: it is better than none.
        fields = {"error": in_words(problem)}
    else:
        fields = {"error": "", **({} if found is None else {"found": found})}
        if found is None and kept is None:
            return
    _store(project, kind, seq, model=model, seconds=time.perf_counter() - started, **fields)


def _newest_model(project: Project) -> int:
    measured = project.models.filter(accuracy__isnull=False)
    return measured.values_list("number", flat=True).first() or 0


def _is_current(project: Project, kept: Report, seq: int, model: int) -> bool:
    """Return whether the report covers all annotations, the newest model and the current target."""
    if kept.error or kept.seq < seq or kept.model < model:
        return False
    return kept.kind != forecast.KIND or kept.found.get("target") == project.target_accuracy


def _note_that_it_is_due(kept: Report | None) -> None:
    """Schedule the report again, in case this worker dies before it is stored."""
    if kept is not None:
        again = clock.now() + timedelta(seconds=AGAIN_SECONDS)
        Report.objects.filter(pk=kept.pk).update(due_at=again)


def _store(project: Project, kind: str, seq: int, **fields: Any) -> None:
    fields |= {"seq": seq, "made_at": clock.now(), "due_at": None}
    report, is_new = Report.objects.get_or_create(project=project, kind=kind, defaults=fields)
    if not is_new:
        known = Report.objects.filter(pk=report.pk, seq__lte=seq, model__lte=fields["model"])
        known.update(**fields)
