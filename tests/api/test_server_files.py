"""Files on the server are listed and imported by admins of projects."""

from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from annotator.models import Import, Item, Project, Upload, User
from tests.api.calls import assert_refused, at
from tests.given import Api

pytestmark = pytest.mark.django_db


@pytest.fixture
def folder(tmp_path: Path, settings: Settings) -> Path:
    (tmp_path / "mail").mkdir()
    (tmp_path / "mail" / "a & b.csv").write_text("text,label\nwin a prize,spam\n")
    settings.IMPORT_FOLDER = tmp_path
    return tmp_path


def test_list_names_what_an_import_takes(
    api: Api, olga: User, project: Project, folder: Path
) -> None:
    client = api(olga)
    (there,) = client.get(at(project, "/server-files")).json()["results"]
    assert (there["path"], there["is_folder"]) == ("mail", True)
    inside = client.get(at(project, "/server-files"), {"folder": "mail"}).json()["results"]
    assert [(each["path"], each["size"]) for each in inside] == [("mail/a & b.csv", 28)]
    assert_refused(client.get(at(project, "/server-files"), {"folder": "../"}), 404)
    given = {"server_file": inside[0]["path"]}
    answer = client.post(at(project, "/imports"), given, format="json")
    assert (answer.status_code, answer.json()["name"]) == (202, "a & b.csv")


def test_dry_run_keeps_an_upload_that_can_be_imported(
    api: Api, olga: User, project: Project, folder: Path
) -> None:
    client = api(olga)
    given = {"server_file": "mail/a & b.csv"}
    seen = client.post(at(project, "/imports?dry_run=1"), given, format="json").json()
    assert (seen["new"], seen["rows"][0]["text"]) == (1, "win a prize")
    answer = client.post(at(project, "/imports"), {"upload": seen["upload"]}, format="json")
    assert answer.status_code == 202
    assert not Upload.objects.exists()


def test_two_ways_at_once_or_a_path_outside_are_refused(
    api: Api, olga: User, project: Project, folder: Path
) -> None:
    client = api(olga)
    both = {"server_file": "mail/a & b.csv", "upload": "x"}
    assert_refused(client.post(at(project, "/imports"), both, format="json"), 422, field="file")
    for path in ("../etc/passwd", "/etc/passwd", "mail/none.csv"):
        for tail in ("/imports", "/imports?dry_run=1"):
            answer = client.post(at(project, tail), {"server_file": path}, format="json")
            assert_refused(answer, 404, "unknown_server_file", "server_file")
    assert not Import.objects.exists()


def test_only_admins_of_the_project_see_it(
    api: Api, ana: User, project: Project, folder: Path
) -> None:
    assert api(ana).get(at(project, "/server-files")).status_code in {403, 404}


def test_command_imports_it(project: Project, folder: Path, capsys: Any) -> None:
    call_command("import_dataset", project.pk, "mail/a & b.csv", "--server-file", format="json")
    assert Item.objects.get().text == "win a prize"
    for wrong in ("../x.csv", str(folder / "mail" / "a & b.csv")):
        with pytest.raises(CommandError, match="no file"):
            call_command("import_dataset", project.pk, wrong, "--server-file")


def test_buckets_are_listed_and_their_stores_are_never_named_by_a_request(
    api: Api, olga: User, project: Project, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    settings.IMPORT_FOLDER, settings.IMPORT_BUCKETS = None, {"scans": "http://127.0.0.1:9"}
    client = api(olga)
    (there,) = client.get(at(project, "/server-files")).json()["results"]
    assert (there["path"], there["is_folder"], there["changed_at"]) == ("s3://scans", True, None)
    for path in ("s3://other/a.csv", "s3://127.0.0.1:9/a.csv", "s3://http://127.0.0.1:9/a"):
        answer = client.post(at(project, "/imports"), {"server_file": path}, format="json")
        assert_refused(answer, 404, "unknown_bucket_file", "server_file")
    answer = client.post(at(project, "/imports"), {"server_file": "s3://scans/a"}, format="json")
    assert_refused(answer, 503, "bucket_away", "server_file")
    assert answer.headers["Retry-After"] == "10"
