"""What a window of the desk says and hears: decisions in, the next items out, in one call."""

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from annotator import tasks
from annotator.api import serializers
from annotator.api.request_context import checked, person
from annotator.errors import Conflict
from annotator.flow.annotation import history, sync_decisions
from annotator.flow.labels import naming
from annotator.flow.progress import summary
from annotator.flow.projects import preferences, settings
from annotator.flow.queue import payload, prefetch
from annotator.models import Project, User


@extend_schema(request=serializers.Window, responses={200: dict})
@api_view(["POST"])
def sync(request: Request, pk: int) -> Response:
    """Settle the decisions of a window, keep what it holds, and give it what it wants."""
    user = person(request)
    project = settings.load_project(user, pk)
    given = checked(serializers.Window, request)
    if given["person"] != user.pk:
        # Somebody else signed in meanwhile: these decisions are not theirs to send.
        raise Conflict("another_person", _("Somebody else is signed in now."))
    settled = [
        sync_decisions.apply_decision(project, user, given["page"], each)
        for each in given["decisions"]
    ]
    if any(each.state == sync_decisions.SAVED or each.lease for each in settled):
        tasks.learn_if_due.delay_on_commit(project.pk)
    return Response(
        {
            "decisions": [_told(each) for each in settled],
            **_held(project, user, given),
            **_changed(project, user, given["version"]),
        }
    )


@extend_schema(request=serializers.Leaving, responses={204: None})
@api_view(["POST"])
def leave(request: Request, pk: int) -> Response:
    """Give back in a moment what a window held that is about to go."""
    user = person(request)
    project = settings.load_project(user, pk)
    prefetch.leave(project, user, **checked(serializers.Leaving, request))
    return Response(status=204)


def _held(project: Project, user: User, given: dict[str, Any]) -> dict[str, Any]:
    held = prefetch.sync_window(
        project,
        user,
        given["page"],
        holding=given["holding"],
        want=given["want"],
        put_by=given["spares"],
        just_decided=any(each["kind"] in sync_decisions.SETTLING for each in given["decisions"]),
    )
    is_dry = given["want"] > 0 and not held.next
    return {
        "next": [payload.desk_payload(lease) for lease in held.next],
        "spares": [payload.desk_payload(lease) for lease in held.spares],
        "lost": held.lost,
        "counts": history.counts(project, user),
        "empty": summary.why_empty(project, user, held.pause) if is_dry else "",
        "paused": None if held.pause is None else held.pause.told(),
        "lease_seconds": project.lease_seconds,
    }


def _changed(project: Project, user: User, version: str) -> dict[str, Any]:
    """Return what the window is to show of the project, where it shows an older state."""
    if not version or version == naming.version(project):
        return {}
    return {"shown": preferences.shown_of(project, user)}


def _told(settled: sync_decisions.DecisionResult) -> dict[str, Any]:
    return {
        "client_id": settled.client_id,
        "state": settled.state,
        "code": settled.code,
        "words": settled.words,
        "annotation": settled.annotation,
        "next": None if settled.lease is None else payload.desk_payload(settled.lease),
    }
