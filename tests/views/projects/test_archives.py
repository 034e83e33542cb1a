"""Archives on the pages: settings card, page to open one, progress and failures in words."""

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from annotator.archives.writer import write
from annotator.flow.archiving import jobs, run
from annotator.models import ArchiveJob, Project, User
from tests import loop

pytestmark = pytest.mark.django_db


@pytest.fixture
def small(project: Project, ana: User) -> Project:
    loop.fill(project, 6)
    loop.label(project, ana, 2)
    return project


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def page(client: Client, project: Project) -> str:
    return client.get(reverse("settings", args=[project.pk])).content.decode()


def test_only_admins_see_the_card(small: Project, olga: User, lea: User) -> None:
    assert 'id="archives"' in page(signed_in(olga), small)
    assert 'id="archives"' not in page(signed_in(lea), small)
    for name in ("archive", "clone"):
        answer = signed_in(lea).post(reverse(name, args=[small.pk]))
        assert answer.status_code == 403
    assert signed_in(lea).get(reverse("archive_jobs", args=[small.pk])).status_code == 403
    assert not ArchiveJob.objects.exists()


def test_archive_is_started_watched_and_fetched(small: Project, olga: User, tmp_path: Path) -> None:
    client = signed_in(olga)
    answer = client.post(reverse("archive", args=[small.pk]))
    assert answer.headers["Location"].endswith(f"/projects/{small.pk}/settings#archives")
    work = ArchiveJob.objects.get()
    shown = page(client, small)
    assert "Waiting for a worker." in shown
    assert "data-poll" in shown
    poll = reverse("archive_jobs", args=[small.pk])
    region = client.get(poll, headers={"HX-Request": "true", "HX-Target": "archive_jobs"})
    assert region.content.decode().lstrip().startswith('<div id="archive_jobs"')
    ArchiveJob.objects.update(state="done", path="x.winnow", size=5, finished_at=work.created_at)
    assert f'href="/api/v1/archives/{work.pk}/file"' in page(client, small)


def test_clone_asks_for_a_name_and_keeps_what_is_wrong_out(small: Project, olga: User) -> None:
    client = signed_in(olga)
    address = reverse("clone", args=[small.pk])
    assert "Copy of Mail" in page(client, small)
    answer = client.post(address, {"clone-name": "", "clone-scope": "items"}, follow=True)
    assert "This field is required." in answer.content.decode()
    assert not ArchiveJob.objects.exists()
    client.post(address, {"clone-name": "Second", "clone-scope": "items"})
    work = ArchiveJob.objects.get()
    assert (work.kind, work.scope, work.name) == ("clone", "items", "Second")


def test_archive_is_opened_on_its_own_page(small: Project, olga: User, tmp_path: Path) -> None:
    root = User.objects.create_superuser("root")
    client = signed_in(root)
    assert reverse("open_archive") in client.get(reverse("projects")).content.decode()
    assert reverse("open_archive") not in signed_in(olga).get(reverse("projects")).content.decode()
    assert signed_in(olga).get(reverse("open_archive")).status_code == 403
    assert (
        f"Up to {settings.MAX_UPLOAD_MB} MB."
        in client.get(reverse("open_archive")).content.decode()
    )
    path = tmp_path / "mail.winnow"
    write(small, path)
    file = SimpleUploadedFile("mail.winnow", path.read_bytes())
    answer = client.post(reverse("open_archive"), {"file": file, "name": "Moved"})
    assert answer.status_code == 302
    work = ArchiveJob.objects.get()
    User.objects.filter(username="ana").update(username="renamed")
    run.run(work.pk)
    shown = client.get(reverse("open_archive")).content.decode()
    assert "1 person has no account here." in shown
    assert "You are the only member." in shown
    made = ArchiveJob.objects.get().made
    assert made is not None
    assert reverse("dashboard", args=[made.pk]) in shown


def test_wrong_files_keep_the_form_and_say_why(db: Any) -> None:
    client = signed_in(User.objects.create_superuser("root"))
    none = client.post(reverse("open_archive"), {"name": "Kept"})
    assert none.status_code == 422
    assert "Choose an archive." in none.content.decode()
    assert 'value="Kept"' in none.content.decode()
    file = SimpleUploadedFile("mail.csv", b"text\nx\n")
    wrong = client.post(reverse("open_archive"), {"file": file})
    assert wrong.status_code == 422
    assert "This file isn&#x27;t a project archive of Winnow." in wrong.content.decode()


def test_failure_says_what_happened_and_what_to_do(
    small: Project, olga: User, tmp_path: Path
) -> None:
    root = User.objects.create_superuser("root")
    path = tmp_path / "mail.winnow"
    write(small, path)
    content = bytearray(path.read_bytes())
    content[content.index(b"tables/item.jsonl") + 60] ^= 1
    work = jobs.receive(root, SimpleUploadedFile("mail.winnow", bytes(content)))
    run.run(work.pk)
    shown = signed_in(root).get(reverse("open_archive")).content.decode()
    assert "The archive is damaged: tables/item.jsonl" in shown
    assert "Choose the archive again once the cause is gone." in shown


def test_settings_page_asks_the_database_no_more_with_more_jobs(
    small: Project, olga: User, django_assert_max_num_queries: Any
) -> None:
    client = signed_in(olga)
    for number in range(2):
        jobs.clone(small, olga, f"Copy {number}", items=False, labels=False)
    with django_assert_max_num_queries(200) as few:
        page(client, small)
    for number in range(8):
        jobs.clone(small, olga, f"More {number}", items=False, labels=False)
    with django_assert_max_num_queries(len(few.captured_queries)):
        page(client, small)
