"""Endpoints of deliveries: what could go out, its proof, and what was frozen."""

from decimal import Decimal, InvalidOperation
from typing import Any

from django.http import FileResponse, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from annotator import tasks
from annotator.api import responses
from annotator.api.data import bodies
from annotator.api.request_context import checked, flag, page, person, takes
from annotator.api.responses import deliveries as answers
from annotator.api.responses.schema import PAGED
from annotator.errors import Conflict, Invalid
from annotator.flow.datasets import export as exporting
from annotator.flow.delivery import freezing, outlook, promises, proof, standing, trained_model
from annotator.flow.labels import naming
from annotator.flow.projects import members
from annotator.formats.registry import WRITERS
from annotator.messages.delivery import card as card_words
from annotator.models import Delivery, Project, Role

PROMISE = [
    OpenApiParameter("max_error", float, default=0.05, description="The share that may be wrong."),
    OpenApiParameter("confidence", float, default=0.95),
    OpenApiParameter("per_label", str, enum=["1"], description="1: also for each label alone."),
]


@extend_schema(
    summary="Show what could be delivered",
    parameters=PROMISE,
    responses={200: answers.DeliveryOutlook},
)
@takes("max_error", "confidence", "per_label")
@api_view(["GET"])
def delivery(request: Request, pk: int) -> Response:
    """Show how many labels the model could give with this promise, and what proving it takes.

    The figures are of the newest model that was reported on. `advice` is `not_for_task` where no
    promise can be proven for labels of this type, as for spans.
    """
    found = members.load_project(person(request), pk, Role.LEAD)
    query = request.query_params
    told = outlook.estimate(
        found,
        _share(query.get("max_error"), "max_error", promises.MAX_ERROR),
        _share(query.get("confidence"), "confidence", promises.CONFIDENCE),
        per_label=flag(request, "per_label"),
    )
    return Response(_named(found, told))


def _share(given: str | None, field: str, default: Decimal) -> Decimal:
    if given in (None, ""):
        return default
    try:
        return promises.checked_share(Decimal(given), field)
    except InvalidOperation as problem:
        raise Invalid("not_a_number", field=field) from problem


def _named(project: Project, told: dict[str, Any]) -> dict[str, Any]:
    for name in ("totals", "labels"):
        for each in told[name] or []:
            each["label"] = naming.names(project, [each["label"]])[0]
    return told


@extend_schema(
    methods=["GET"],
    operation_id="projects_deliveries_list",
    summary="List the deliveries of a project",
    description="The newest come first.",
    parameters=PAGED,
    responses={200: responses.page_of(answers.Delivery)},
)
@extend_schema(
    methods=["POST"],
    summary="Start a delivery",
    description=(
        "A worker chooses what the newest model may label. From then on, checks of these labels "
        "come blind among the other items, until the promise is proven or given up. `per_label` "
        "is true, or a list of labels that get a promise of their own."
    ),
    request=bodies.NewDelivery,
    responses={202: answers.Delivery},
)
@takes("cursor", "page_size")
@api_view(["GET", "POST"])
def deliveries(request: Request, pk: int) -> Response:
    """List a project's deliveries, or start one."""
    found = members.load_project(person(request), pk, Role.LEAD)
    if request.method == "GET":
        rows = Delivery.objects.filter(project=found).select_related("model")
        return page(request, rows, "-number", _delivery)
    given = checked(bodies.NewDelivery, request)
    work = promises.start(found, person(request), **given)
    tasks.plan_delivery.delay_on_commit(work.pk)
    return Response(_delivery(work), status=202)


@extend_schema(methods=["GET"], summary="Show a delivery", responses={200: answers.Delivery})
@extend_schema(
    methods=["DELETE"],
    summary="Give up a delivery, or delete a frozen one",
    description="A frozen one that went out already is deleted only with `force=1`.",
    parameters=[OpenApiParameter("force", str, enum=["1"])],
    responses={204: None},
)
@takes("force", method="DELETE")
@api_view(["GET", "DELETE"])
def delivery_state(request: Request, pk: int, number: int) -> Response:
    """Show a delivery, or give it up."""
    found = members.load_project(person(request), pk, Role.LEAD)
    work = promises.find(found, number)
    if request.method == "GET":
        return Response(_delivery(work))
    promises.remove(work, force=flag(request, "force"))
    return Response(status=204)


