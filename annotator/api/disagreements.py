"""Disagreement endpoints: leads list and decide them."""

from functools import partial

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from annotator import tasks
from annotator.api import responses, serializers
from annotator.api.answers import answered, described, told
from annotator.api.request_context import (
    page,
    person,
    takes,
)
from annotator.api.responses.schema import PAGED
from annotator.flow.annotation import adjudicate
from annotator.flow.projects import members
from annotator.models import Role

PARAMETERS = [
    *PAGED,
    OpenApiParameter("state", str, enum=list(adjudicate.STATES), description="Open unless given."),
]


@extend_schema(
    summary="List the disagreements",
    parameters=PARAMETERS,
    responses={200: responses.page_of(responses.Disagreement)},
)
@takes("cursor", "page_size", "state")
@api_view(["GET"])
def disagreements(request: Request, pk: int) -> Response:
    """List the items on which annotations differ, the newest first."""
    project = members.load_project(person(request), pk, Role.LEAD)
    state = adjudicate.as_state(request.query_params.get("state", "open"))
    shown = partial(adjudicate.shown, project)
    rows = adjudicate.listed(project, state)
    return page(request, rows, "-id", lambda row: told(project, shown(row)))


@extend_schema(
    methods=["POST"],
    summary="Decide a disagreement",
    description="The decision counts in place of the votes, and replaces an earlier decision.",
    request=described(serializers.Verdict),
    responses={200: responses.Disagreement},
)
@extend_schema(
    methods=["DELETE"],
    summary="Withdraw a decision",
    description="The disagreement is open again.",
    responses={200: responses.Disagreement},
)
@api_view(["POST", "DELETE"])
def disagreement(request: Request, pk: int, item: int) -> Response:
    """Decide what is right, in place of an earlier decision; DELETE: take the decision back."""
    user = person(request)
    project = members.load_project(user, pk, Role.LEAD)
    if request.method == "POST":
        given = answered(serializers.Verdict, request, project)
        row = adjudicate.decide(project, user, item, **given)
    else:
        row = adjudicate.take_back(project, user, item)
    tasks.learn_if_due.delay_on_commit(project.pk)
    return Response(told(project, adjudicate.shown(project, row)))
