"""Files are uploaded through the API, and their imports reported."""

import csv
import io
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from PIL import Image
from pytest_django import Settings

from annotator.flow.datasets import importing
from annotator.flow.datasets import upload as files
from annotator.flow.operations import cleanup
from annotator.models import Import, Item, Project, Upload, User
from tests import loop
from tests.api.calls import assert_refused, at
from tests.given import Api

pytestmark = pytest.mark.django_db


def upload(client: Any, project: Project, name: Any, content: Any, **fields: Any) -> Any:
    data = {"file": SimpleUploadedFile(name, content), **fields}
    return client.post(at(project, "/imports"), data, format="multipart")


def test_file_is_taken_in_and_its_state_told(api: Api, project: Project, olga: User) -> None:
    client = api(olga)
    answer = upload(
        client,
        project,
        "a.csv",
        b"corps,kind\nx,spam\ny,spma\nx,spam\n",
        text_column="corps",
        label_column="kind",
        labels_are="gold",
    )
    assert answer.status_code == 202
    number = answer.json()["id"]
    assert answer.json()["state"] == "queued"
    importing.run(number)
    told = client.get(at(project, f"/imports/{number}")).json()
    counts = {n: told[n] for n in ("state", "total", "done", "created", "duplicates", "rejected")}
    assert counts == {
        "state": "done",
        "total": 3,
        "done": 3,
        "created": 1,
        "duplicates": 1,
        "rejected": 1,
    }
    assert told["errors"] == [
        {"row": 2, "code": "unknown_label", "detail": told["errors"][0]["detail"]}
    ]
    report = client.get(told["report_url"])
    assert report.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert "attachment" in report.headers["Content-Disposition"]
    lines = list(csv.DictReader(io.StringIO(report.getvalue().decode())))
    assert [(each["row"], each["fate"]) for each in lines] == [
        ("2", "rejected"),
        ("3", "duplicates"),
    ]
    (listed,) = client.get(at(project, "/imports")).json()["results"]
    assert listed == told


def test_import_without_rejected_rows_has_no_report(api: Api, project: Project, olga: User) -> None:
    work = loop.bring_in(project, "a.csv", "text\nx\n")
    assert api(olga).get(at(project, f"/imports/{work.pk}")).json()["report_url"] is None
    assert_refused(api(olga).get(at(project, f"/imports/{work.pk}/report")), 404, "no_report")


@pytest.mark.parametrize(
    ("name", "content", "fields", "status", "code"),
    [
        ("a.csv", b"", {}, 422, "empty_file"),
        ("a.csv", b"text\n", {}, 422, "empty_file"),
        ("a.csv", b"titre,n\nx,1\n", {}, 422, "missing_column"),
        ("a.csv", b"text\nx\n", {"text_column": "no"}, 422, "missing_column"),
        ("a.docx", b"PK", {}, 415, "wrong_type"),
        ("a.png", b"PK", {}, 415, "wrong_type"),
        ("a.csv", b"text\nx\n", {"labels_are": "silver"}, 422, None),
        ("a.csv", b"text\nx\n", {"format": "docx"}, 422, None),
    ],
)
def test_file_that_cannot_be_used_is_refused_at_once(
    api: Api,
    project: Project,
    olga: User,
    name: str,
    content: bytes,
    fields: Any,
    status: int,
    code: Any,
) -> None:
    assert_refused(upload(api(olga), project, name, content, **fields), status, code)
    assert not Import.objects.exists()


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({}, "text_column"),
        ({"text_column": "no"}, "text_column"),
        ({"text_column": "n", "label_column": "no"}, "label_column"),
        ({"text_column": "n", "id_column": "no"}, "id_column"),
        ({"text_column": "n", "vector_column": "no"}, "vector_column"),
    ],
)
@pytest.mark.parametrize("way", ["", "?dry_run=1"])
def test_missing_column_is_told_with_the_field_that_names_it(
    api: Api, project: Project, olga: User, given: dict[str, str], field: str, way: str
) -> None:
    file = SimpleUploadedFile("a.csv", b"titre,n\nx,1\n")
    answer = api(olga).post(
        at(project, f"/imports{way}"), {"file": file, **given}, format="multipart"
    )
    assert_refused(answer, 422, "missing_column", field)


def test_missing_column_names_those_that_are_there(api: Api, project: Project, olga: User) -> None:
    body = assert_refused(upload(api(olga), project, "a.csv", b"titre,corps\nx,y\n"), 422)
    assert "“titre”, “corps”" in body["detail"]


def test_import_needs_a_file(api: Api, project: Project, olga: User) -> None:
    answer = api(olga).post(at(project, "/imports"), {"format": "csv"}, format="multipart")
    assert_refused(answer, 422, field="file")
    assert_refused(api(olga).post(at(project, "/imports"), {"file": "x"}), 422, field="file")


def test_file_that_is_too_large_is_refused(
    api: Api, project: Project, olga: User, settings: Settings
) -> None:
    settings.MAX_UPLOAD_MB = 0
    assert_refused(upload(api(olga), project, "a.csv", b"text\nx\n"), 413, "too_large")


# Dry run -----------------------------------------------------------------------------------------

MAIL = b"id,text,label\n1,win a prize,spam\n2,lunch at noon,Ham\n3,,ham\n4,win a prize,spam\n"


