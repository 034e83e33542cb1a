"""Files are uploaded through the API, and their imports reported."""

import csv
import io
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from pytest_django import Settings

from annotator.flow.datasets import importing
from annotator.models import Import, Project, User
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
    assert report.headers["Content-Type"] == "text/csv"
    assert "attachment" in report.headers["Content-Disposition"]
    assert len(list(csv.reader(io.StringIO(report.getvalue().decode())))) == 2
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
        ("a.csv", b"titre\nx\n", {}, 422, "missing_column"),
        ("a.csv", b"text\nx\n", {"text_column": "no"}, 422, "missing_column"),
        ("a.xlsx", b"PK", {}, 415, "wrong_type"),
        ("a.zip", b"PK", {}, 415, "wrong_type"),
        ("a.csv", b"text\nx\n", {"labels_are": "silver"}, 422, None),
        ("a.csv", b"text\nx\n", {"format": "xlsx"}, 422, None),
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


def test_missing_column_names_those_that_are_there(api: Api, project: Project, olga: User) -> None:
    body = assert_refused(upload(api(olga), project, "a.csv", b"titre,corps\nx,y\n"), 422)
    assert "“titre”, “corps”" in body["detail"]


def test_import_needs_a_file(api: Api, project: Project, olga: User) -> None:
    answer = api(olga).post(at(project, "/imports"), {"format": "csv"}, format="multipart")
    assert_refused(answer, 422, field="file")
    assert_refused(api(olga).post(at(project, "/imports"), {"file": "x"}), 415)


def test_file_that_is_too_large_is_refused(
    api: Api, project: Project, olga: User, settings: Settings
) -> None:
    settings.MAX_UPLOAD_MB = 0
    assert_refused(upload(api(olga), project, "a.csv", b"text\nx\n"), 413, "too_large")
