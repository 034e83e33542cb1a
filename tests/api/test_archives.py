"""Projects are archived, opened and cloned through the API."""

import base64
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from annotator.flow.archiving import jobs, run
from annotator.models import ArchiveJob, Item, Project, UnfinishedUpload, Upload, User
from tests import loop
from tests.api.calls import assert_refused, at
from tests.given import Api

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def root(db: Any) -> User:
    return User.objects.create_superuser("root")


@pytest.fixture(autouse=True)
def sent(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Note which jobs were sent to a worker."""
    found: list[int] = []
    monkeypatch.setattr("annotator.tasks.run_archive_job.delay_on_commit", found.append)
    return found


@pytest.fixture
def small(project: Project, ana: User) -> Project:
    loop.fill(project, 12)
    loop.label(project, ana, 4)
    return project


def done(client: Any, answer: Any) -> Any:
    """Do the job that a call started, and return what the API says of it."""
    assert answer.status_code == 202, answer.content
    number = answer.json()["id"]
    run.run(number)
    return client.get(f"/api/v1/archives/{number}").json()


def archive_bytes(client: Any, project: Project) -> bytes:
    told = done(client, client.post(at(project, "/archive")))
    return bytes(client.get(told["url"]).getvalue())


def test_archive_is_offered_once_it_is_whole(
    api: Api, small: Project, olga: User, sent: Any
) -> None:
    client = api(olga)
    begun = client.post(at(small, "/archive"))
    number = begun.json()["id"]
    assert sent == [number]
    assert (begun.status_code, begun.json()["state"], begun.json()["url"]) == (202, "queued", None)
    assert_refused(client.get(f"/api/v1/archives/{number}/file"), 409, "archive_unfinished")
    told = done(client, begun)
    assert (told["state"], told["source"], told["project"]) == ("done", small.pk, None)
    assert told["done"] == told["total"] > 16
    answer = client.get(told["url"])
    assert answer.getvalue().startswith(b"PK")
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="mail-')
    ArchiveJob.objects.update(finished_at="2020-01-01T00:00Z")
    jobs.drop_old()
    assert_refused(client.get(told["url"]), 404, "unknown_archive_file")
    assert list(jobs.folder().iterdir()) == []


def test_archive_becomes_a_project_of_whoever_opens_it(
    api: Api, small: Project, olga: User, root: User
) -> None:
    content = archive_bytes(api(olga), small)
    client = api(root)
    file = SimpleUploadedFile("mail.winnow", content)
    body = {"file": file, "name": "Moved"}
    told = done(client, client.post("/api/v1/projects/import", body, format="multipart"))
    assert (told["state"], told["error"], told["people_created"]) == ("done", "", 0)
    made = client.get(f"/api/v1/projects/{told['project']}").json()
    assert (made["name"], made["items"]) == ("Moved", 12)
    members = client.get(f"/api/v1/projects/{told['project']}/members").json()["results"]
    assert [(each["username"], each["role"]) for each in members] == [("root", "admin")]


def test_large_archive_is_uploaded_outside_of_projects(
    api: Api, small: Project, olga: User, root: User
) -> None:
    content = archive_bytes(api(olga), small)
    client = api(root)
    tus = {"HTTP_TUS_RESUMABLE": "1.0.0"}
    name = base64.b64encode(b"mail.winnow").decode()
    begun = client.post(
        "/api/v1/uploads",
        HTTP_UPLOAD_LENGTH=str(len(content)),
        HTTP_UPLOAD_METADATA=f"filename {name}",
        **tus,
    )
    place = begun.headers["Location"]
    assert place.startswith("/api/v1/uploads/")
    key = place.rpartition("/")[2]
    half = len(content) // 2
    _patch(client, place, content[:half], 0)
    opened = client.post("/api/v1/projects/import", {"upload": key})
    assert_refused(opened, 409, "unfinished_upload")
    assert client.head(place, **tus).headers["Upload-Offset"] == str(half)
    _patch(client, place, content[half:], half)
    # An archive is no import file of a project.
    assert_refused(client.post(at(small, "/imports"), {"upload": key}), 404, "unknown_upload")
    told = done(client, client.post("/api/v1/projects/import", {"upload": key}))
    assert told["state"] == "done", told["error"]
    assert Item.objects.filter(project=told["project"]).count() == 12
    again = client.post("/api/v1/projects/import", {"upload": key})
    assert_refused(again, 404, "unknown_upload")
    assert not Upload.objects.exists()
    assert not UnfinishedUpload.objects.exists()


def _patch(client: Any, place: str, content: bytes, offset: int) -> None:
    answer = client.generic(
        "PATCH",
        place,
        content,
        content_type="application/offset+octet-stream",
        HTTP_TUS_RESUMABLE="1.0.0",
        HTTP_UPLOAD_OFFSET=str(offset),
    )
    assert answer.status_code == 204, answer.content


@pytest.mark.parametrize(
    ("items", "labels", "found"),
    [(False, False, (0, 0)), (True, False, (12, 0)), (True, True, (12, 4))],
)
def test_clone_takes_along_what_is_wanted(
    api: Api, small: Project, olga: User, items: bool, labels: bool, found: Any
) -> None:
    client = api(olga)
    body = {"name": "Second", "items": items, "labels": labels}
    told = done(client, client.post(at(small, "/clone"), body))
    assert told["state"] == "done", told["error"]
    made = Project.objects.alive().get(pk=told["project"])
    shown = client.get(f"/api/v1/projects/{made.pk}").json()
    assert shown["name"] == "Second"
    assert [each["name"] for each in shown["labels"]] == ["spam", "ham"]
    progress = client.get(f"/api/v1/projects/{made.pk}/progress").json()
    assert (progress["items"], progress["labelled"]) == found
    assert (made.seed == small.seed) is items
    fresh = loop.bring_in(made, "more.csv", "text\nnumber new\n")
    assert fresh.created == 1
    # Whoever cloned it can label: nothing waits for rows that were not copied.
    assert client.post(f"/api/v1/projects/{made.pk}/next").json()["item"]


def test_what_cannot_be_cloned_or_opened_is_refused(
    api: Api, small: Project, olga: User, root: User
) -> None:
    body = {"name": "x", "labels": True}
    assert_refused(api(olga).post(at(small, "/clone"), body), 422, "clone_labels", "labels")
    assert_refused(api(olga).post(at(small, "/clone"), {"name": " "}), 422)
    assert_refused(api(root).post("/api/v1/projects/import", {}), 422, "required", "file")
    file = SimpleUploadedFile("mail.csv", b"text\nx\n")
    answer = api(root).post("/api/v1/projects/import", {"file": file}, format="multipart")
    assert_refused(answer, 422, "archive_foreign", "file")
    assert_refused(api(root).post("/api/v1/projects/import", {"upload": "x"}), 404)
    assert not ArchiveJob.objects.exists()


def test_jobs_and_uploads_are_those_of_their_people(
    api: Api, small: Project, olga: User, lea: User, zed: User, root: User
) -> None:
    own = api(olga).post(at(small, "/archive")).json()["id"]
    for client in (api(lea), api(zed)):
        assert_refused(client.get(f"/api/v1/archives/{own}"), 404, "unknown_archive")
        assert_refused(client.get(f"/api/v1/archives/{own}/file"), 404, "unknown_archive")
    assert api(root).get(f"/api/v1/archives/{own}").status_code == 200
    assert_refused(api(olga).get(f"/api/v1/archives/{2**70}"), 404)
    tus = {"HTTP_TUS_RESUMABLE": "1.0.0"}
    begun = api(root).post("/api/v1/uploads", HTTP_UPLOAD_LENGTH="9", **tus)
    other = User.objects.create_superuser("other")
    place = begun.headers["Location"]
    assert api(olga).delete(place, **tus).status_code == 403
    assert api(other).delete(place, **tus).status_code == 404
    assert api(olga).post("/api/v1/uploads", HTTP_UPLOAD_LENGTH="9", **tus).status_code == 403
    assert api(root).delete(place, **tus).status_code == 204
