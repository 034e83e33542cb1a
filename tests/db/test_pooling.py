"""What the web asks of PostgreSQL, and Winnow behind PgBouncer in transaction mode."""

import csv
import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from annotator.bench.synthetic_text import texts
from tests import servers
from tests.oracle import new_project, rows

pytestmark = pytest.mark.servers

TIMEOUTS = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")


@pytest.fixture(scope="module")
def database() -> Iterator[Any]:
    with servers.postgres(servers.TABLES) as address:
        yield address


def told(door: Any, database: Any, folder: Any, **env: Any) -> Any:
    """Return the time-outs of a connection that is made once `door` was imported."""
    code = (
        f"import {door}, django; django.setup()\n"
        "from django.db import connection\n"
        "with connection.cursor() as cursor:\n"
        f"    for name in {TIMEOUTS!r}:\n"
        "        cursor.execute('SELECT current_setting(%s)', [name])\n"
        "        print(cursor.fetchone()[0])\n"
    )
    found = subprocess.run(
        [sys.executable, "-c", code],
        cwd=servers.ROOT,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "annotator.settings",
            "DATABASE_URL": database,
            "WINNOW_DATA": str(folder),
            **env,
        },
        capture_output=True,
        text=True,
    )
    assert found.returncode == 0, found.stderr
    return found.stdout.split()


def test_only_the_web_is_impatient(database: Any, tmp_path: Path) -> None:
    assert told("annotator.wsgi", database, tmp_path) == ["5s", "2s", "30s"]
    assert told("annotator", database, tmp_path) == ["0", "0", "0"]


def test_a_pooler_is_told_nothing_at_the_start(database: Any, tmp_path: Path) -> None:
    assert told("annotator.wsgi", database, tmp_path, PGBOUNCER="true") == ["0", "0", "0"]


@contextmanager
def pgbouncer(database: Any) -> Iterator[Any]:
    """Run a private PgBouncer in transaction mode before `database` and yield its address."""
    program = servers.needed(shutil.which("pgbouncer", path="/usr/sbin:/usr/bin"), "pgbouncer")
    behind, port = urlsplit(database), servers.free_port()
    user = "postgres" if os.geteuid() == 0 else None
    with servers.short_folder() as folder:
        conf = folder / "pgbouncer.ini"
        conf.write_text(
            f"[databases]\nwinnow = host=127.0.0.1 port={behind.port} user=winnow\n"
            f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
            "auth_type = any\npool_mode = transaction\ndefault_pool_size = 4\n"
            "max_client_conn = 200\n"
        )
        if user:
            os.chown(conf, pwd.getpwnam(user).pw_uid, -1)
        server = subprocess.Popen([program, "-q", conf], user=user, cwd=folder)
        try:
            servers.wait_until(lambda: servers.accepts(port), 30, "PgBouncer")
            yield f"postgres://winnow@127.0.0.1:{port}/winnow"
        finally:
            server.terminate()
            server.wait(servers.patient(30))


def test_winnow_works_behind_pgbouncer(database: Any, tmp_path: Path) -> None:
    path = tmp_path / "posts.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "text", "label"])
        writer.writerows([n, text, topic] for n, (text, topic) in enumerate(texts(1500)))
    with (
        pgbouncer(database) as pooled,
        servers.winnow(tmp_path / "winnow", DATABASE_URL=pooled, PGBOUNCER="true") as server,
    ):
        oracle = new_project(server.client(), path, {r["id"]: r["label"] for r in rows(path)})
        servers.wait_until(lambda: oracle.progress()["round"], 90, "the first round")
        oracle.label(40)
        # A round reads texts and labels by cursors that would outlive their connection's loan.
        servers.wait_until(lambda: oracle.progress()["model"], 90, "a model")
        assert all(turn["state"] != "failed" for turn in oracle.rounds())
        assert len(set(oracle.served)) == 40
        assert "Traceback" not in server.said()
