"""An image viewer in a real browser."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.urls import reverse
from playwright.sync_api import BrowserContext, Page
from pytest_django.live_server_helper import LiveServer

from annotator.models import Project, User
from tests.given import AddItems
from tests.views.in_browser import sign_in
from tests.views.pictures.viewing import encoded, open_viewer, photo


@pytest.fixture
def picture(add_items: AddItems, project: Project) -> Any:
    """Return a function that stores an image of a given size and returns its URL."""

    def store(width: Any = 3000, height: Any = 2000) -> str:
        item = add_items("")[0]
        name = f"pictures/{project.pk}/ab/{item.pk:032x}.jpg"
        item.image = default_storage.save(name, ContentFile(encoded(photo(width, height))))
        item.save()
        return reverse("media", args=[item.pk])

    return store


@pytest.fixture
def viewer(
    page: Page,
    context: BrowserContext,
    live_server: LiveServer,
    ana: User,
    project: Project,
    troubles: list[str],
) -> Iterator[Any]:
    sign_in(context, live_server, ana)
    yield open_viewer(page, live_server, troubles)
    assert troubles == []


@pytest.fixture
def asked(viewer: Any) -> Any:
    """Return the URLs of the images that the browser requests, in order."""
    addresses = []
    viewer.on(
        "request",
        lambda request: (
            "/media/" in request.url and addresses.append(request.url.split("/items/")[1])  # type: ignore[func-returns-value]
        ),
    )
    return addresses
