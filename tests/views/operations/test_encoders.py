"""The page of pretrained encoders, and what the API says of them."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings
from rest_framework.test import APIClient

from annotator import encoders
from annotator.encoders import adding
from annotator.flow.operations import encoders as installed_encoders
from annotator.jobs.runner import sweep
from annotator.models import EncoderImport, Project, User, jobs
from tests import loop, tiny_encoders
from tests.given import Region, SignedIn

pytestmark = pytest.mark.django_db


@pytest.fixture
def root(db: Any) -> User:
    return User.objects.create_superuser("root")


@pytest.fixture(autouse=True)
def installation(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of encoders of an installation that has none of packages."""
    folder = tmp_path / "encoders"
    folder.mkdir()
    settings.ENCODERS_ON = True
    settings.ENCODERS_FOLDER = folder
    settings.DATA_DIR = tmp_path / "data"
    monkeypatch.setattr("annotator.encoders.packages.CARRIED", ())
    return folder


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    return tiny_encoders.write_text_folder(tmp_path / "elsewhere" / "mine")


def test_page_is_for_the_installation_admin(signed_in: SignedIn, olga: User, root: User) -> None:
    assert signed_in(olga).get(reverse("encoders")).status_code == 403
    assert signed_in(olga).post(reverse("encoders"), {"folder": "/"}).status_code == 403
    assert signed_in(olga).post(reverse("remove_encoder", args=["x"])).status_code == 403
    page = signed_in(root).get(reverse("encoders"))
    assert page.status_code == 200
    assert "No encoder is there" in page.content.decode()
    assert "manage.py encoders add potion-base-8m" in page.content.decode()


def test_encoder_is_shown_with_what_it_is(
    signed_in: SignedIn, root: User, installation: Path
) -> None:
    tiny_encoders.write_text_folder(
        installation / "tiny", licence="MIT", publisher="Someone", source="https://example.org/m"
    )
    page = signed_in(root).get(reverse("encoders")).content.decode()
    for words in ("tiny", "licence: MIT", "Someone", "https://example.org/m", "languages: en"):
        assert words in page
    assert "Prepared when it is first needed" in page
    encoders.load("tiny")
    page = signed_in(root).get(reverse("encoders")).content.decode()
    assert "Ready" in page
    assert "3 dimensions" in page
    # It lies in the folder of the setting, from which this page takes nothing.
    assert reverse("remove_encoder", args=["tiny"]) not in page


def test_broken_encoder_is_explained(signed_in: SignedIn, root: User, installation: Path) -> None:
    tiny_encoders.write_text_folder(installation / "tiny", pooling="most")
    page = signed_in(root).get(reverse("encoders")).content.decode()
    assert "encoder.json has a wrong value for pooling: most." in page


def test_folder_is_added_and_removed(
    signed_in: SignedIn, root: User, elsewhere: Path, region: Region
) -> None:
    browser, headers = signed_in(root), region("encoders")
    page = browser.post(reverse("encoders"), {"folder": f" {elsewhere} "}, headers=headers)
    assert page.status_code == 200
    # A worker copies it; until then the page refreshes automatically.
    assert "Adding mine" in page.content.decode()
    assert encoders.available() == []
    address = page.content.decode().split('hx-get="')[1].split('"')[0]
    assert browser.get(address, headers=headers).status_code == 204
    work = EncoderImport.objects.get()
    installed_encoders.add(work.pk)
    page = browser.get(address, headers=headers)
    assert "mine was added." in page.content.decode()
    assert "hx-trigger" not in page.content.decode()
    assert reverse("remove_encoder", args=["mine"]) in page.content.decode()
    page = browser.post(reverse("remove_encoder", args=["mine"]), headers=headers)
    assert "mine was removed." in page.content.decode()
    assert encoders.available() == []


