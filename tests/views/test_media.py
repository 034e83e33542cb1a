"""Images of items."""

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.urls import reverse

from annotator.models import Item

pytestmark = pytest.mark.django_db


@pytest.fixture
def picture(add_items):
    name = default_storage.save("items/1/a.png", ContentFile(b"\x89PNG and more"))
    item = add_items("")[0]
    Item.objects.filter(pk=item.pk).update(image=name)
    return reverse("media", args=[item.pk])


def test_members_get_the_image_and_nothing_else_from_it(signed_in, ana, picture):
    answer = signed_in(ana).get(picture, {"content_type": "text/html"})
    assert b"".join(answer.streaming_content) == b"\x89PNG and more"
    assert answer.headers["Content-Type"] == "image/png"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "private, max-age=86400"


def test_strangers_get_404(signed_in, zed, picture):
    assert signed_in(zed).get(picture).status_code == 404


def test_removed_members_get_404(signed_in, ana, picture, project):
    project.memberships.filter(user=ana).delete()
    assert signed_in(ana).get(picture).status_code == 404


@pytest.mark.parametrize("name", ["items/1/a.svg", "items/1/a.html", "", "items/1/gone.png"])
def test_other_kinds_and_lost_files_are_404(signed_in, ana, picture, name):
    Item.objects.update(image=name)
    assert signed_in(ana).get(picture).status_code == 404


def test_item_without_an_image_is_404(signed_in, ana, add_items):
    item = add_items("only text")[0]
    assert signed_in(ana).get(reverse("media", args=[item.pk])).status_code == 404
