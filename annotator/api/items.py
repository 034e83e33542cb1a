"""Item endpoints: search by text, label, state and similarity; seed labels."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BooleanField, IntegerField

from annotator import tasks
from annotator.api import responses, serializers
from annotator.api.answers import answered, described, told
from annotator.api.request_context import (
    checked,
    cursor,
    page_size,
    person,
    place,
    takes,
)
from annotator.errors import Invalid, PermissionDenied
from annotator.flow.annotation import payload, seed_labels
from annotator.flow.datasets import removal
from annotator.flow.items import criteria, details, likeness, listing
from annotator.flow.projects import members
from annotator.flow.queue import skipped_items
from annotator.models import Project, Role, Source, User

PARAMETERS = [
    OpenApiParameter(
        "q", str, description="Words in any order, or phrases in quotes, in the text or the key."
    ),
    OpenApiParameter(
        "by",
        str,
        enum=list(criteria.WAYS),
        description="Whether `q` stands in the item (default), or the nearest in meaning to `q` "
        "come first; for texts.",
    ),
    OpenApiParameter("label", str, description="Somebody gave the item, now settled, this label."),
    OpenApiParameter("predicted", str, description="The newest model predicts this label."),
    OpenApiParameter("state", str, enum=list(criteria.STATES)),
    OpenApiParameter("annotator", str, description="Of this person."),
    OpenApiParameter("source", str, enum=Source.values),
    OpenApiParameter("from", str, description="Annotated from that day or moment on, in UTC."),
    OpenApiParameter("to", str, description="Annotated up to that day's end, or that moment."),
    OpenApiParameter("unsure", str, enum=["1"], description="Somebody was unsure."),
    OpenApiParameter("has_note", str, enum=["1"], description="Somebody left a note."),
    OpenApiParameter(
        "disagreed",
        str,
        enum=["1"],
        description="Annotators disagree, or did before a lead decided.",
    ),
    OpenApiParameter(
        "suspect", str, enum=["1"], description="The newest quality report suspects a label error."
    ),
    OpenApiParameter("skipped", str, enum=["1"], description="Somebody skipped it."),
    OpenApiParameter("gold", str, enum=["1"], description="It has a gold answer."),
    OpenApiParameter("corrected", str, enum=["1"], description="A lead corrected an annotation."),
    OpenApiParameter("ids", str, description="Only these items; ids with points between, as 4.17."),
    OpenApiParameter("like", OpenApiTypes.INT, description="Nearest to this item come first."),
    OpenApiParameter("sort", str, enum=list(criteria.SORTS)),
    OpenApiParameter("cursor", str, description="From `next` or `previous` of an answer."),
    OpenApiParameter("page_size", OpenApiTypes.INT, description="50 unless given, 500 at most."),
]


@extend_schema(
    summary="Search the items",
    parameters=PARAMETERS,
    description=(
        "Members search by `q`, `label`, `state` and `like`. For leads, items come with their "
        "annotations, skips and predictions, and there are all parameters. `label`, `annotator`, "
        "`source`, `from`, `to`, `unsure`, `has_note` and `corrected` hold of one annotation. What "
        "others said of an item is told once it is settled; predictions of items that may become "
        "audits, and of as many others, as well. A call looks at a bounded number of items and "
        "says in `looked_at` at which positions; `next` goes on behind them, so a page may be "
        "short or empty and still have a next one. `total` is a lower bound unless "
        "`total_is_exact`. With `like`, or by meaning, the nearest come first."
    ),
    responses={
        200: responses.page_of(
            responses.FoundItem,
            looked_at=responses.LookedAt(),
            total=IntegerField(),
            total_is_exact=BooleanField(),
        )
    },
)
@takes(*(each.name for each in PARAMETERS))
@api_view(["GET"])
def items(request: Request, pk: int) -> Response:
    """List items by text, meaning, likeness, and by what people and the model say of them."""
    user = person(request)
    project = members.load_project(user, pk)
    given = {name: request.query_params[name] for name in request.query_params}
    leads = project.role in Role.at_least(Role.LEAD)
    if not leads and set(given) - set(criteria.FOR_MEMBERS):
        raise PermissionDenied("forbidden")
    query = _query(request, project, user, given)
    found = _found(query, given)
    # Results are sorted by similarity, so the only way back is to the first page.
    before = None if "like" in given or query.wanted.is_by_meaning else found.before
    start, stop, whole = found.looked or (0, project.items, project.items)
    return Response(
        {
            "next": cursor(request, "after", found.after),
            "previous": cursor(request, "before", before),
            "results": _told(project, user, found, leads=leads),
            "total": found.total,
            "total_is_exact": found.is_exact,
            "looked_at": {"from": start, "to": stop, "of": whole},
        }
    )


def _query(request: Request, project: Project, user: User, given: dict[str, str]) -> listing.Query:
    way, position = place(request)
    return listing.Query(
        project,
        user,
        criteria.parsed(project, given),
        criteria.sort_of(given),
        after=position if way == "after" and "cursor" in given else None,
        before=position if way == "before" else None,
        size=page_size(request),
    )


def _found(query: listing.Query, given: dict[str, str]) -> listing.Found:
    if "like" in given:
        return likeness.more_like(query, details.find(query.project, _number(given["like"])))
    return likeness.by_meaning(query) if query.wanted.is_by_meaning else listing.page(query)


def _told(project: Project, user: User, found: listing.Found, *, leads: bool) -> list[Any]:
    if not leads:
        return [details.brief(project, item) for item in found.items]
    rows = details.of_items(project, user, found.items, found.predictions)
    for row in rows:
        row["annotations"] = [told(project, each) for each in row["annotations"]]
        row["prediction"] = row["prediction"] and told(project, row["prediction"])
    return rows


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise Invalid("like", field="like")
    return int(text)


@extend_schema(
    summary="Delete an item",
    description="Its content, its file and its annotations are removed for good.",
    request=None,
    responses={204: None},
)
@api_view(["DELETE"])
def item(request: Request, pk: int, item: int) -> Response:
    """Remove one item for good."""
    project = members.load_project(person(request), pk, Role.LEAD)
    removal.remove_item(project, item)
    tasks.learn_if_due.delay_on_commit(project.pk)
    return Response(status=204)


@extend_schema(
    summary="Label an item as a seed",
    request=described(serializers.Seed),
    responses={201: responses.Saved, 200: responses.Saved},
)
@api_view(["POST"])
def seed(request: Request, pk: int, item: int) -> Response:
    """Give an item an expert label. The same `client_id` again changes nothing."""
    user = person(request)
    project = members.load_project(user, pk, Role.LEAD)
    given = answered(serializers.Seed, request, project)
    annotation, is_new = seed_labels.seed(project, user, details.find(project, item), **given)
    tasks.learn_if_due.delay_on_commit(project.pk)
    body = {"annotation": payload.annotation_payload(annotation)}
    return Response(told(project, body), status=201 if is_new else 200)


@extend_schema(summary="Requeue parked items", request=None, responses={200: responses.PutBack})
@api_view(["POST"])
def put_back(request: Request, pk: int) -> Response:
    """Ask items that everyone skipped again, also of those who skipped them."""
    project = members.load_project(person(request), pk, Role.LEAD)
    checked(serializers.Nothing, request)
    return Response({"put_back": skipped_items.reopen_skipped(project)})
