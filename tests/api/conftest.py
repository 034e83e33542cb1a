"""Shared by the API tests: a busy project, and a check of every response."""

import json
from typing import Any

import pytest
from rest_framework.test import APIClient

from annotator.models import Project
from tests import loop
from tests.api import described
from tests.given import Fill, PutState


@pytest.fixture(autouse=True)
def _responses_are_as_described(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail if a response does not match its description."""
    plain = APIClient.request

    def request(self: APIClient, **kwargs: Any) -> Any:
        response = plain(self, **kwargs)
        match = getattr(response, "resolver_match", None)
        is_json = response.get("Content-Type", "") == "application/json" and not response.streaming
        if is_json and response.status_code < 300 and match and match.route.startswith("api/v1/"):
            body = json.loads(response.content)
            faults = described.faults(kwargs["REQUEST_METHOD"], match, response.status_code, body)
            assert faults == []
        return response

    monkeypatch.setattr(APIClient, "request", request)


@pytest.fixture
def busy(put_state: PutState) -> Any:
    """The project with seed labels, annotations of two users, a round, a model and a full queue."""
    return put_state(_busy)


def _busy() -> Project:
    return loop.keep_busy(loop.mail_project())


@pytest.fixture
def stocked(project: Project, filled: Fill) -> Any:
    """The project with a few items, not labelled yet."""
    filled(project, 6)
    return project
