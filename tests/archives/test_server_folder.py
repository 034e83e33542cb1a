"""An archive in the folder on the server is opened where it is, and stays there."""

from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from annotator.errors import FlowError
from annotator.flow.archiving import jobs, run
from annotator.flow.datasets.server_files import ServerFile
from annotator.models import ArchiveJob, Item, Job, Project, User
from tests import loop
from tests.archives import moving
from tests.given import Api

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def archived(project: Project, tmp_path_factory: Any, settings: Settings) -> Path:
    """Return the archive of a project with items, in the folder; smaller than uploads may be."""
    loop.fill(project, 5)
    folder = tmp_path_factory.mktemp("imports")
    (folder / "old").mkdir()
    path: Path = folder / "old" / "mail.winnow"
    path.write_bytes(moving.archive_of(project).read_bytes())
    (folder / "other.winnow").write_text("text\nno archive\n")
    settings.IMPORT_FOLDER = folder
    settings.MAX_UPLOAD_MB = 0
    return path


def test_archive_is_opened_and_stays(archived: Path, olga: User) -> None:
    content = archived.read_bytes()
    work = jobs.receive_server_file(olga, "old/mail.winnow", "Moved")
    run.run(work.pk)
    work.refresh_from_db()
    assert (work.state, work.error, work.file_name) == (Job.State.DONE, "", "mail.winnow")
    assert work.made is not None
    assert work.made.name == "Moved"
    assert Item.objects.filter(project=work.made).count() == 5
    assert archived.read_bytes() == content
    assert not list(jobs.folder().glob(f"{work.pk}-*"))


def test_damaged_archive_is_refused_and_stays(archived: Path, olga: User) -> None:
    content = bytearray(archived.read_bytes())
    middle = len(content) // 3
    content[middle : middle + 40] = bytes(40)
    archived.write_bytes(content)
    work = jobs.receive_server_file(olga, "old/mail.winnow")
    run.run(work.pk)
    work.refresh_from_db()
    assert work.state == Job.State.FAILED
    ArchiveJob.objects.update(finished_at="2020-01-01T00:00Z")
    jobs.drop_old()
    assert archived.read_bytes() == bytes(content)


def test_archive_that_went_meanwhile_is_told(archived: Path, olga: User) -> None:
    work = jobs.receive_server_file(olga, "old/mail.winnow")
    archived.unlink()
    run.run(work.pk)
    work.refresh_from_db()
    assert work.state == Job.State.FAILED
    assert "old/mail.winnow" in work.error


def test_other_files_folders_and_buckets_are_refused(
    archived: Path, olga: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path, code in (
        *(("other.winnow", "archive_foreign"), ("old", "archive_foreign")),
        *(("../secret", "unknown_server_file"), ("s3://none/a", "unknown_bucket_file")),
    ):
        with pytest.raises(FlowError) as refused:
            jobs.receive_server_file(olga, path)
        assert refused.value.code == code
    found = ServerFile("s3://scans/a.winnow", False, 1, None, "token")
    monkeypatch.setattr(jobs.server_files, "find", lambda _path: found)
    with pytest.raises(FlowError) as refused:
        jobs.receive_server_file(olga, found.path)
    assert refused.value.code == "archive_in_bucket"
    assert not ArchiveJob.objects.filter(kind=ArchiveJob.Kind.IMPORT).exists()


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_api_and_page_take_its_path(archived: Path, api: Api, olga: User, ana: User) -> None:
    archived.rename(archived.parents[1] / "mail.winnow")
    User.objects.filter(pk=olga.pk).update(is_superuser=True)
    olga.refresh_from_db()
    given = {"server_file": "mail.winnow", "name": "By the API"}
    answer = api(olga).post("/api/v1/projects/import", given, format="json")
    assert (answer.status_code, answer.json()["kind"]) == (202, "import")
    assert api(ana).post("/api/v1/projects/import", given, format="json").status_code == 403
    client, place = signed_in(olga), reverse("open_archive")
    page = client.get(place).content.decode()
    assert '<option value="mail.winnow">' in page
    assert client.post(place, {"server_file": "mail.winnow"}).status_code == 302
    assert ArchiveJob.objects.filter(kind=ArchiveJob.Kind.IMPORT).count() == 2
    refused = client.post(place, {"server_file": "other.winnow"})
    assert refused.status_code == 422
    assert "isn&#x27;t a project archive" in refused.content.decode()


def test_page_without_archives_on_the_server_says_nothing_of_them(olga: User) -> None:
    User.objects.filter(pk=olga.pk).update(is_superuser=True)
    olga.refresh_from_db()
    assert "server_file" not in signed_in(olga).get(reverse("open_archive")).content.decode()