def test_progress_of_the_copy_is_shown(
    signed_in: SignedIn, root: User, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = signed_in(root)
    browser.post(reverse("encoders"), {"folder": str(elsewhere)})
    size = sum((elsewhere / name).stat().st_size for name in ("model.onnx", "tokenizer.json"))
    monkeypatch.setattr(adding, "BLOCK", size // 2)
    monkeypatch.setattr(installed_encoders, "TELL_SECONDS", 0.0)
    pages, show = [], installed_encoders._Copying.show

    def shown(self: Any, done: int, of: int) -> None:
        show(self, done, of)
        pages.append(browser.get(reverse("encoders")).content.decode())

    monkeypatch.setattr(installed_encoders._Copying, "show", shown)
    installed_encoders.add(EncoderImport.objects.get().pk)
    assert len(pages) >= 2
    assert all(f'max="{size}"' in page for page in pages)
    assert f'value="{size}"' in pages[-1]
    assert f'value="{size}"' not in pages[0]


def test_copy_whose_worker_died_is_made_again(
    signed_in: SignedIn, root: User, elsewhere: Path, time_machine: Any
) -> None:
    time_machine.move_to(timezone.now(), tick=False)
    signed_in(root).post(reverse("encoders"), {"folder": str(elsewhere)})
    work = EncoderImport.objects.get()
    EncoderImport.objects.claim(work.pk)
    # It had copied everything, but could not record that.
    adding.add_folder(elsewhere, build=False)
    assert installed_encoders.add(work.pk) is None
    time_machine.shift(timedelta(seconds=jobs.STALE_SECONDS + 1))
    assert sweep(EncoderImport) == [work.pk]
    installed_encoders.add(work.pk)
    work = loop.refreshed(work)
    assert (work.state, work.error, work.attempts) == ("done", "", 2)
    assert encoders.find("mine") is not None


def test_encoder_that_changed_before_the_worker_came_is_refused_in_words(
    signed_in: SignedIn, root: User, elsewhere: Path
) -> None:
    browser = signed_in(root)
    browser.post(reverse("encoders"), {"folder": str(elsewhere)})
    (elsewhere / "model.onnx").write_bytes(b"changed")
    installed_encoders.add(EncoderImport.objects.get().pk)
    page = browser.get(reverse("encoders")).content.decode()
    assert "mine was not added." in page
    assert "model.onnx is not the one that encoder.json describes" in page
    assert encoders.available() == []


def test_encoder_is_added_once_at_a_time(
    signed_in: SignedIn, root: User, elsewhere: Path, region: Region
) -> None:
    browser, headers = signed_in(root), region("encoders")
    browser.post(reverse("encoders"), {"folder": str(elsewhere)})
    page = browser.post(reverse("encoders"), {"folder": str(elsewhere)}, headers=headers)
    assert page.status_code == 422
    assert "mine is already being added." in page.content.decode()
    assert EncoderImport.objects.count() == 1


def test_what_cannot_be_added_is_422_in_words(
    signed_in: SignedIn, root: User, elsewhere: Path, region: Region
) -> None:
    (elsewhere / "model.onnx").unlink()
    for folder, words in (
        (elsewhere, "model.onnx is missing"),
        (elsewhere / "none", "There is no folder"),
        ("", "This field is required."),
    ):
        page = signed_in(root).post(
            reverse("encoders"), {"folder": str(folder)}, headers=region("encoders")
        )
        assert page.status_code == 422
        assert words in page.content.decode()
    assert encoders.available() == []


def test_encoder_that_a_project_names_stays(
    signed_in: SignedIn, root: User, elsewhere: Path, project: Project, region: Region
) -> None:
    browser, headers = signed_in(root), region("encoders")
    adding.add_folder(elsewhere)
    Project.objects.filter(pk=project.pk).update(features="mine")
    page = browser.post(reverse("remove_encoder", args=["mine"]), headers=headers)
    assert page.status_code == 422
    assert f"{project.name} uses this encoder" in page.content.decode()
    assert encoders.find("mine") is not None


def test_page_says_that_encoders_are_off(
    signed_in: SignedIn, root: User, settings: Settings
) -> None:
    settings.ENCODERS_ON = False
    page = signed_in(root).get(reverse("encoders")).content.decode()
    assert "switched off (WINNOW_ENCODERS=none)" in page


def test_api_lists_encoders_for_everybody_with_an_account(
    client: Any, ana: User, installation: Path
) -> None:
    assert client.get("/api/v1/encoders").status_code == 401
    tiny_encoders.write_text_folder(installation / "tiny", source="https://example.org/m")
    api = APIClient()
    api.force_authenticate(ana)
    (found,) = api.get("/api/v1/encoders").json()["results"]
    assert found["name"] == "tiny"
    assert (found["medium"], found["languages"], found["licence"]) == ("text", ["en"], "MIT")
    assert found["source"] == "https://example.org/m"
    assert len(found["sha256"]) == 64
    assert found["ready"] is False
    encoders.load("tiny")
    (found,) = api.get("/api/v1/encoders").json()["results"]
    assert (found["ready"], found["dimensions"]) == (True, 3)


def test_list_costs_the_same_for_many(
    signed_in: SignedIn,
    root: User,
    installation: Path,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for number in range(4):
        tiny_encoders.write_text_folder(installation / f"tiny-{number}")
    browser = signed_in(root)
    with django_assert_num_queries(3):
        browser.get(reverse("encoders"))
