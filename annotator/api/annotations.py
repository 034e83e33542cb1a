"""Annotator endpoints: next, save, correct, undo, skip."""

from functools import partial
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from annotator import tasks
from annotator.api import responses, serializers
from annotator.api.answers import answered, described, told
from annotator.api.request_context import (
    checked,
    flag,
    page,
    person,
    takes,
)
from annotator.api.responses.schema import PAGED
from annotator.errors import NotFound
from annotator.flow.annotation import history, revise, submit
from annotator.flow.annotation.payload import annotation_payload
from annotator.flow.projects import members
from annotator.flow.queue import current_leases, leasing, payload, releasing
from annotator.models import Lease, Project


@extend_schema(
    summary="Lease the next item",
    request=serializers.Next,
    responses={200: responses.HeldItem, 204: None},
)
@api_view(["POST"])
def next_item(request: Request, pk: int) -> Response:
    """Lease the next item; 204 when nothing is left for this person, or the project is paused.

    Whether it is paused, and why, says `paused` in the project and its progress.
    """
    project = members.load_project(person(request), pk)
    found = _next(request, project, **checked(serializers.Next, request))
    if found is None:
        return Response(status=204)
    return Response(told(project, found))


@extend_schema(
    methods=["GET"],
    summary="List your annotations",
    description="The newest come first, each with its item and what it said before.",
    parameters=PAGED,
    responses={200: responses.page_of(responses.OwnAnnotation)},
)
@extend_schema(
    methods=["POST"],
    summary="Save an annotation",
    description=(
        "The next item is leased with it, unless `?next=0`. The same `client_id` again stores "
        "nothing and brings the same response, with 200."
    ),
    parameters=[OpenApiParameter("next", str, description="0: lease no next item.")],
    request=described(serializers.Answer),
    responses={201: responses.SavedWithNext, 200: responses.SavedWithNext},
)
@takes("cursor", "page_size")
@takes("next", method="POST")
@api_view(["GET", "POST"])
def annotations(request: Request, pk: int) -> Response:
    """Save an answer, and lease the next item with it unless `?next=0`; GET: one's own answers."""
    project = members.load_project(person(request), pk)
    if request.method == "GET":
        rows = history.answers(project, person(request))
        shown = partial(history.remembered, project)
        return page(request, rows, "-id", lambda row: told(project, shown(row)))
    takes_next = flag(request, "next", default=True)
    given = answered(serializers.Answer, request, project)
    body: dict[str, Any]
    if not takes_next:
        annotation, is_new = submit.submit(project, person(request), **given)
        body = {"annotation": annotation_payload(annotation)}
    else:
        annotation, is_new, lease = submit.submit_with_next(project, person(request), **given)
        body = {
            "annotation": annotation_payload(annotation),
            "next": _shown(lease),
        }
    tasks.learn_if_due.delay_on_commit(project.pk)
    return Response(told(project, body), status=201 if is_new else 200)


@extend_schema(
    methods=["PATCH"],
    summary="Correct an annotation",
    description="For its author and for leads. Its author stays the author; `corrected_by` says "
    "who else gave the current answer. What it said before stays in its history.",
    request=described(serializers.Correction),
    responses={200: responses.Saved},
)
@extend_schema(
    methods=["DELETE"],
    summary="Undo an annotation",
    description="Its author gets the item again as `next`, unless the project is paused.",
    responses={200: responses.SavedWithNext},
)
@api_view(["PATCH", "DELETE"])
def annotation(request: Request, pk: int, number: int) -> Response:
    """Correct an answer, or take it back; its author gets the item again unless it is paused."""
    user = person(request)
    project = members.load_project(user, pk)
    found = revise.find_annotation(project, user, number)
    tasks.learn_if_due.delay_on_commit(project.pk)
    if request.method == "PATCH":
        revise.correct(found, user, **answered(serializers.Correction, request, project))
        return Response(told(project, {"annotation": annotation_payload(found)}))
    if found.user_id != user.pk or found.lease_id is None:
        revise.withdraw(found, user)
        return Response(told(project, {"annotation": annotation_payload(found), "next": None}))
    lease = revise.undo(found, user)
    body = {"annotation": annotation_payload(found), "next": _shown(lease)}
    return Response(told(project, body))


@extend_schema(
    summary="Undo a correction",
    description="Of your own: the annotation says what it said before. Both stay in its history.",
    request=None,
    responses={200: responses.Saved},
)
@api_view(["POST"])
def revert(request: Request, pk: int, number: int) -> Response:
    """Undo one's own newest correction of an answer."""
    user = person(request)
    project = members.load_project(user, pk)
    checked(serializers.Nothing, request)
    found = revise.revert(revise.find_annotation(project, user, number), user)
    tasks.learn_if_due.delay_on_commit(project.pk)
    return Response(told(project, {"annotation": annotation_payload(found)}))


@extend_schema(
    summary="Skip, release or extend a lease",
    request=serializers.Reason,
    responses={200: responses.LeaseEnd, 204: None},
)
@api_view(["POST"])
def lease_action(request: Request, pk: int, lease: str, action: str) -> Response:
    """End a lease, or hold it longer: `action` is skip, release or extend."""
    project = members.load_project(person(request), pk)
    held = current_leases.get_lease(project, person(request), lease)
    reason = checked(serializers.Reason, request)["reason"]
    if action == "extend":
        return Response({"lease": lease, "expires_at": releasing.extend(held).expires_at})
    actions = {"skip": releasing.skip, "release": releasing.release}
    if action not in actions:
        raise NotFound("unknown_action", message="lease_action")
    actions[action](held, reason)
    return Response(status=204)


def _next(request: Request, project: Project, holding: list[str] | None = None) -> Any:
    return _shown(leasing.lease_next(project, person(request), holding or []))


def _shown(lease: Lease | None) -> dict[str, Any] | None:
    return None if lease is None else payload.lease_payload(lease)
