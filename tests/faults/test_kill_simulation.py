"""A simulation whose worker is killed goes on where it was, by itself."""

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from typing import Any

import pytest

from tests import servers

pytestmark = pytest.mark.servers

START = """
import django; django.setup()
from django.core.files.uploadedfile import SimpleUploadedFile
from annotator.bench.synthetic_text import texts
from annotator.flow.projects import settings
from annotator.flow.simulation import job
from annotator.models import User
user = User.objects.get(is_superuser=True)
project = settings.create_project(user, name="Tried", labels=["a", "b"])
lines = ["text,label", *(f'"{text}",{topic}' for text, topic in texts(3000))]
file = SimpleUploadedFile("posts.csv", "\\n".join(lines).encode())
job.start(project, user, file=file, strategies=["auto"], labels=400, seeds=3)
"""


def test_simulation_whose_worker_is_killed_goes_on_where_it_was(server: Any) -> None:
    settings = {"WINNOW_DATA": str(server.folder), "DJANGO_SETTINGS_MODULE": "annotator.settings"}
    subprocess.run(
        [sys.executable, "-c", START],
        env={**os.environ, **settings},
        check=True,
        timeout=servers.patient(60),
    )
    servers.wait_until(lambda: stored(server)[1] >= 2, 90, "the first runs")
    before = stored(server)[1]
    for process in reversed(server.children("celery")):
        process.send_signal(signal.SIGKILL)
    servers.wait_until(lambda: stored(server)[0] == "done", 150, "the end of it")
    state, done, summary = stored(server)
    assert (state, done) == ("done", 9)
    assert before < 9
    assert "savings" in summary


def stored(server: Any) -> Any:
    with closing(sqlite3.connect(server.folder / "winnow.sqlite3", timeout=20)) as database:
        found = database.execute("SELECT state, done, summary FROM annotator_simulation").fetchone()
    return found
