"""Objects are listed; a store's errors are told in words, without secrets."""

import logging
import socket
from collections.abc import Iterator
from contextlib import closing

import pytest
from pytest_django import Settings

from annotator.errors import FlowError, NotFound
from annotator.flow.datasets import importing, server_files, upload
from annotator.models import Project
from annotator.storage import buckets as storage
from tests import buckets
from tests.flow.datasets.buckets.conftest import Fill

pytestmark = pytest.mark.django_db
XML = '<?xml version="1.0" encoding="UTF-8"?><Error><Code>{}</Code><Message>No</Message></Error>'
PAGE = "<html><head><title>Sign in</title></head><body><p>Welcome</body></html>"
XHTML = '<?xml version="1.0"?><html><body><p>Welcome</p></body></html>'


def names(path: str = "") -> list[tuple[str, bool]]:
    return [(each.path, each.is_folder) for each in server_files.listed(path)]


# Lists --------------------------------------------------------------------------------------------


def test_list_has_the_buckets_and_then_their_folders(fill: Fill) -> None:
    bucket, _client = fill({"b/c.csv": b"c", "b/d/e.csv": b"e", "a.csv": b"text\na\n", "b/": b""})
    root = f"s3://{bucket}"
    assert names() == [(root, True)]
    assert names(root) == [(f"{root}/b", True), (f"{root}/a.csv", False)]
    inside = [(f"{root}/b/d", True), (f"{root}/b/c.csv", False)]
    assert names(f"{root}/b") == names(f"{root}/b/") == inside
    (file,) = (each for each in server_files.listed(root) if not each.is_folder)
    assert (file.name, file.size) == ("a.csv", 7)
    assert file.changed_at is not None


def test_long_list_is_cut(fill: Fill, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_files, "MOST_LISTED", 3)
    bucket, _client = fill({f"{number}.csv": b"x" for number in range(5)})
    assert len(names(f"s3://{bucket}")) == 3


