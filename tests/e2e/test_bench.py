"""`manage.py bench` starts an installation of its own, measures it, and leaves nothing behind."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests import servers

pytestmark = [pytest.mark.servers]


def test_bench_measures_and_cleans_up(tmp_path: Path) -> None:
    sizes = ["--items", "300", "--large", "500", "--pictures", "40"]
    command = [sys.executable, "manage.py", "bench", "import", *sizes, "--format", "json"]
    with servers.short_folder() as own:
        env = {**servers.Winnow(tmp_path).env, "TMPDIR": str(own)}
        done = subprocess.run(
            command,
            cwd=servers.ROOT,
            env=env,
            capture_output=True,
            text=True,
            timeout=servers.patient(240),
        )
        left = list(own.iterdir())
    assert done.returncode == 0, done.stderr
    figures = {each["name"]: each for each in json.loads(done.stdout)}
    assert figures["import of 300 short texts"]["value"] > 0
    assert figures["import of 500 rows of 200 bytes"]["value"] > 0
    assert figures["import of 40 small pictures"]["value"] > 0
    assert figures["peak memory of a worker process"]["value"] > 20
    assert left == []
    assert not [each for each in psutil.process_iter(["cmdline"]) if _names(each, own)]


def _names(process: Any, folder: Any) -> Any:
    return any(str(folder) in word for word in process.info["cmdline"] or [])
