"""Large files are uploaded in chunks by a real browser, over connections that break."""

import hashlib
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from annotator.flow.datasets import resumable
from annotator.flow.datasets.upload import uploaded
from annotator.models import Import, Project, UnfinishedUpload, Upload, User
from tests.views.in_browser import MARKS, sign_in

pytestmark = MARKS

MB = 1 << 20
LINE = (
    b"%07d,a text that is as long as it must be for a row of one hundred bytes, which it nearly is"
)


class Wire:
    """A connection to the server that is cut, or stands still, at byte counts."""

    def __init__(self, target: tuple[str, int]) -> None:
        self._target = target
        self.cuts: list[int] = []
        self.stands_at: int | None = None
        self.cut, self.passed = 0, 0
        self._open: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()
        self.hang_up()

    def hang_up(self) -> None:
        for each in list(self._open):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _address = self._listener.accept()
                far = socket.create_connection(self._target)
                self._open |= {near, far}
                threading.Thread(target=self._pump, args=(near, far, True), daemon=True).start()
                threading.Thread(target=self._pump, args=(far, near, False), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, is_sent: bool) -> None:
        with suppress(OSError):
            while block := source.recv(1 << 16):
                while is_sent and self.stands_at is not None and self.passed > self.stands_at:
                    time.sleep(0.01)
                sink.sendall(block)
                self.passed += len(block) * is_sent
                if self.cuts and self.passed > self.cuts[0]:
                    self.cuts.pop(0)
                    self.cut += 1
                    self.hang_up()
        for each in (source, sink):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def wire(live_server: LiveServer) -> Iterator[Wire]:
    target = urlsplit(live_server.url)
    assert target.hostname
    assert target.port
    made = Wire((target.hostname, target.port))
    yield made
    made.close()


@pytest.fixture
def form(
    page: Page, context: BrowserContext, live_server: LiveServer, wire: Wire, project: Project,
    olga: User,
) -> Any:  # fmt: skip
    """Return the import page, reached over the wire."""
    sign_in(context, live_server, olga)
    page.goto(f"http://localhost:{wire.port}/projects/{project.pk}/imports")
    return page


def table(path: Path, size: int) -> Path:
    """Write a table of that size."""
    with path.open("wb") as out:
        out.write(b"id,text\n")
        for number in range(size // (len(LINE % 0) + 1)):
            out.write(LINE % number + b"\n")
    return path


def test_connection_that_is_cut_three_times_loses_nothing(
    form: Page, wire: Wire, tmp_path: Path
) -> None:
    wire.cuts = [30 * MB, 90 * MB, 150 * MB]
    file = table(tmp_path / "large.csv", 200 * MB)
    form.set_input_files("input[type=file]", file)
    figures = form.locator("#upload-figures")
    expect(figures).to_contain_text("MB per second", timeout=30_000)
    assert form.evaluate("document.querySelector('#upload-progress').value") < 100
    expect(form.locator("#import-preview tbody tr")).to_have_count(20, timeout=180_000)
    assert wire.cut == 3
    # Little was sent twice: what came before each cut was kept.
    assert wire.passed < file.stat().st_size + 3 * 16 * MB + 5 * MB
    form.click("#upload button.primary")
    expect(form.locator("#import_rows")).to_contain_text("large.csv", timeout=30_000)
    with uploaded(Import.objects.get().path).open("rb") as stored, file.open("rb") as sent:
        digests = [hashlib.file_digest(each, "sha256").digest() for each in (stored, sent)]
    assert digests[0] == digests[1]


def test_upload_goes_on_after_a_reload_when_the_file_is_chosen_again(
    form: Page, wire: Wire, tmp_path: Path
) -> None:
    wire.stands_at = 25 * MB
    file = table(tmp_path / "large.csv", 60 * MB)
    form.set_input_files("input[type=file]", file)
    while wire.passed <= wire.stands_at:
        form.wait_for_timeout(50)
    form.on("dialog", lambda dialog: dialog.accept())
    wire.hang_up()
    wire.stands_at = None
    form.reload()
    expect(form.locator("[data-unfinished]")).to_contain_text("large.csv")
    before = wire.passed
    form.set_input_files("input[type=file]", file)
    expect(form.locator("#import-preview tbody tr")).to_have_count(20, timeout=60_000)
    # A chunk is sent twice if the server still waits for the rest of the one that was cut off.
    assert wire.passed - before < file.stat().st_size - 25 * MB + 17 * MB
    assert uploaded(Upload.objects.get().path).read_bytes() == file.read_bytes()


def test_upload_is_paused_and_resumed(form: Page, wire: Wire, tmp_path: Path) -> None:
    wire.stands_at = 10 * MB
    form.set_input_files("input[type=file]", table(tmp_path / "large.csv", 20 * MB))
    expect(form.locator("#upload-figures")).to_contain_text("large.csv")
    expect(form.locator("#upload button[type=submit]:enabled")).to_have_count(0)
    # What is chosen meanwhile does not send the file a second time.
    form.select_option("#id_labels_are", "ignore")
    form.click("#upload-pause")
    wire.stands_at = None
    expect(form.locator("#upload-figures")).to_contain_text("Paused at")
    expect(form.locator("#upload-pause")).to_have_text("Resume")
    form.click("#upload-pause")
    expect(form.locator("#import-preview tbody tr")).to_have_count(20, timeout=60_000)
    assert wire.passed < 20 * MB + 17 * MB


def test_full_disk_pauses_with_words(
    form: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = resumable._write

    def full(file: Any, blocks: Any) -> int:
        if file.tell() > 4 * MB:
            raise OSError(28, "No space left on device")
        return plain(file, blocks)

    monkeypatch.setattr(resumable, "_write", full)
    form.set_input_files("input[type=file]", table(tmp_path / "large.csv", 20 * MB))
    expect(form.locator("#upload-problem")).to_contain_text("free space", timeout=20_000)
    assert not Upload.objects.exists()
    monkeypatch.undo()
    form.click("#upload-pause")
    expect(form.locator("#import-preview tbody tr")).to_have_count(20, timeout=60_000)


def test_several_large_files_become_one_import(form: Page, tmp_path: Path) -> None:
    files = [table(tmp_path / name, 3 * MB) for name in ("one.csv", "two.csv")]
    form.set_input_files("input[type=file]", files)
    expect(form.locator("#import-preview tbody tr")).to_have_count(20, timeout=60_000)
    assert [each.name for each in Upload.objects.all()] == ["2 files.zip"]


def test_refusal_and_removal_are_shown(
    form: Page, tmp_path: Path, project: Project, olga: User
) -> None:
    form.set_input_files("input[type=file]", table(tmp_path / "large.exe", 5 * MB))
    expect(form.locator("#upload-problem")).to_contain_text("large.exe")
    # With a format, it is sent after all.
    form.click("#import-columns summary")
    form.select_option("#id_format", "csv")
    expect(form.locator("#import-preview tbody tr")).to_have_count(20, timeout=60_000)
    resumable.create(project, olga, "left.csv", 10)
    form.reload()
    form.click("[data-remove-upload]")
    expect(form.locator("[data-unfinished]")).to_have_count(0)
    assert not UnfinishedUpload.objects.exists()
