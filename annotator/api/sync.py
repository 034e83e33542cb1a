"""Synchronisation of a labelling window: decisions in, next items out, in one call."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from annotator import tasks
from annotator.api import responses, serializers
from annotator.api.answers import told
from annotator.api.request_context import checked, person
from annotator.errors import Conflict
from annotator.flow.annotation import history, sync_decisions
from annotator.flow.labels import naming
from annotator.flow.progress.stopping import find_pause
from annotator.flow.projects import guidelines, members, preferences
from annotator.flow.queue import payload, prefetch
from annotator.formats import markdown
from annotator.messages import labelling, stopping
from annotator.models import Lease, Project, User


@extend_schema(
    summary="Synchronise a labelling window",
    request=serializers.Window,
    responses={200: responses.Synced},
)
@api_view(["POST"])
def sync(request: Request, pk: int) -> Response:
    """Store the decisions of a window, extend its leases, and lease it more items."""
    user = person(request)
    project = members.load_project(user, pk)
    given = checked(serializers.Window, request)
    if given["person"] != user.pk:
        # Somebody else signed in meanwhile: these decisions are not theirs to send.
        raise Conflict("another_person")
    settled, along = _settled(project, user, given)
    if any(each.state == sync_decisions.SAVED or each.lease for each in settled):
        tasks.learn_if_due.delay_on_commit(project.pk)
    body = {
        "decisions": [_told(project, each) for each in settled],
        **_held(project, user, given, along),
        **_changed(project, user, given["version"]),
    }
    return Response(told(project, body))


@extend_schema(
    summary="Close a labelling window", request=serializers.Leaving, responses={204: None}
)
@api_view(["POST"])
def leave(request: Request, pk: int) -> Response:
    """Release what a window holds, a moment after it has closed."""
    user = person(request)
    project = members.load_project(user, pk)
    prefetch.leave(project, user, **checked(serializers.Leaving, request))
    return Response(status=204)


def _settled(
    project: Project, user: User, given: dict[str, Any]
) -> tuple[list[sync_decisions.DecisionResult], list[Lease]]:
    """Apply the decisions; return the results, and what the last one's transaction leased."""
    along: list[Lease] = []

    def take() -> None:
        wanted = {"want": given["want"], "holding": given["holding"]}
        along[:] = prefetch.take_along(project, user, given["page"], **wanted)

    settled = []
    for each in given["decisions"]:
        on_counted = take if each is given["decisions"][-1] else None
        settled.append(
            sync_decisions.apply_decision(project, user, given["page"], each, on_counted)
        )
    return settled, along


def _held(
    project: Project, user: User, given: dict[str, Any], along: list[Lease]
) -> dict[str, Any]:
    held = prefetch.sync_window(
        project,
        user,
        given["page"],
        holding=given["holding"],
        want=given["want"],
        put_by=given["spares"],
        just_decided=any(each["kind"] in sync_decisions.SETTLING for each in given["decisions"]),
        along=along,
    )
    pause = find_pause(project) if held.is_paused else None
    is_dry = given["want"] > 0 and not held.next
    return {
        "next": [payload.desk_payload(lease) for lease in held.next],
        "spares": [payload.desk_payload(lease) for lease in held.spares],
        "lost": held.lost,
        "counts": history.counts(project, user),
        "empty": labelling.why_empty(project, pause) if is_dry else "",
        "paused": stopping.pause_payload(pause),
        "lease_seconds": project.lease_seconds,
    }


def _changed(project: Project, user: User, version: str) -> dict[str, Any]:
    """Return the project's current labels and guidelines if the window shows older ones."""
    if not version or version == naming.version(project):
        return {}
    news = [[line.how, line.text] for line in guidelines.news(project)]
    told = {
        "guidelines_html": markdown.rendered(project.pk, project.guidelines),
        "guidelines_unread": guidelines.is_unread(project),
        "guidelines_news": [line for line in news if line[0] != guidelines.SAME],
    }
    return {"shown": {**preferences.shown_of(project, user), **told}}


def _told(project: Project, settled: sync_decisions.DecisionResult) -> dict[str, Any]:
    return {
        "client_id": settled.client_id,
        "state": settled.state,
        "code": settled.code,
        "words": labelling.result_words(project, settled),
        "annotation": settled.annotation,
        "given": settled.given,
        "next": None if settled.lease is None else payload.desk_payload(settled.lease),
    }
