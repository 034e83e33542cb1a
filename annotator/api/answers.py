"""Answers in requests and responses, named as the project's task type names them."""

from functools import cache
from typing import Any

from drf_spectacular.utils import PolymorphicProxySerializer
from rest_framework import serializers
from rest_framework.request import Request

from annotator import tasktypes
from annotator.api.request_context import checked
from annotator.models import Project

Kind = type[serializers.Serializer[Any]]


def answered(serializer: Kind, request: Request, project: Project) -> dict[str, Any]:
    """Return the request body with the answer stored under `labels`."""
    answer = tasktypes.of(project).answer
    given = checked(_naming(serializer, answer.field), request)
    given[tasktypes.LABELS] = answer.labels(given.pop(answer.field))
    return given


def told(project: Project, body: dict[str, Any]) -> dict[str, Any]:
    """Return a response in which each answer stands under the task type's name."""
    return tasktypes.of(project).answer.told(body)


def described(serializer: Kind) -> Any:
    """Return the schema of a request body with an answer, for all task types."""
    kinds = [_naming(serializer, field) for field in tasktypes.ANSWER_FIELDS]
    if len(kinds) == 1:
        return serializer
    name = f"Any{serializer.__name__}"
    return PolymorphicProxySerializer(name, kinds, resource_type_field_name=None)


@cache
def _naming(serializer: Kind, field: str) -> Kind:
    if field == tasktypes.LABELS:
        return serializer
    # The answer validates its own values.
    fields = {tasktypes.LABELS: None, field: serializers.JSONField()}
    return type(f"{serializer.__name__}By{field.title()}", (serializer,), fields)