def dry_run(client: Any, project: Project, content: bytes = MAIL, **fields: Any) -> Any:
    data = {"file": SimpleUploadedFile("mail.csv", content), **fields}
    answer = client.post(at(project, "/imports?dry_run=1"), data, format="multipart")
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_dry_run_tells_the_fate_of_every_row_and_stores_nothing(
    api: Api, project: Project, olga: User
) -> None:
    told = dry_run(api(olga), project)
    assert (told["format"], told["encoding"], told["delimiter"]) == ("csv", "utf-8", ",")
    assert told["columns"] == ["id", "text", "label"]
    assert told["mapping"] == {"id": "id", "text": "text", "label": "label"}
    assert (told["new"], told["duplicates"], told["conflicts"], told["rejected"]) == (1, 1, 0, 2)
    assert told["labels"] == {"spam": 2, "Ham": 1}
    assert told["unknown_labels"] == [{"name": "Ham", "rows": 1, "did_you_mean": "ham"}]
    assert told["reasons"] == {"unknown_label": 1, "empty_text": 1, "duplicate_text": 1}
    assert told["rows"][0]["text"] == "win a prize"
    assert told["rows"][0]["labels"] == ["spam"]
    assert "isn't a label" in told["rows"][1]["problem"]
    assert (told["complete"], told["rows_read"], told["total"]) == (True, 4, 4)
    project.refresh_from_db()
    assert (project.items, Import.objects.count(), Item.objects.count()) == (0, 0, 0)


def test_dry_run_becomes_an_import_as_it_was_chosen(api: Api, project: Project, olga: User) -> None:
    client = api(olga)
    first = dry_run(client, project)
    body = {"upload": first["upload"], "label_map": {"Ham": "ham"}}
    again = client.post(at(project, "/imports?dry_run=1"), body)
    assert (again.json()["new"], again.json()["unknown_labels"]) == (2, [])
    # The options of the dry run apply to the import as well.
    answer = client.post(at(project, "/imports"), {"upload": first["upload"]})
    assert answer.status_code == 202, answer.content
    importing.run(answer.json()["id"])
    told = client.get(at(project, f"/imports/{answer.json()['id']}")).json()
    assert (told["state"], told["created"], told["duplicates"], told["rejected"]) == (
        "done",
        2,
        1,
        1,
    )
    twice = client.post(at(project, "/imports"), {"upload": first["upload"]})
    assert_refused(twice, 404, "unknown_upload")


def test_upload_of_another_project_is_not_there(
    api: Api, project: Project, image_project: Project, olga: User
) -> None:
    told = dry_run(api(olga), project)
    answer = api(olga).post(at(image_project, "/imports"), {"upload": told["upload"]})
    assert_refused(answer, 404, "unknown_upload")


def test_uploads_that_nobody_imports_go_after_a_day(api: Api, project: Project, olga: User) -> None:
    kept, old = (dry_run(api(olga), project)["upload"] for _ in range(2))
    row = Upload.objects.get(pk=old)
    Upload.objects.filter(pk=old).update(created_at=timezone.now() - timedelta(hours=25))
    cleanup.drop_unused_uploads()
    assert [str(each.pk) for each in Upload.objects.all()] == [kept]
    assert not files.uploaded(row.path).exists()
    assert files.uploaded(Upload.objects.get().path).exists()


def test_pictures_are_seen_before_they_are_imported(
    api: Api, image_project: Project, olga: User, settings: Settings
) -> None:
    out = io.BytesIO()
    Image.new("RGB", (400, 300), "red").save(out, "PNG")
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("cat/1.png", out.getvalue())
        file.writestr("cat/2.png", b"no picture")
    data = {"file": SimpleUploadedFile("pets.zip", archive.getvalue())}
    client = api(olga)
    answer = client.post(at(image_project, "/imports?dry_run=1"), data, format="multipart")
    told = answer.json()
    assert (told["new"], told["rejected"]) == (1, 1)
    assert told["rows"][0]["image_url"].startswith("data:image/")
    assert "problem" in told["rows"][1]
    assert not (Path(settings.MEDIA_ROOT) / "pictures").exists()


# Strictness --------------------------------------------------------------------------------------


def test_unknown_field_is_refused_by_name_with_those_there_are(
    api: Api, project: Project, olga: User
) -> None:
    body = assert_refused(
        upload(api(olga), project, "a.csv", b"text\nx\n", text_colum="x"), 422, field="text_colum"
    )
    assert "text_column" in body["detail"]
    assert not Import.objects.exists()


@pytest.mark.parametrize(
    ("method", "path"),
    [("get", "/imports"), ("post", "/imports"), ("get", "/items"), ("get", ""), ("post", "/next")],
)
def test_unknown_query_parameter_is_refused_by_name(
    api: Api, project: Project, olga: User, method: str, path: str
) -> None:
    answer = getattr(api(olga), method)(at(project, f"{path}?labell=spam"))
    body = assert_refused(answer, 422, "unknown_parameter", field="labell")
    if path == "/items":
        assert "q, by, label" in body["detail"]


# Cancel ------------------------------------------------------------------------------------------


def test_import_is_cancelled_once(api: Api, project: Project, olga: User) -> None:
    client = api(olga)
    number = upload(client, project, "a.csv", b"text\nx\n").json()["id"]
    told = client.post(at(project, f"/imports/{number}/cancel")).json()
    assert (told["state"], told["error"][:17]) == ("failed", "Cancelled by olga")
    assert told["cancelled_at"] is not None
    assert importing.run(number) is None
    assert not Item.objects.exists()
    assert_refused(client.post(at(project, f"/imports/{number}/cancel")), 409, "not_running")
