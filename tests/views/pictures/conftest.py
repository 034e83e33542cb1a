"""A box with a viewer of pictures in a real browser."""

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.urls import reverse

from tests.views.in_browser import sign_in
from tests.views.pictures.viewing import encoded, open_viewer, photo


@pytest.fixture
def picture(add_items, project):
    """Return a function that stores a picture of some size and gives its address."""

    def store(width=3000, height=2000):
        item = add_items("")[0]
        name = f"pictures/{project.pk}/ab/{item.pk:032x}.jpg"
        item.image = default_storage.save(name, ContentFile(encoded(photo(width, height))))
        item.save()
        return reverse("media", args=[item.pk])

    return store


@pytest.fixture
def viewer(page, context, live_server, ana, project, troubles):
    sign_in(context, live_server, ana)
    yield open_viewer(page, live_server, troubles)
    assert troubles == []


@pytest.fixture
def asked(viewer):
    """Return the addresses of the pictures that the browser asks for, as they come."""
    addresses = []
    viewer.on(
        "request",
        lambda request: (
            "/media/" in request.url and addresses.append(request.url.split("/items/")[1])
        ),
    )
    return addresses
