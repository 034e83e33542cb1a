"""What the processes of an installation have loaded before anything happens in them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.checks.source import ROOT

WEB = "import annotator.wsgi"
WORKER = "from annotator.celery import app; app.loader.init_worker()"
# Each takes its memory for as long as the process runs, and only a few requests or jobs use it.
LEARNING = {"sklearn", "scipy", "pandas", "joblib", "onnx", "onnxruntime", "tokenizers"}
FILES = {"openpyxl", "python_calamine", "xlsxwriter", "zstandard"}
# Installed with something else, and loaded by libraries just because they are there.
UNUSED = {"docutils", "jinja2", "markdown", "psycopg", "pygments", "requests"}
PAGES = {
    "annotator.api",
    "annotator.urls",
    "annotator.views",
    "django.test",
    "drf_spectacular.plumbing",
    "rest_framework.serializers",
}


def loaded(start: str, folder: Path) -> set[str]:
    """Return the modules of a process that has started like this, on SQLite and its own data."""
    found = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", f"{start}; import sys; print(*sys.modules)"],
        cwd=ROOT,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "annotator.settings",
            "CELERY_SKIP_CHECKS": "true",
            "DATABASE_URL": f"sqlite:///{folder / 'winnow.sqlite3'}",
            "METRICS": "off",
            "WINNOW_DATA": str(folder),
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return set(found.stdout.split())


@pytest.mark.parametrize(
    ("start", "heavy"),
    [(WEB, LEARNING | FILES | UNUSED), (WORKER, LEARNING | FILES | UNUSED | PAGES)],
    ids=["web", "worker"],
)
def test_process_starts_without_what_few_use(start: str, heavy: set[str], tmp_path: Path) -> None:
    found = loaded(start, tmp_path)
    assert "annotator.models" in found
    assert found & heavy == set()


def test_web_process_has_loaded_what_its_first_requests_need(tmp_path: Path) -> None:
    # The processes that are forked from it share the memory.
    assert {"annotator.views.urls", "kombu.transport.redis", "redis.client"} <= loaded(
        WEB, tmp_path
    )


def test_a_worker_loads_its_tasks_and_what_its_log_lines_carry(tmp_path: Path) -> None:
    found = loaded(WORKER, tmp_path)
    assert {"annotator.tasks", "annotator.logs.task_log_context"} <= found
