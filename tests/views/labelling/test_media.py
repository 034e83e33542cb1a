"""Images of items, whole and smaller."""

import io
import random
import threading
from pathlib import PurePosixPath
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import InMemoryStorage, default_storage
from django.test import Client
from django.urls import reverse
from knox.models import AuthToken
from PIL import Image
from pytest_django import Settings

from annotator.flow.operations import cleanup
from annotator.formats import image_zip
from annotator.models import Item, Project, User
from annotator.storage import thumbnails
from tests.given import AddItems, SignedIn

pytestmark = pytest.mark.django_db


class Bucket(InMemoryStorage):
    """A storage whose files lie nowhere on this machine."""

    def path(self, name: Any) -> None:  # type: ignore[override]
        raise NotImplementedError

    def _relative_path(self, name: Any) -> Any:
        return name


def photo(width: Any, height: Any) -> Any:
    """Return something that compresses like a photo: soft shapes under noise."""
    noise = random.Random(7).randbytes(40 * 30 * 3)
    return Image.frombytes("RGB", (40, 30), noise).resize((width, height), Image.Resampling.BICUBIC)


def drawing(width: Any, height: Any) -> Any:
    page = Image.new("RGB", (width, height), "white")
    page.paste("black", (width // 4, height // 4, width // 2, height // 2))
    return page


def encoded(picture: Any, kind: Any) -> Any:
    out = io.BytesIO()
    picture.save(out, kind)
    return out.getvalue()


@pytest.fixture
def stored(add_items: AddItems, project: Project) -> Any:
    """Return a function that stores bytes as an item's picture and gives its address."""

    def store(content: Any, ending: str = "png") -> str:
        item = add_items("")[0]
        name = f"pictures/{project.pk}/ab/{item.pk:032x}.{ending}"
        item.image = default_storage.save(name, ContentFile(content))
        item.save()
        return reverse("media", args=[item.pk])

    return store


@pytest.fixture
def picture(stored: Any) -> Any:
    return stored(b"\x89PNG and more")


def content_of(answer: Any) -> Any:
    assert answer.status_code == 200
    return b"".join(answer.streaming_content)


def opened(answer: Any) -> Any:
    return Image.open(io.BytesIO(content_of(answer)))


def files() -> Any:
    """Return the names of all stored pictures, and of what was left lying about beside them."""
    folder = PurePosixPath(Item.objects.exclude(image="").first().image).parent
    return sorted(default_storage.listdir(str(folder))[1])


# The original ------------------------------------------------------------------------------------


def test_members_get_the_image_and_nothing_else_from_it(
    signed_in: SignedIn, ana: User, picture: Any
) -> None:
    answer = signed_in(ana).get(picture, {"content_type": "text/html"})
    assert content_of(answer) == b"\x89PNG and more"
    assert answer.headers["Content-Type"] == "image/png"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "private, max-age=86400, immutable"


@pytest.mark.parametrize("query", ["", "?size=640", "?size=7", "?size="])
def test_strangers_get_404(signed_in: SignedIn, zed: User, picture: Any, query: str) -> None:
    assert signed_in(zed).get(picture + query).status_code == 404


def test_nobody_is_sent_to_the_login(client: Client, picture: Any) -> None:
    assert client.get(picture + "?size=640").url.startswith("/login")


def test_programs_get_the_image_with_their_token(
    client: Client, ana: User, zed: User, picture: Any
) -> None:
    for user, status in ((ana, 200), (zed, 404)):
        _row, token = AuthToken.objects.create(user)
        answer = client.get(picture, headers={"Authorization": f"Token {token}"})
        assert answer.status_code == status
    wrong = client.get(picture, headers={"Authorization": "Token nonsense"})
    assert (wrong.status_code, wrong.headers["WWW-Authenticate"]) == (401, "Token")


@pytest.mark.parametrize("query", ["", "?size=640"])
def test_removed_members_get_404(
    signed_in: SignedIn, ana: User, picture: Any, project: Project, query: str
) -> None:
    project.memberships.filter(user=ana).delete()
    assert signed_in(ana).get(picture + query).status_code == 404


@pytest.mark.parametrize("query", ["", "?size=640"])
@pytest.mark.parametrize("name", ["items/1/a.svg", "items/1/a.html", "", "items/1/gone.png"])
def test_other_kinds_and_lost_files_are_404(
    signed_in: SignedIn, ana: User, picture: Any, name: str, query: str
) -> None:
    Item.objects.update(image=name)
    assert signed_in(ana).get(picture + query).status_code == 404


def test_item_without_an_image_is_404(signed_in: SignedIn, ana: User, add_items: AddItems) -> None:
    item = add_items("only text")[0]
    assert signed_in(ana).get(reverse("media", args=[item.pk])).status_code == 404


# Smaller copies ----------------------------------------------------------------------------------


@pytest.mark.parametrize("size", thumbnails.SIZES)
def test_large_photo_comes_in_the_size_that_is_asked_for(
    signed_in: SignedIn, ana: User, stored: Any, size: Any
) -> None:
    content = encoded(photo(3000, 2000), "JPEG")
    answer = signed_in(ana).get(stored(content, "jpg"), {"size": size})
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "private, max-age=86400, immutable"
    shown = opened(answer)
    assert shown.size == (size, round(size * 2 / 3))
    assert shown.format == "JPEG"


def test_tall_picture_is_measured_by_its_longer_side(
    signed_in: SignedIn, ana: User, stored: Any
) -> None:
    answer = signed_in(ana).get(stored(encoded(photo(100, 2000), "JPEG"), "jpg"), {"size": 640})
    assert opened(answer).size == (32, 640)


def test_grey_stays_grey(signed_in: SignedIn, ana: User, stored: Any) -> None:
    content = encoded(photo(900, 600).convert("L"), "JPEG")
    assert opened(signed_in(ana).get(stored(content, "jpg"), {"size": 640})).mode == "L"


def test_drawing_stays_lossless(signed_in: SignedIn, ana: User, stored: Any) -> None:
    answer = signed_in(ana).get(stored(encoded(drawing(1000, 1000), "PNG")), {"size": 640})
    assert answer.headers["Content-Type"] == "image/png"
    assert opened(answer).getpixel((200, 200)) == (0, 0, 0)


def test_photo_in_a_png_becomes_a_jpeg(signed_in: SignedIn, ana: User, stored: Any) -> None:
    noise = Image.effect_noise((900, 900), 60).convert("RGB")
    answer = signed_in(ana).get(stored(encoded(noise, "PNG")), {"size": 640})
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert opened(answer).size == (640, 640)


@pytest.mark.parametrize("side", [32, 640])
def test_picture_that_is_no_larger_is_answered_as_it_is(
    signed_in: SignedIn, ana: User, stored: Any, side: int
) -> None:
    content = encoded(drawing(side, side), "PNG")
    assert content_of(signed_in(ana).get(stored(content), {"size": 640})) == content
    assert len(files()) == 1


def test_file_that_cannot_be_read_is_answered_as_it_is(
    signed_in: SignedIn, ana: User, picture: Any
) -> None:
    assert content_of(signed_in(ana).get(picture, {"size": 640})) == b"\x89PNG and more"


def test_picture_with_too_many_pixels_is_not_decoded(
    signed_in: SignedIn, ana: User, stored: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = encoded(drawing(900, 900), "PNG")
    monkeypatch.setattr("annotator.storage.resize.MOST_PIXELS", 800 * 800)
    assert content_of(signed_in(ana).get(stored(content), {"size": 640})) == content


def test_bomb_is_not_decoded(
    signed_in: SignedIn, ana: User, stored: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = encoded(drawing(900, 900), "PNG")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 300 * 300)
    assert content_of(signed_in(ana).get(stored(content), {"size": 640})) == content


@pytest.mark.parametrize(
    "size", ["0", "641", "-640", "640.0", "0640", "999999", "big", "", "６４０"]
)
def test_other_sizes_are_refused_in_words_and_keep_nothing(
    signed_in: SignedIn, ana: User, stored: Any, size: str
) -> None:
    address = stored(encoded(drawing(1000, 1000), "PNG"))
    answer = signed_in(ana).get(address, {"size": size})
    assert answer.status_code == 400
    assert "160, 640, 1280, 2560" in answer.content.decode()
    assert len(files()) == 1


def test_copy_is_made_once_and_lies_beside_the_original(
    signed_in: SignedIn, ana: User, ben: User, stored: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = stored(encoded(photo(1000, 800), "JPEG"), "jpg")
    first = content_of(signed_in(ana).get(address, {"size": 640}))
    original, copy = sorted(files(), key=len)
    assert copy == original.replace(".jpg", ".640.jpg")
    monkeypatch.setattr(thumbnails, "shrink", None)
    assert content_of(signed_in(ben).get(address, {"size": 640})) == first


def test_original_stays_as_it_was(signed_in: SignedIn, ana: User, stored: Any) -> None:
    content = encoded(photo(1000, 800), "JPEG")
    address = stored(content, "jpg")
    signed_in(ana).get(address, {"size": 640})
    assert content_of(signed_in(ana).get(address)) == content


def test_copy_that_is_known_is_not_sent_again(signed_in: SignedIn, ana: User, stored: Any) -> None:
    address = stored(encoded(photo(1000, 800), "JPEG"), "jpg")
    client = signed_in(ana)
    tags = [client.get(address, query).headers["ETag"] for query in ({}, {"size": 640})]
    assert len(set(tags)) == 2
    for tag, status in zip(tags, (200, 304), strict=True):
        answer = client.get(address, {"size": 640}, headers={"If-None-Match": tag})
        assert answer.status_code == status
        assert answer.headers["Cache-Control"] == "private, max-age=86400, immutable"


def test_stranger_who_knows_the_tag_gets_404(
    signed_in: SignedIn, ana: User, zed: User, picture: Any
) -> None:
    tag = signed_in(ana).get(picture).headers["ETag"]
    answer = signed_in(zed).get(picture, headers={"If-None-Match": tag})
    assert answer.status_code == 404


def test_two_at_once_make_one_copy(stored: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    stored(encoded(photo(1000, 800), "JPEG"), "jpg")
    name = Item.objects.get().image
    made = []
    shrink = thumbnails.shrink
    monkeypatch.setattr(thumbnails, "shrink", lambda *args: made.append(args) or shrink(*args))  # type: ignore[func-returns-value]
    copies = []
    threads = [
        threading.Thread(target=lambda: copies.append(thumbnails.copy_of(name, 640)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(copies)) == len(made) == 1
    assert len(files()) == 2


def test_two_processes_at_once_leave_one_whole_copy(
    signed_in: SignedIn, ana: User, stored: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = stored(encoded(photo(1000, 800), "JPEG"), "jpg")
    shrink = thumbnails.shrink
    other = []

    def beaten(file: Any, size: Any) -> Any:
        made = shrink(file, size)
        # Another process stores the same one while this one still works.
        thumbnails._store(thumbnails._copy_name(Item.objects.get().image, size, "jpg"), made[0])
        other.append(made[0])
        return made

    monkeypatch.setattr(thumbnails, "shrink", beaten)
    assert content_of(signed_in(ana).get(address, {"size": 640})) == other[0]
    assert len(files()) == 2


def test_copy_that_cannot_be_stored_costs_only_bytes(
    signed_in: SignedIn, ana: User, stored: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = encoded(photo(1000, 800), "JPEG")
    address = stored(content, "jpg")

    def full(*_args: Any) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr("pathlib.Path.replace", full)
    assert content_of(signed_in(ana).get(address, {"size": 640})) == content
    assert len(files()) == 1


def test_copies_are_kept_in_a_bucket_too(
    signed_in: SignedIn, ana: User, stored: Any, settings: Settings
) -> None:
    storages = dict(settings.STORAGES)
    storages["default"] = {"BACKEND": f"{__name__}.Bucket"}
    settings.STORAGES = storages
    address = stored(encoded(photo(1000, 800), "JPEG"), "jpg")
    for _time in range(2):
        assert opened(signed_in(ana).get(address, {"size": 640})).size == (640, 512)
    assert len(files()) == 2


def test_copies_go_with_their_project(
    signed_in: SignedIn, ana: User, image_project: Project, settings: Settings
) -> None:
    clean, ending = image_zip.clean(encoded(photo(1000, 800), "JPEG"))
    name = default_storage.save(f"pictures/{image_project.pk}/ab/cd.{ending}", ContentFile(clean))
    assert default_storage.exists(thumbnails.copy_of(name, 160))
    cleanup.remove_project(image_project)
    assert not list((settings.MEDIA_ROOT / "pictures").rglob("*.jpg"))


def test_size_that_is_none_of_ours_is_a_mistake(picture: Any) -> None:
    with pytest.raises(ValueError, match="none of the sizes"):
        thumbnails.copy_of(Item.objects.get().image, 641)
