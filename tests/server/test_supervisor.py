"""The supervisor as a script: it is given a plan, and says why the plan cannot be kept."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from annotator.server import supervisor
from tests import servers


def _supervise(script: Path, plan: dict[str, Any]) -> "subprocess.CompletedProcess[str]":
    reader, writer = os.pipe()
    os.write(writer, json.dumps(plan).encode())
    os.close(writer)
    try:
        return subprocess.run(
            [sys.executable, "-S", "-P", script, str(reader)],
            pass_fds=[reader],
            capture_output=True,
            text=True,
            timeout=servers.patient(30),
        )
    finally:
        os.close(reader)


def _plan(**given: Any) -> dict[str, Any]:
    return {
        "children": [],
        "host": "127.0.0.1",
        "port": servers.free_port(),
        "broker_socket": "",
        "broker_folder": "",
        "greeting": "It answers.",
        "no_answer": "Nothing answers.",
        "no_broker": "No broker.",
        **given,
    }


def test_it_imports_nothing_of_the_app() -> None:
    code = (
        "import sys, runpy; runpy.run_path(sys.argv[1], run_name='read');"
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    words = [sys.executable, "-S", "-P", "-c", code, supervisor.__file__]
    loaded = set(subprocess.run(words, capture_output=True, text=True, check=True).stdout.split())
    assert "subprocess" in loaded
    assert not loaded & {"annotator", "celery", "django", "multiprocessing", "urllib"}


@pytest.mark.parametrize("missing", ["broker", "web"])
def test_it_says_what_did_not_start_and_stops_the_rest(tmp_path: Path, missing: str) -> None:
    started = tmp_path / "started"
    code = f"import pathlib, time; pathlib.Path({str(started)!r}).touch(); time.sleep(600)"
    child = {"name": "One", "command": [sys.executable, "-c", code], "env": {}, "last": True}
    absent = {"broker_socket": str(tmp_path / "none")} if missing == "broker" else {}
    impatient = tmp_path / "supervisor.py"
    source = Path(supervisor.__file__).read_text()
    impatient.write_text(source.replace("READY_SECONDS = 60.0", "READY_SECONDS = 1.0"))
    done = _supervise(impatient, _plan(children=[child], **absent))
    assert started.exists()
    assert done.returncode == 1
    assert done.stderr.strip() == ("No broker." if missing == "broker" else "Nothing answers.")
