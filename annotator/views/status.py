"""How it runs, in words: a project's for its leads, the installation's for its admins."""

from typing import Any

from django.db import connection
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from annotator import VERSION
from annotator.flow import damage, monitor, status
from annotator.models import Role
from annotator.views import regions, status_words, words
from annotator.views.access import (
    Access,
    Request,
    only_installation_admins,
    open_project,
    signed_in,
)

PROJECTS_SHOWN = 50


@require_safe
@signed_in
def project_status(request: Request, project_id: int) -> HttpResponse:
    """Show what runs for the project, what does not, and what to do."""
    context = project_context(open_project(request, project_id, Role.LEAD))
    if regions.is_unchanged(request, context["state"]):
        return regions.nothing_new()
    return regions.show(request, "status.html", "status", context)


def project_context(access: Access) -> dict[str, Any]:
    """Return what the project's page shows."""
    stands = status.standing(access.project)
    # What there is to say of rounds has a note of its own.
    failures = [each for each in status.failures(access.project) if each.kind != "round"]
    rows = status_words.failed(failures)
    activity = [each for each in monitor.activity(access.project) if not each["failed"]]
    notes = [
        status_words.worker(monitor.workers()),
        status_words.last_round(stands),
        status_words.model(stands),
        *status_words.damaged(damage.lately(access.project)),
        status_words.queue(stands),
        status_words.failed_note(rows),
        status_words.disk(status.disk()),
    ]
    shown = {"notes": notes, "failed": rows, "activity": activity}
    return {
        "access": access,
        "sentence": status_words.verdict(notes),
        "state": regions.state_of(shown),
        **shown,
    }


@require_safe
@signed_in
def installation(request: Request) -> HttpResponse:
    """Show how the whole installation runs."""
    only_installation_admins(request)
    context = installation_context()
    if regions.is_unchanged(request, context["state"]):
        return regions.nothing_new()
    return regions.show(request, "installation.html", "installation", context)


def installation_context() -> dict[str, Any]:
    """Return what the installation's page shows."""
    rows = status_words.failed(status.failures())
    kinds = status.jobs()
    beats = [(beat.name, words.ago(beat.seconds), beat.alive) for beat in status.beats()]
    notes = [*_parts(), *_work(kinds), status_words.failed_note(rows)]
    notes.append(status_words.disk(status.disk()))
    shown = {
        "notes": notes,
        "failed": rows,
        "workers": beats,
        "kinds": [status_words.kind_row(kind) for kind in kinds],
        "projects": [
            status_words.project_row(stands) for stands in status.standings(PROJECTS_SHOWN)
        ],
    }
    return {
        "sentence": status_words.verdict(notes),
        "state": regions.state_of(shown),
        "version": VERSION,
        "database": connection.vendor,
        **shown,
    }


def _parts() -> list[status_words.Note]:
    parts = monitor.readiness()
    return [
        status_words.part(
            _("Database"), parts["database"], _("Look whether its server runs and lets us in.")
        ),
        status_words.part(
            _("Broker"),
            parts["broker"],
            _("Start it, or set BROKER_URL right. Labels are saved meanwhile; rounds wait."),
        ),
    ]


def _work(kinds: list[status.Kind]) -> list[status_words.Note]:
    worker = monitor.workers()
    return [status_words.worker(worker), status_words.jobs(kinds, worker_alive=worker["alive"])]
