"""The page lists the files on the server, and imports what is chosen of them."""

from pathlib import Path

import pytest
from django.urls import reverse
from pytest_django import Settings

from annotator.models import Import, Project, User
from tests.given import Region, SignedIn

pytestmark = pytest.mark.django_db


@pytest.fixture
def folder(tmp_path: Path, settings: Settings) -> Path:
    (tmp_path / "mail").mkdir()
    (tmp_path / "mail" / "a & b.csv").write_text("text,label\nwin a prize,spam\n")
    settings.IMPORT_FOLDER = tmp_path
    return tmp_path


def test_page_lists_and_imports_it(
    signed_in: SignedIn, olga: User, project: Project, folder: Path, region: Region
) -> None:
    client = signed_in(olga)
    page = client.get(reverse("imports", args=[project.pk])).content.decode()
    assert "From the server" in page
    assert "server-files?folder=mail" in page
    place = reverse("server_files", args=[project.pk])
    inside = client.get(place, {"folder": "mail"}, headers=region("server-files")).content.decode()
    assert 'value="mail/a &amp; b.csv"' in inside
    assert inside.strip().startswith("<fieldset")
    # Without scripts, the whole page comes with that folder.
    assert "a &amp; b.csv" in client.get(place, {"folder": "mail"}).content.decode()
    assert client.get(place, {"folder": "../.."}).status_code == 200
    given = {"server_file": "mail/a & b.csv", "labels_are": "seed"}
    seen = client.post(reverse("preview_import", args=[project.pk]), given).content.decode()
    assert "win a prize" in seen
    assert "Labels in the file" in seen
    assert client.post(reverse("imports", args=[project.pk]), given).status_code == 302
    assert Import.objects.get().name == "a & b.csv"


def test_page_says_nothing_of_it_without_a_folder(
    signed_in: SignedIn, olga: User, project: Project, settings: Settings
) -> None:
    settings.IMPORT_FOLDER = None
    page = signed_in(olga).get(reverse("imports", args=[project.pk])).content.decode()
    assert "server-files" not in page
    given = {"server_file": "a.csv", "labels_are": "seed"}
    answer = signed_in(olga).post(reverse("imports", args=[project.pk]), given)
    assert answer.status_code == 422
    assert "has no folder to import from" in answer.content.decode()


def test_page_lists_buckets_and_tells_of_a_store_that_is_away(
    signed_in: SignedIn, olga: User, project: Project, settings: Settings, region: Region
) -> None:
    settings.IMPORT_FOLDER, settings.IMPORT_BUCKETS = None, {"letters": "http://127.0.0.1:9"}
    client = signed_in(olga)
    page = client.get(reverse("imports", args=[project.pk])).content.decode()
    assert "?folder=s3%3A%2F%2Fletters" in page
    assert ">s3://letters/</a>" in page
    place = reverse("server_files", args=[project.pk])
    answer = client.get(place, {"folder": "s3://letters"}, headers=region("server-files"))
    assert answer.status_code == 200
    assert 'role="alert"' in answer.content.decode()
    assert "127.0.0.1" not in answer.content.decode()
    # A bucket that is not in the list is never contacted.
    unknown = client.get(place, {"folder": "s3://other"}, headers=region("server-files"))
    assert 'role="alert"' not in unknown.content.decode()
