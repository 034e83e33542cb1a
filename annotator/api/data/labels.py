"""Labels merged, split, and put back as they were."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from annotator import tasks
from annotator.api import responses, serializers
from annotator.api.data.undoable import told, undo_schema, undone_by
from annotator.api.request_context import checked, flag, person, takes
from annotator.flow.items import label_split
from annotator.flow.projects import label_edits, label_merge, members
from annotator.models import LabelEdit, Role

DRY_RUN = OpenApiParameter(
    "dry_run", str, enum=["1"], description="1: count what it would touch, and change nothing."
)


@extend_schema(
    summary="Merge a label into another one",
    description=(
        "`from` and `into` are labels by name or id. From then on, `from` means `into` everywhere: "
        "in annotations, gold items, suggestions, decisions and history. Files and clients that "
        "still use its name or id get `into`. Few annotations are moved at once, many by a worker. "
        "With `dry_run=1` the answer is 200 with the counts of what would mean another label, and "
        "of open leases, whose windows show the change; a frozen delivery stays as it is."
    ),
    request=serializers.LabelMerge,
    responses={200: responses.LabelMergePreview, 202: responses.LabelEdit},
    parameters=[DRY_RUN],
)
@takes("dry_run", method="POST")
@api_view(["POST"])
def merge(request: Request, pk: int) -> Response:
    """Merge two labels, or count what that would touch."""
    user = person(request)
    project = members.load_project(user, pk, Role.LEAD)
    given = checked(serializers.LabelMerge, request)
    if flag(request, "dry_run"):
        return Response(label_merge.preview(project, given["from"], given["into"]))
    work = label_merge.start(project, user, given["from"], given["into"])
    return Response(_merged(work), status=202)


@extend_schema(
    summary="Split a label",
    description=(
        "Adds the labels in `names` and asks the items of `label` again: those that `filter` "
        "chooses (parameters of the item list), or those in `items`. The old annotations stay in "
        "the history; their authors may answer again. Unless `retire` is false, `label` is offered "
        "no longer. With `dry_run=1` the answer is 200 with the number of items."
    ),
    request=serializers.LabelSplit,
    responses={200: responses.LabelSplitPreview, 202: responses.LabelEdit},
    parameters=[DRY_RUN],
)
@takes("dry_run", method="POST")
@api_view(["POST"])
def split(request: Request, pk: int) -> Response:
    """Split a label, or count the items that would be asked again."""
    user = person(request)
    project = members.load_project(user, pk, Role.LEAD)
    given = checked(serializers.LabelSplit, request)
    if flag(request, "dry_run"):
        return Response(label_split.preview(project, user, given["label"], given.get("filter")))
    work = label_split.start(project, user, **given)
    return Response(_split(work), status=202)


@extend_schema(summary="Show a change of the labels", responses={200: responses.LabelEdit})
@api_view(["GET"])
def edit(request: Request, pk: int, number: int) -> Response:
    """Show how far a merge is, or what became of a change."""
    project = members.load_project(person(request), pk, Role.LEAD)
    return Response(_told(label_edits.find(project, number)))


@undo_schema("change of the labels", responses.LabelEdit)
@api_view(["POST"])
def undo(request: Request, pk: int, number: int) -> Response:
    """Undo a change of the labels."""
    project, user = undone_by(request, pk)
    work = label_edits.find(project, number)
    work.project = project
    if work.action == LabelEdit.Action.MERGE:
        return Response(_merged(label_merge.request_undo(work, user)), status=202)
    if work.action == LabelEdit.Action.SPLIT:
        return Response(_split(label_split.undo(work, user)), status=202)
    return Response(_told(label_edits.undo_change(work, user)), status=202)


def _merged(work: LabelEdit) -> dict[str, Any]:
    tasks.do_merge(work)
    return _told(work)


def _split(work: LabelEdit) -> dict[str, Any]:
    tasks.ask_again(work)
    return _told(work)


def _told(work: LabelEdit) -> dict[str, Any]:
    return {**told(work), "redo": work.redo_id}
