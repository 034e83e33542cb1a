"""What people disagree about: leads see the opinions and decide."""

from functools import partial

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from annotator import tasks
from annotator.api import serializers
from annotator.api.request_context import checked, page, person
from annotator.api.schema import PAGED
from annotator.flow.annotation import adjudicate
from annotator.flow.projects import settings
from annotator.models import Role

PARAMETERS = [
    *PAGED,
    OpenApiParameter("state", str, enum=list(adjudicate.STATES), description="Open unless given."),
]


@extend_schema(parameters=PARAMETERS, responses={200: dict})
@api_view(["GET"])
def disagreements(request: Request, pk: int) -> Response:
    """List what people disagree about, newest first."""
    project = settings.load_project(person(request), pk, Role.LEAD)
    state = adjudicate.as_state(request.query_params.get("state", "open"))
    shown = partial(adjudicate.shown, project)
    return page(request, adjudicate.listed(project, state), "-id", shown)


@extend_schema(methods=["POST"], request=serializers.Verdict, responses={200: dict})
@extend_schema(methods=["DELETE"], responses={200: dict})
@api_view(["POST", "DELETE"])
def disagreement(request: Request, pk: int, item: int) -> Response:
    """Decide what is right, in place of an earlier decision; DELETE: take the decision back."""
    user = person(request)
    project = settings.load_project(user, pk, Role.LEAD)
    if request.method == "POST":
        given = checked(serializers.Verdict, request)
        row = adjudicate.decide(project, user, item, **given)
    else:
        row = adjudicate.take_back(project, user, item)
    tasks.learn_if_due.delay_on_commit(project.pk)
    return Response(adjudicate.shown(project, row))
