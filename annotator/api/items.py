"""Item endpoints: search by text, label, state and similarity; seed labels."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from annotator import tasks, tasktypes
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
from annotator.errors import Invalid
from annotator.flow.annotation import payload, seed_labels
from annotator.flow.datasets import removal, search
from annotator.flow.projects import members
from annotator.flow.queue import skipped_items
from annotator.models import Item, Project, Role

PARAMETERS = [
    OpenApiParameter("q", str, description="Stands in the text or the key, in either case."),
    OpenApiParameter(
        "by",
        str,
        enum=list(search.WAYS),
        description="Whether `q` stands in the item (default), or the nearest in meaning to `q` "
        "come first; for texts.",
    ),
    OpenApiParameter("label", str, description="Somebody gave the item, now settled, this label."),
    OpenApiParameter("state", str, enum=list(search.STATES)),
    OpenApiParameter("like", OpenApiTypes.INT, description="Nearest to this item come first."),
    OpenApiParameter("cursor", str, description="From `next` or `previous` of an answer."),
    OpenApiParameter("page_size", OpenApiTypes.INT, description="50 unless given, 500 at most."),
]


@extend_schema(
    summary="Search the items",
    parameters=PARAMETERS,
    description=(
        "Search the pool. A call looks at 200,000 items at most and says in `looked_at` at "
        "which positions; `next` goes on behind them, so a page may be short or empty and still "
        "have a next one. With `like`, or by meaning, the nearest come first."
    ),
    responses={200: responses.page_of(responses.FoundItem, looked_at=responses.LookedAt())},
)
@takes(*(each.name for each in PARAMETERS))
@api_view(["GET"])
def items(request: Request, pk: int) -> Response:
    """Search the pool by text, meaning, label, state and likeness."""
    project = members.load_project(person(request), pk)
    query = request.query_params
    wanted = search.as_wanted(*(query.get(name, "") for name in ("q", "label", "state", "by")))
    found = _found(request, project, wanted)
    # Results are sorted by similarity, so the only way back is to the first page.
    before = None if "like" in query or wanted.is_by_meaning else found.before
    return Response(
        {
            "next": cursor(request, "after", found.after),
            "previous": cursor(request, "before", before),
            "results": [_item(project, item) for item in found.items],
            "looked_at": {"from": found.start, "to": found.stop, "of": found.total},
        }
    )


def _found(request: Request, project: Project, wanted: search.Wanted) -> search.Found:
    way, position = place(request)
    size = page_size(request)
    if "like" in request.query_params:
        item = search.find_item(project, _number(request.query_params["like"]))
        return search.more_like(project, item, wanted, after=position, size=size)
    if wanted.is_by_meaning:
        return search.by_meaning(project, wanted, after=position, size=size)
    if way == "before":
        return search.search_back(project, wanted, before=position, size=size)
    return search.search(project, wanted, after=position, size=size)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise Invalid("like", field="like")
    return int(text)


def _item(project: Project, item: Item) -> dict[str, Any]:
    content = tasktypes.of(project).media.listed(item)
    state = Item.State(item.state).name.lower()
    return {"id": item.pk, "key": item.key, **content, "meta": item.meta, "state": state}


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
    annotation, is_new = seed_labels.seed(project, user, search.find_item(project, item), **given)
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
