"""Figures of a project: progress, rounds, models, learning curve."""

from functools import partial
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from annotator import tasks
from annotator.api import responses, serializers
from annotator.api.request_context import (
    checked,
    page,
    person,
    takes,
)
from annotator.api.responses.schema import PAGED
from annotator.flow.evaluation import label_savings
from annotator.flow.labels import naming
from annotator.flow.operations import background_reports
from annotator.flow.progress import model_history, recall_standing, summary
from annotator.flow.projects import members
from annotator.flow.training import schedule
from annotator.messages import progress as worded
from annotator.models import ModelVersion, Project, Role


@extend_schema(summary="Show the progress", responses={200: responses.Progress})
@api_view(["GET"])
def progress(request: Request, pk: int) -> Response:
    """Show how far and how good the project is."""
    return Response(progress_of(members.load_project(person(request), pk)))


def progress_of(found: Project) -> dict[str, Any]:
    """Return the progress with the fields that the caller may see."""
    of_role = (
        worded.progress_for_leads if found.role in Role.at_least(Role.LEAD) else worded.progress
    )
    return {**of_role(found), "search": recall_standing.search(found)}


@extend_schema(
    methods=["GET"],
    summary="List the rounds",
    description="The newest come first.",
    parameters=PAGED,
    responses={200: responses.page_of(responses.Round)},
)
@extend_schema(
    methods=["POST"],
    summary="Start a round",
    description="It runs in a worker. While one is running the answer is 409.",
    request=None,
    responses={202: responses.Round},
)
@takes("cursor", "page_size")
@api_view(["GET", "POST"])
def rounds(request: Request, pk: int) -> Response:
    """List the rounds, or start one now."""
    found = members.load_project(person(request), pk, Role.LEAD)
    if request.method == "GET":
        rows = found.rounds.select_related("model")
        return page(request, rows, "-number", summary.round_numbers)
    checked(serializers.Nothing, request)
    round_ = schedule.start_round(found, "by hand")
    tasks.train.delay_on_commit(round_.pk)
    return Response(summary.round_numbers(round_), status=202)


@extend_schema(
    summary="List the models",
    parameters=PAGED,
    responses={200: responses.page_of(responses.ModelVersion)},
)
@takes("cursor", "page_size")
@api_view(["GET"])
def models(request: Request, pk: int) -> Response:
    """List the model versions, the newest first."""
    found = members.load_project(person(request), pk, Role.LEAD)
    return page(request, found.models.all(), "-number", partial(_model, found))


def _model(found: Project, version: ModelVersion) -> dict[str, Any]:
    names = [
        "number",
        "trained_on",
        "seen",
        "accuracy",
        "macro_f1",
        "params",
        "snapshot",
        "sha256",
        "created_at",
    ]
    shown = {name: getattr(version, name) for name in names}
    # The time at which its labels were read, shortly before it was trained.
    read_at = version.measured.get("spent", {}).get("at")
    return {**shown, "seen": naming.counted(found, version.seen), "read_at": read_at}


@extend_schema(
    summary="Show the learning curve",
    responses={
        200: responses.page_of(responses.CurvePoint, baseline=responses.Baseline(allow_null=True))
    },
)
@api_view(["GET"])
def curve(request: Request, pk: int) -> Response:
    """List the points of the learning curve, oldest first, and that of random labels."""
    found = members.load_project(person(request), pk, Role.LEAD)
    random = label_savings.baseline(background_reports.report(found, "worth"))
    points = model_history.curve(found)
    return Response({"next": None, "previous": None, "results": points, "baseline": random})
