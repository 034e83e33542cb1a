"""Status pages: of a project for its leads, of the installation for its admins."""

from typing import Any

from django.db import connection
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from annotator import VERSION
from annotator.flow.operations import health, readiness
from annotator.jobs import damaged_files
from annotator.messages import under_way, workers
from annotator.models import Role
from annotator.views import number_format, partials
from annotator.views.access import (
    Access,
    Request,
    only_installation_admins,
    open_project,
    signed_in,
)
from annotator.views.operations import status_text

PROJECTS_SHOWN = 50


@require_safe
@signed_in
def project_status(request: Request, project_id: int) -> HttpResponse:
    """Show what works in the project, what does not, and what to do."""
    context = project_context(open_project(request, project_id, Role.LEAD))
    if partials.is_unchanged(request, context["state"]):
        return partials.not_modified()
    return partials.render_partial(request, "operations/status.html", "status", context)


def project_context(access: Access) -> dict[str, Any]:
    """Return the context of the project's status page."""
    stands = health.standing(access.project)
    # Rounds have a note of their own.
    failures = [each for each in health.failures(access.project) if each.kind != "round"]
    rows = status_text.failed(failures)
    activity = [each for each in under_way.told(access.project) if not each["failed"]]
    notes = [
        status_text.worker(workers.workers()),
        status_text.last_round(stands),
        status_text.model(stands),
        *status_text.damaged(damaged_files.lately(access.project)),
        status_text.queue(stands),
        status_text.failed_note(rows),
        status_text.disk(health.disk()),
    ]
    shown = {"notes": notes, "failed": rows, "activity": activity}
    return {
        "access": access,
        "sentence": status_text.verdict(notes),
        "state": partials.state_of(shown),
        **shown,
    }


@require_safe
@signed_in
def installation(request: Request) -> HttpResponse:
    """Show the state of the whole installation."""
    only_installation_admins(request)
    context = installation_context()
    if partials.is_unchanged(request, context["state"]):
        return partials.not_modified()
    return partials.render_partial(request, "operations/installation.html", "installation", context)


def installation_context() -> dict[str, Any]:
    """Return the context of the installation's status page."""
    rows = status_text.failed(health.failures())
    kinds = health.jobs()
    beats = [(beat.name, number_format.ago(beat.seconds), beat.alive) for beat in health.beats()]
    notes = [*_parts(), *_work(kinds), status_text.failed_note(rows)]
    notes.append(status_text.disk(health.disk()))
    shown = {
        "notes": notes,
        "failed": rows,
        "workers": beats,
        "kinds": [status_text.kind_row(kind) for kind in kinds],
        "projects": [
            status_text.project_row(stands) for stands in health.standings(PROJECTS_SHOWN)
        ],
    }
    return {
        "sentence": status_text.verdict(notes),
        "state": partials.state_of(shown),
        "version": VERSION,
        "database": connection.vendor,
        **shown,
    }


def _parts() -> list[status_text.Note]:
    parts = readiness.readiness()
    return [
        status_text.part(
            _("Database"),
            parts["database"],
            _("Check that its server is running and accepts connections."),
        ),
        status_text.part(
            _("Broker"),
            parts["broker"],
            _(
                "Start it, or correct BROKER_URL. Labels are saved meanwhile; imports and rounds "
                "wait."
            ),
        ),
    ]


def _work(kinds: list[health.Kind]) -> list[status_text.Note]:
    worker = workers.workers()
    return [status_text.worker(worker), status_text.jobs(kinds, worker_alive=worker["alive"])]
