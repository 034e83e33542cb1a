"""The endpoint of pretrained encoders."""

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from annotator.api import responses
from annotator.flow.operations import encoders as installed_encoders
from annotator.messages import encoders as messages


@extend_schema(
    summary="List the pretrained encoders",
    description="Those that projects of this installation can use, ready or not.",
    responses={200: responses.page_of(responses.Encoder)},
)
@api_view(["GET"])
def encoders(_request: Request) -> Response:
    """List the pretrained encoders of this installation."""
    found = [messages.as_json(each) for each in installed_encoders.installed()]
    return Response({"next": None, "previous": None, "results": found})
