"""Shared by the page tests: signed-in browsers, and items to label."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from annotator.flow.operations import background_reports
from annotator.models import Item, Project, User
from tests import loop
from tests.browser import browser_type_launch_args  # noqa: F401, a fixture
from tests.given import PutState


@pytest.fixture
def signed_in() -> Callable[[User], Client]:
    """Return a function that gives a user's signed-in browser."""

    def of(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return of


@pytest.fixture
def region() -> Callable[[str], dict[str, str]]:
    """Return a function that gives the headers of an htmx request for a region."""

    def headers(target: str) -> dict[str, str]:
        return {"HX-Request": "true", "HX-Target": target}

    return headers


@pytest.fixture
def add_items(project: Project) -> Callable[..., list[Item]]:
    """Return a function that adds texts to the project's pool."""

    def add(*texts: str) -> list[Item]:
        first = project.items
        made = Item.objects.bulk_create(
            Item(
                project=project,
                position=first + number,
                audit_key=(first + number + 1) << 50,
                key=f"key-{first + number}",
                content_hash=(first + number).to_bytes(16, "big"),
                text=text,
            )
            for number, text in enumerate(texts)
        )
        project.items += len(made)
        project.save(update_fields=["items"])
        return made

    return add


@pytest.fixture
def troubles() -> Any:
    """Errors in the browser's console, except for lost connections, which tests cause."""
    return []


@pytest.fixture
def crowd(put_state: PutState) -> Any:
    """A project with answers of two users, some of them wrong."""
    return put_state(_crowd)


def _crowd() -> Project:
    project = loop.by_two(loop.mail_project(), loop.person("ana"), loop.person("ben"))
    loop.go_round(project)
    background_reports.make_all(project.pk)
    return project
