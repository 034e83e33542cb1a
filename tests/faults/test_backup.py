"""Backup and restore of real installations, while people label."""

import csv
import json
import os
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from annotator.bench.synthetic_text import texts
from annotator.models import Project
from tests import servers, shared
from tests.oracle import Oracle, new_project, rows

pytestmark = pytest.mark.servers


@pytest.fixture(params=["sqlite", "postgresql"])
def databases(request: pytest.FixtureRequest) -> Iterator[Any]:
    """A database without rows and an empty one of one kind, as the environment names them."""
    if request.param == "sqlite":
        yield {}, {}
        return
    with servers.postgres(servers.TABLES) as one, servers.postgres() as other:
        yield {"DATABASE_URL": one}, {"DATABASE_URL": other}


@pytest.fixture
def posts(tmp_path: Path) -> Any:
    path = tmp_path / "posts.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "text", "label"])
        writer.writerows([n, text, topic] for n, (text, topic) in enumerate(texts(2000)))
    return path


def run(server: Any, *words: Any, **env: Any) -> Any:
    return subprocess.run(
        server.command(*words),
        cwd=servers.ROOT,
        env={**server.env, **env},
        capture_output=True,
        text=True,
        timeout=servers.patient(300),
    )


def labelled(server: Any, project: Project) -> Any:
    """Return the items with a label, as the export has them."""
    lines = server.client().call("GET", f"/projects/{project}/export?format=jsonl").splitlines()
    return [json.loads(line)["item"] for line in lines]


def test_what_was_saved_before_the_backup_is_there_after_the_restore(
    databases: Any, posts: Any, tmp_path: Path
) -> None:
    truth = {row["id"]: row["label"] for row in rows(posts)}
    folder = tmp_path / "backups"
    folder.mkdir()
    with servers.winnow(tmp_path / "one", **databases[0]) as server:
        oracle = new_project(server.client(), posts, truth)
        servers.wait_until(lambda: done_rounds(oracle), 90, "the first round")
        oracle.label(40)
        servers.wait_until(lambda: done_rounds(oracle) > 1, 90, "a model")
        before, during, made = label_while(
            oracle, lambda: run(server, "backup", str(folder), "--format", "json")
        )
        assert made.returncode == 0, made.stderr
        manifest = json.loads(made.stdout)
        stored = server.client().call("GET", f"/projects/{oracle.project}")
    assert during > 0
    assert before <= manifest["counts"]["annotations"] <= before + during

    again = servers.Winnow(tmp_path / "other", **databases[1])
    restored = run(again, "restore", manifest["file"], "--format", "json")
    assert restored.returncode == 0, restored.stderr
    assert json.loads(restored.stdout)["counts"] == manifest["counts"]
    with servers.winnow(tmp_path / "other", **databases[1]) as server:
        found = labelled(server, oracle.project)
        assert len(found) == len(set(found)) == manifest["counts"]["annotations"]
        assert set(oracle.served[:before]) <= set(found) <= set(oracle.served)
        back = server.client().call("GET", f"/projects/{oracle.project}")
        assert back["items"] == stored["items"] == 2000
        assert back["labels"] == stored["labels"]
        goes_on(server, oracle.project, truth)


def done_rounds(oracle: Any) -> Any:
    return sum(turn["state"] == "done" for turn in oracle.rounds())


def label_while(oracle: Any, work: Any) -> Any:
    """Do `work` while labels are saved; return how many were before, how many meanwhile, and it."""
    over, problems = threading.Event(), []

    def label() -> None:
        try:
            while not over.is_set():
                oracle.label(1)
        except Exception as problem:
            problems.append(problem)

    before = len(oracle.saved)
    thread = threading.Thread(target=label)
    thread.start()
    try:
        made = work()
    finally:
        over.set()
        thread.join(servers.patient(60))
    assert not problems, problems
    return before, len(oracle.saved) - before, made


def goes_on(server: Any, project: Project, truth: Any) -> None:
    """Label in a restored installation until its model has learnt from that."""
    oracle = Oracle(server.client(), project, truth)
    rounds = done_rounds(oracle)
    version = oracle.progress()["model"]["version"]
    oracle.label(40)
    assert len(oracle.saved) == 40
    servers.wait_until(lambda: done_rounds(oracle) > rounds, 90, "a round")
    servers.wait_until(lambda: oracle.progress()["model"]["version"] > version, 30, "a model")
    answer = oracle.client.call(
        "POST", f"/projects/{project}/predict", {"items": [{"text": "a text"}]}
    )
    assert answer["predictions"]


