"""An encoder is prepared once, wholly or not at all."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from django.conf import settings

from annotator import encoders
from annotator.encoders import preparing, sources
from annotator.encoders.preparing import Progress
from annotator.encoders.sources import Source

# Stops in the middle of building, with half of a file there, until it is killed.
SLOW = """
import sys, time
from pathlib import Path
import django
from django.conf import settings
django.setup()
settings.DATA_DIR, settings.ENCODERS_ON = Path(sys.argv[1]), True
settings.ENCODERS_FOLDER = Path(sys.argv[2])
from annotator import encoders
from annotator.encoders import preparing
def slow(spec):
    folder = next((settings.DATA_DIR / "encoders" / "prepared").glob(".new-tiny-*"))
    (folder / "encoder" / "model.onnx").write_bytes(b"half")
    print("building", flush=True)
    time.sleep(60)
preparing.open_encoder = slow
encoders.load("tiny")
"""


@pytest.fixture
def source(tiny: Path) -> Source:
    return sources.read_folder(tiny)


def prepared_folder() -> Path:
    return Path(settings.DATA_DIR) / "encoders" / "prepared"


def test_killed_preparation_leaves_nothing_that_is_taken(tiny: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", SLOW, str(settings.DATA_DIR), str(tiny.parent)],
        stdout=subprocess.PIPE,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "annotator.settings"},
        text=True,
    )
    assert child.stdout.readline() == "building\n"
    (found,) = encoders.available()
    assert not found.ready
    assert found.preparing == Progress("trying", 2, 3)
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert encoders.find("tiny").preparing is None
    assert list(prepared_folder().glob(".new-tiny-*"))
    encoders.load("tiny")
    assert encoders.find("tiny").ready
    assert not list(prepared_folder().glob(".new-*"))


def test_two_at_once_prepare_once(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    times = []
    opened = preparing.open_encoder

    def counted(spec: object) -> object:
        times.append(spec)
        time.sleep(0.05)
        return opened(spec)

    monkeypatch.setattr(preparing, "open_encoder", counted)
    threads = [threading.Thread(target=preparing.prepare, args=(source,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # Once to measure the dimensions that the manifest does not tell, once to try it.
    assert len(times) == 2


def test_steps_are_told_on_the_way(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    told = []
    opened = preparing.open_encoder

    def watched(spec: object) -> object:
        told.append(preparing.progress("tiny"))
        return opened(spec)

    monkeypatch.setattr(preparing, "open_encoder", watched)
    preparing.prepare(source)
    assert told[0] == Progress("trying", 2, 3)
    assert preparing.progress("tiny") is None


def test_damaged_record_is_made_again(source: Source) -> None:
    preparing.prepare(source)
    record = prepared_folder() / "tiny" / "encoder.json"
    for content in (b"", b"{}", b"[1]", record.read_bytes()[:-20]):
        record.write_bytes(content)
        assert preparing.find_prepared(source) is None
        preparing.prepare(source)
        assert preparing.find_prepared(source) is not None


def test_forgotten_is_prepared_again(source: Source) -> None:
    preparing.prepare(source)
    preparing.forget("tiny")
    assert preparing.find_prepared(source) is None
    preparing.forget("tiny")
    assert preparing.prepare(source).manifest.dimensions == 3
