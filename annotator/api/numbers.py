"""Progress, rounds, models, the learning curve, predictions."""

from functools import partial
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from annotator import tasks
from annotator.api import serializers
from annotator.api.projects import progress_counts
from annotator.api.request_context import checked, page, person
from annotator.api.schema import PAGED
from annotator.flow.evaluation import label_savings
from annotator.flow.labels import naming
from annotator.flow.operations import background_reports
from annotator.flow.progress import model_history, summary
from annotator.flow.projects import members
from annotator.flow.training import predict as training_predict
from annotator.flow.training import schedule
from annotator.models import ModelVersion, Project, Role

# Numbers -----------------------------------------------------------------------------------------


@extend_schema(responses={200: dict})
@api_view(["GET"])
def progress(request: Request, pk: int) -> Response:
    """Show how far and how good the project is."""
    return Response(progress_counts(members.load_project(person(request), pk)))


@extend_schema(methods=["GET"], parameters=PAGED, responses={200: dict})
@extend_schema(methods=["POST"], request=None, responses={202: dict})
@api_view(["GET", "POST"])
def rounds(request: Request, pk: int) -> Response:
    """List the rounds, or start one now."""
    found = members.load_project(person(request), pk, Role.LEAD)
    if request.method == "GET":
        rows = found.rounds.select_related("model")
        return page(request, rows, "-number", summary.round_numbers)
    turn = schedule.start_round(found, "by hand")
    tasks.train.delay_on_commit(turn.pk)
    return Response(summary.round_numbers(turn), status=202)


@extend_schema(parameters=PAGED, responses={200: dict})
@api_view(["GET"])
def models(request: Request, pk: int) -> Response:
    """List the model versions."""
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
    # When its labels were read, which is somewhat before it was made.
    read_at = version.measured.get("spent", {}).get("at")
    return {**shown, "seen": naming.counted(found, version.seen), "read_at": read_at}


@extend_schema(responses={200: dict})
@api_view(["GET"])
def curve(request: Request, pk: int) -> Response:
    """List the points of the learning curve, oldest first, and what random labels would reach."""
    found = members.load_project(person(request), pk, Role.LEAD)
    random = label_savings.baseline(background_reports.one(found, "worth"))
    points = model_history.curve(found)
    return Response({"next": None, "previous": None, "results": points, "baseline": random})


# Out ---------------------------------------------------------------------------------------------


@extend_schema(request=serializers.Predict, responses={200: dict})
@api_view(["POST"])
def predict(request: Request, pk: int) -> Response:
    """Say what the current model thinks of texts."""
    found = members.load_project(person(request), pk)
    given = checked(serializers.Predict, request)
    version, predictions = training_predict.predict(
        found, [item["text"] for item in given["items"]]
    )
    return Response({"model": version.number, "predictions": predictions})
