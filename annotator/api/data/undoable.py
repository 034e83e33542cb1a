"""Jobs of a lead that can be undone: changes of labels, bulk edits of items."""

from collections.abc import Callable
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from annotator.api import serializers
from annotator.api.request_context import checked, person
from annotator.flow.projects import members
from annotator.models import BulkEdit, LabelEdit, Project, Role, User

TOLD = (
    "action",
    "state",
    "total",
    "done",
    "can_undo",
    "is_undo",
    "undone",
    "kept",
    "error",
    "created_at",
    "finished_at",
)


def told(work: BulkEdit | LabelEdit) -> dict[str, Any]:
    """Return how far a job is, and what became of it."""
    return {"id": work.pk, **{name: getattr(work, name) for name in TOLD}}


def undo_schema(what: str, answer: type[Any]) -> Callable[[Any], Any]:
    """Describe the call that undoes a job."""
    return extend_schema(
        summary=f"Undo a {what}",
        description="What was changed again since stays, and is counted in `kept`.",
        request=serializers.Nothing,
        responses={202: answer},
    )


def undone_by(request: Request, pk: int) -> tuple[Project, User]:
    """Return the project and the lead who undoes a job of it; the body must be empty."""
    user = person(request)
    project = members.load_project(user, pk, Role.LEAD)
    checked(serializers.Nothing, request)
    return project, user