def test_without_features_a_restore_has_them_made_again(posts: Any, tmp_path: Path) -> None:
    truth = {row["id"]: row["label"] for row in rows(posts)}
    target = tmp_path / "small.tar.gz"
    with servers.winnow(tmp_path / "one") as server:
        oracle = new_project(server.client(), posts, truth)
        servers.wait_until(lambda: done_rounds(oracle), 90, "the first round")
        oracle.label(40)
        servers.wait_until(lambda: done_rounds(oracle) > 1, 90, "a model")
        made = run(server, "backup", str(target), "--without-features")
        assert made.returncode == 0, made.stderr
    with tarfile.open(target) as archive:
        assert not [name for name in archive.getnames() if "/features/" in name]
    again = servers.Winnow(tmp_path / "other")
    assert run(again, "restore", str(target)).returncode == 0
    with servers.winnow(tmp_path / "other") as server:
        goes_on(server, oracle.project, truth)


def test_a_restore_touches_nothing_it_was_not_told_to(posts: Any, tmp_path: Path) -> None:
    target, data = tmp_path / "full.tar", tmp_path / "one"
    truth = {row["id"]: row["label"] for row in rows(posts)}
    with servers.winnow(data) as server:
        oracle = new_project(server.client(), posts, truth)
        oracle.label(3)
        assert run(server, "backup", str(target), "--with-secret-key").returncode == 0
        assert "is there already" in run(server, "backup", str(target)).stderr
        oracle.label(4)
        running = run(server, "restore", str(target), "--force")
        assert "runs on" in running.stderr
        assert len(labelled(server, oracle.project)) == 7
    assert target.stat().st_mode & 0o777 == 0o600
    assert not list(data.glob("backup-*"))
    key = (data / "secret_key").read_text()

    refused = run(server, "restore", str(target))
    assert refused.returncode != 0
    assert "--force" in refused.stderr
    damaged = tmp_path / "damaged.tar"
    damaged.write_bytes(target.read_bytes()[:-200_000] + bytes(200_000))
    refused = run(server, "restore", str(damaged), "--force")
    assert refused.returncode != 0
    with server_again(server):
        assert len(labelled(server, oracle.project)) == 7

    (data / "secret_key").write_text("another-one-that-was-made-since-" * 2)
    assert run(server, "restore", str(target), "--force").returncode == 0
    assert not list(data.glob("restoring-*"))
    assert (data / "secret_key").read_text() == key
    with server_again(server):
        assert len(labelled(server, oracle.project)) == 3


class server_again:  # noqa: N801
    """The same installation, started once more for a while."""

    def __init__(self, server: Any) -> None:
        self.server = server

    def __enter__(self) -> Any:
        self.server.log.write_text("")
        return self.server.start()

    def __exit__(self, *_: Any) -> None:
        self.server.stop()


def test_on_postgresql_it_says_what_is_missing_or_in_the_way(tmp_path: Path) -> None:
    with servers.postgres(servers.TABLES) as database:
        data = tmp_path / "one"
        with servers.winnow(data, DATABASE_URL=database) as server:
            target = str(tmp_path / "full.tar")
            bare = run(server, "backup", target, PATH=str(tmp_path))
            assert bare.returncode != 0
            assert "pg_dump is not on the PATH" in bare.stderr
            assert run(server, "backup", target).returncode == 0
            other = servers.Winnow(tmp_path / "other", DATABASE_URL=database)
            busy = run(other, "restore", target, "--force")
            assert busy.returncode != 0
            assert "connected to the database" in busy.stderr
        # If the copy cannot be read back, the old database stays in place.
        broken = tmp_path / "broken.dump"
        broken.write_bytes(b"PGDMP, but no more")
        code = (
            "import django; django.setup(); from pathlib import Path;"
            "from annotator.backup import database_snapshot as snapshots\n"
            f"try: snapshots.put_back(Path({str(broken)!r}))\n"
            "except snapshots.Impossible as problem: print('refused', problem)\n"
            "print(snapshots.counts())"
        )
        env = {**server.env, "DJANGO_SETTINGS_MODULE": "annotator.settings"}
        told = subprocess.run(
            [sys.executable, "-c", code], cwd=servers.ROOT, env=env, capture_output=True, text=True
        )
        assert "refused pg_restore failed" in told.stdout, told.stderr
        assert "'users': 1" in told.stdout


def test_progress_is_shown_to_people_only(tmp_path: Path) -> None:
    server = servers.Winnow(tmp_path / "one")
    shared.copy_data_directory(tmp_path / "one")
    quiet = run(server, "backup", str(tmp_path / "quiet.tar"))
    assert quiet.stderr == ""
    assert "0 annotations" in quiet.stdout
    picture = tmp_path / "one" / "files" / "pictures" / "1" / "one.png"
    picture.parent.mkdir(parents=True)
    picture.write_bytes(b"picture")
    leader, follower = os.openpty()
    subprocess.run(
        server.command("backup", str(tmp_path / "shown.tar")),
        cwd=servers.ROOT,
        env=server.env,
        stderr=follower,
        stdout=subprocess.DEVNULL,
        check=True,
    )
    os.close(follower)
    assert "100 %" in os.read(leader, 10_000).decode()
    os.close(leader)