def test_folder_on_the_server_stands_beside_the_buckets(
    fill: Fill, settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> None:
    settings.IMPORT_FOLDER = tmp_path_factory.mktemp("imports")
    (settings.IMPORT_FOLDER / "a.csv").write_text("text\na\n")
    bucket, _client = fill({"a.csv": b"x"})
    assert names() == [(f"s3://{bucket}", True), ("a.csv", False)]


@pytest.mark.parametrize(
    "path",
    [
        *("s3://", "s3:///", "s3://other", "s3://other/a.csv", "s3://{}/none", "s3://{}/a.csv/b"),
        *("s3://{}/a\x00.csv", "s3://{}@evil/a.csv", "s3://127.0.0.1/a", "s3://{}/../a.csv"),
        *("s3://{}/a", "http://127.0.0.1/a.csv", "s3://{}/\ud800"),
    ],
)
def test_nothing_else_is_reached(fill: Fill, store: str, path: str) -> None:
    bucket, _client = fill({"a.csv": b"x"})
    # It exists, but nobody allowed it.
    other = f"{bucket}-other"
    buckets.fill(store, other, {"a.csv": b"x"})
    with pytest.raises(NotFound) as refused:
        server_files.find(path.replace("{}", bucket).replace("other", other))
    assert refused.value.code in {"unknown_bucket_file", "no_import_folder"}
    assert refused.value.detail.encode()


def test_address_that_a_row_cannot_keep_is_refused(fill: Fill) -> None:
    bucket, _client = fill({"a" * 250: b"x"})
    with pytest.raises(FlowError) as refused:
        server_files.find(f"s3://{bucket}/{'a' * 250}")
    assert refused.value.code == "server_path_too_long"


# Problems -----------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "CONNECT_SECONDS", 1)
    monkeypatch.setattr(storage, "READ_SECONDS", 1)
    monkeypatch.setattr(storage, "TRIES", 1)


def refusal(settings: Settings, address: str) -> FlowError:
    settings.IMPORT_BUCKETS = {"scans": address}
    with pytest.raises(FlowError) as refused:
        server_files.find("s3://scans/a.csv")
    assert "scans" in refused.value.detail
    assert buckets.CREDENTIALS["AWS_SECRET_ACCESS_KEY"] not in refused.value.detail
    assert address not in refused.value.detail
    return refused.value


@pytest.mark.parametrize(
    ("status", "kind", "body", "code"),
    [
        (403, "application/xml", XML.format("InvalidAccessKeyId"), "bucket_credentials"),
        (403, "application/xml", XML.format("SignatureDoesNotMatch"), "bucket_credentials"),
        (403, "application/xml", XML.format("AccessDenied"), "bucket_denied"),
        (404, "application/xml", XML.format("NoSuchBucket"), "bucket_missing"),
        (301, "application/xml", XML.format("PermanentRedirect"), "bucket_strange"),
        (503, "application/xml", XML.format("SlowDown"), "bucket_away"),
        (502, "text/html", PAGE, "bucket_away"),
        (200, "text/html", PAGE, "bucket_strange"),
        (200, "text/html", XHTML, "bucket_strange"),
        (200, "application/json", '{"error": "no"}', "bucket_strange"),
        (200, "text/plain", "", "bucket_strange"),
        (404, "text/html", PAGE, "bucket_strange"),
        (403, "text/html", PAGE, "bucket_denied"),
    ],
)
def test_what_the_store_answers_is_said_in_words(
    settings: Settings, status: int, kind: str, body: str, code: str
) -> None:
    with buckets.answering(lambda _path: (status, kind, body.encode())) as (address, _asked):
        assert refusal(settings, address).code == code


def test_missing_bucket_is_told_by_a_real_store(settings: Settings, store: str) -> None:
    assert refusal(settings, store).code == "bucket_missing"


@pytest.fixture
def silent() -> Iterator[str]:
    """Yield the address of a server that accepts a connection and never answers."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def test_store_that_is_away_or_silent_is_given_up(settings: Settings, silent: str) -> None:
    found = refusal(settings, silent)
    assert (found.code, found.status, found.retry_after) == ("bucket_away", 503, 10)
    storage._client.cache_clear()
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]
    assert refusal(settings, f"http://127.0.0.1:{port}").code == "bucket_away"


def test_missing_credentials_are_told(
    settings: Settings, store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    assert refusal(settings, store).code == "bucket_credentials"


def test_redirect_to_another_server_is_not_followed(settings: Settings) -> None:
    with buckets.answering(lambda _path: (200, "text/plain", b"inside")) as (inner, asked):
        body = f"<Error><Code>TemporaryRedirect</Code><Endpoint>{inner[7:]}</Endpoint></Error>"
        with buckets.answering(
            lambda _path: (307, "application/xml", body.encode()), {"Location": f"{inner}/inside"}
        ) as (address, _):
            assert refusal(settings, address).code == "bucket_strange"
        assert not asked


def test_no_log_has_the_secret(
    fill: Fill, caplog: pytest.LogCaptureFixture, settings: Settings
) -> None:
    own = settings.LOGGING["loggers"]
    assert {own[name]["level"] for name in ("botocore", "boto3", "urllib3")} == {"WARNING"}
    with caplog.at_level(logging.DEBUG):
        for name in ("botocore", "boto3", "urllib3", "s3transfer"):
            logging.getLogger(name).setLevel(own[name]["level"])
        bucket, _client = fill({"a.csv": b"x"})
        names(f"s3://{bucket}")
    assert buckets.CREDENTIALS["AWS_SECRET_ACCESS_KEY"] not in caplog.text
    assert "Authorization" not in caplog.text


def test_worker_waits_for_a_store_that_is_away(
    project: Project, fill: Fill, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket, _client = fill({"a.csv": b"text\nwin a prize\n"})
    found = server_files.find(f"s3://{bucket}/a.csv")
    monkeypatch.setattr(upload, "fetch_some", lambda _upload: False)
    work = upload.receive(project, project.created_by, found)
    there = settings.IMPORT_BUCKETS
    waited: list[float] = []

    def come_back(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 2:
            settings.IMPORT_BUCKETS = there

    settings.IMPORT_BUCKETS = {bucket: "http://127.0.0.1:9"}
    monkeypatch.setattr(importing.time, "sleep", come_back)
    importing.run(work.pk)
    work.refresh_from_db()
    assert (work.state, work.created, waited) == ("done", 1, [2, 4])


def test_worker_gives_up_in_words(
    project: Project, fill: Fill, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket, _client = fill({"a.csv": b"text\nwin a prize\n"})
    found = server_files.find(f"s3://{bucket}/a.csv")
    monkeypatch.setattr(upload, "fetch_some", lambda _upload: False)
    work = upload.receive(project, project.created_by, found)
    settings.IMPORT_BUCKETS = {bucket: "http://127.0.0.1:9"}
    monkeypatch.setattr(importing.time, "sleep", lambda _seconds: None)
    importing.run(work.pk)
    work.refresh_from_db()
    assert work.state == "failed"
    assert "doesn't answer" in work.error