@extend_schema(summary="Freeze a delivery", request=None, responses={201: answers.Delivery})
@api_view(["POST"])
def freeze(request: Request, pk: int, number: int) -> Response:
    """Freeze a proven delivery; a worker writes its labels."""
    found = members.load_project(person(request), pk, Role.LEAD)
    work = promises.find(found, number)
    freezing.start(work)
    tasks.freeze_delivery.delay_on_commit(work.pk)
    work.refresh_from_db()
    return Response(_delivery(work), status=201)


@extend_schema(
    summary="Be content with what is proven so far",
    request=None,
    responses={200: answers.Delivery},
)
@api_view(["POST"])
def settle(request: Request, pk: int, number: int) -> Response:
    """End a proof with the largest region that is proven by now, which can then be frozen."""
    found = members.load_project(person(request), pk, Role.LEAD)
    work = promises.find(found, number)
    proof.settle(work)
    return Response(_delivery(promises.find(found, number)))


@extend_schema(
    summary="Download a delivery",
    parameters=[OpenApiParameter("format", str, enum=list(WRITERS), default="jsonl")],
    responses={(200, "application/octet-stream"): OpenApiTypes.BINARY},
)
@takes("format")
@api_view(["GET"])
def delivery_export(request: Request, pk: int, number: int) -> HttpResponseBase:
    """Stream the labels of a frozen delivery, each with who gave it."""
    found = members.load_project(person(request), pk, Role.LEAD)
    work, format = freezing.frozen(found, number), request.query_params.get("format", "jsonl")
    writer = exporting.writer_of(format)
    name = freezing.file_name(work, writer)
    return StreamingHttpResponse(
        freezing.stream(work, format),
        content_type=writer.content_type,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@extend_schema(
    summary="Show the data card of a delivery",
    responses={
        (200, "application/json"): answers.DeliveryCard,
        (200, "text/markdown"): OpenApiTypes.STR,
    },
)
@api_view(["GET"])
def delivery_card(request: Request, pk: int, number: int) -> HttpResponseBase:
    """Show what is in a frozen delivery and how it was proven: Markdown, or JSON by `Accept`."""
    found = members.load_project(person(request), pk, Role.LEAD)
    work = freezing.frozen(found, number)
    if "json" in request.headers.get("Accept", ""):
        return Response(work.card)
    return HttpResponse(card_words.card(work), content_type="text/markdown; charset=utf-8")


@extend_schema(
    summary="Download the trained model",
    responses={(200, "application/zip"): OpenApiTypes.BINARY},
)
@api_view(["GET"])
def delivery_model(request: Request, pk: int, number: int) -> HttpResponseBase:
    """Send the model of a frozen delivery, with a script that predicts on any machine."""
    found = members.load_project(person(request), pk, Role.LEAD)
    work = freezing.frozen(found, number)
    name = f"model-delivery-{work.number}.zip"
    return FileResponse(trained_model.pack(work), as_attachment=True, filename=name)


@extend_schema(
    summary="Compare a delivery with the one before", responses={200: answers.DeliveryDifference}
)
@api_view(["GET"])
def delivery_difference(request: Request, pk: int, number: int) -> Response:
    """Show which labels of a frozen delivery differ from those of the one before."""
    found = members.load_project(person(request), pk, Role.LEAD)
    work = freezing.frozen(found, number)
    earlier = freezing.before(work)
    if earlier is None:
        raise Conflict("no_delivery_before")
    return Response(freezing.difference(earlier, work))


def _delivery(work: Delivery) -> dict[str, Any]:
    told = standing.told(work)
    return {
        **told,
        "per_label": naming.names(work.project, work.per_label),
        "parts": [_part(work.project, part) for part in told["parts"]],
    }


def _part(project: Project, part: dict[str, Any]) -> dict[str, Any]:
    label = part["label"]
    return {**part, "label": None if label is None else naming.names(project, [label])[0]}
