"""docker-compose.yml and Dockerfile, read as they are; and what they start, started by hand."""

import csv
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from annotator.bench.synthetic_text import texts
from tests import front, servers
from tests.oracle import new_project, rows

COMPOSE = yaml.safe_load((servers.ROOT / "docker-compose.yml").read_text())
DOCKERFILE = (servers.ROOT / "Dockerfile").read_text().splitlines()
SERVICES = COMPOSE["services"]


def command_of(service: Any) -> Any:
    """Return the words that the service's container runs."""
    given = SERVICES[service].get("command")
    if given is None:
        line = next(line for line in DOCKERFILE if line.startswith("CMD "))
        return json.loads(line.removeprefix("CMD "))
    return given


def test_every_part_is_there_with_a_health_check() -> None:
    assert {"front", "web", "web2", "worker", "beat", "db", "redis"} <= set(SERVICES)
    for name in ("front", "web", "web2", "worker", "beat", "db", "redis"):
        assert SERVICES[name]["healthcheck"]["test"], name
        assert SERVICES[name]["restart"] == "unless-stopped", name


def test_nothing_of_ours_runs_as_root() -> None:
    users = [line.split()[1] for line in DOCKERFILE if line.startswith("USER ")]
    assert users == ["winnow"]
    assert all(
        "user" not in SERVICES[name] for name in ("web", "web2", "worker", "beat", "migrate")
    )


def test_what_people_made_lies_in_named_volumes() -> None:
    named = set(COMPOSE["volumes"])
    for name in ("web", "worker", "front", "db", "redis"):
        sources = {volume.split(":")[0] for volume in SERVICES[name]["volumes"]}
        sources = {source for source in sources if not source.startswith("./")}
        assert sources <= named
        assert sources


def test_web_and_workers_wait_for_the_migration_and_the_servers() -> None:
    for name in ("web", "web2", "worker", "beat"):
        waits = SERVICES[name]["depends_on"]
        assert waits["migrate"]["condition"] == "service_completed_successfully"
        assert waits["db"]["condition"] == waits["redis"]["condition"] == "service_healthy"


def test_the_migration_checks_the_configuration_and_the_worker_does_not() -> None:
    migrate = command_of("migrate")[-1]
    assert "manage.py migrate" in migrate
    assert "--skip-checks" not in migrate
    assert SERVICES["migrate"]["environment"] == SERVICES["worker"]["environment"]
    assert "--skip-checks" in command_of("worker")


def test_no_secret_has_a_default() -> None:
    environment = SERVICES["web"]["environment"]
    assert environment["SECRET_KEY"].startswith("${SECRET_KEY:?")
    assert "${POSTGRES_PASSWORD:?" in environment["DATABASE_URL"]


def test_settings_that_are_passed_on_are_documented() -> None:
    documented = (servers.ROOT / ".env.example").read_text()
    file = (servers.ROOT / "docker-compose.yml").read_text()
    for name in {*SERVICES["web"]["environment"], *re.findall(r"\$\{([A-Z_]+)", file)}:
        assert f"{name}=" in documented, name


def test_only_the_front_server_can_be_reached() -> None:
    assert [name for name in SERVICES if "ports" in SERVICES[name]] == ["front"]
    for name in ("web", "web2"):
        bound = command_of(name)[command_of(name).index("--bind") + 1]
        assert bound.startswith("unix:/run/winnow/"), name
        assert SERVICES[name]["healthcheck"]["test"][-1] == bound.removeprefix("unix:")


def test_the_front_server_is_told_all_that_its_configuration_leaves_open() -> None:
    told = SERVICES["front"]["environment"]
    assert set(told) == front.variables()
    webs = {command_of(name)[-1] for name in ("web", "web2")}
    assert {told["WEB_A"], told["WEB_B"]} == webs
    assert told["MAX_UPLOAD_MB"] == SERVICES["web"]["environment"]["MAX_UPLOAD_MB"]
    assert SERVICES["web"]["environment"]["BEHIND_NGINX"] == "true"


def test_there_is_nothing_to_warn_about_in_production() -> None:
    environment = {
        name: filled(value, CSRF_TRUSTED_ORIGINS="https://winnow.example.org")
        for name, value in SERVICES["web"]["environment"].items()
    }
    with tempfile.TemporaryDirectory() as data:
        found = subprocess.run(
            [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
            cwd=servers.ROOT,
            env={"PATH": os.environ["PATH"], **environment, "WINNOW_DATA": data},
            capture_output=True,
            text=True,
            timeout=servers.patient(120),
        )
    assert found.returncode == 0, found.stderr
    assert "no issues" in found.stdout


def filled(value: Any, **given: Any) -> Any:
    """Return a value of docker-compose.yml as Docker fills it in."""
    secrets_of_ours = {"SECRET_KEY": "kqz8-27fX!mnv_0wert" * 3, "POSTGRES_PASSWORD": "only-here"}
    known = {**secrets_of_ours, **given}
    return re.sub(
        r"\$\{([A-Z_]+)(?::[?-]([^}]*))?\}", lambda found: known.get(found[1]) or found[2], value
    )


def test_the_image_holds_what_the_commands_need() -> None:
    copied = {word for line in DOCKERFILE if line.startswith("COPY ") for word in line.split()}
    assert {"manage.py", "annotator", "selection", "templates", "static", "deploy"} <= copied
    for name in ("web", "worker", "beat"):
        assert command_of(name)[0] in {"gunicorn", "celery"}


@pytest.fixture
def by_hand(tmp_path: Path) -> Iterator[Any]:
    """The processes of docker-compose.yml on a private PostgreSQL and Redis, without Docker."""
    with (
        servers.postgres(servers.TABLES) as database,
        servers.redis() as broker,
        servers.short_folder() as sockets,
    ):
        env = {
            **{k: v for k, v in os.environ.items() if k != "DJANGO_SETTINGS_MODULE"},
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "SECRET_KEY": "only-for-this-test-" * 3,
            "ALLOWED_HOSTS": "127.0.0.1",
            "DATABASE_URL": database,
            "BROKER_URL": broker,
            "WINNOW_DATA": str(sockets / "data"),
            "BEHIND_NGINX": "true",
            "WEB_CONCURRENCY": "1",
            "LOG_FORMAT": "json",
        }
        subprocess.run(command_of("migrate"), cwd=servers.ROOT, env=env, check=True)
        create = [sys.executable, "manage.py", "createsuperuser", "--noinput", "--username"]
        password = {"DJANGO_SUPERUSER_PASSWORD": servers.PASSWORD}
        subprocess.run(
            [*create, servers.ADMIN, "--email", ""],
            cwd=servers.ROOT,
            env=env | password,
            check=True,
        )
        processes = []
        log = (tmp_path / "log").open("wb")
        try:
            for service in ("web", "web2", "worker", "beat"):
                words = [
                    word.replace("/run/winnow", str(sockets)).replace(
                        "/tmp/beat-schedule", str(tmp_path / "beat")
                    )
                    for word in command_of(service)
                ]
                processes.append(
                    subprocess.Popen(words, cwd=servers.ROOT, env=env, stdout=log, stderr=log)
                )
            webs = [f"unix:{sockets}/{name}.sock" for name in ("web", "web2")]
            with front.nginx(sockets / "nginx", sockets / "data", webs) as address:
                yield address, processes, tmp_path / "log"
        finally:
            for process in processes:
                process.send_signal(signal.SIGTERM)
            for process in processes:
                process.wait(servers.patient(60))
            log.close()


@pytest.mark.servers
@pytest.mark.xdist_group("deployment")
def test_the_composed_processes_run_a_project(by_hand: Any, tmp_path: Path) -> None:
    address, processes, log = by_hand
    servers.wait_until(lambda: _ready(address), 60, "readiness")
    path = tmp_path / "posts.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "text", "label"])
        writer.writerows([n, text, topic] for n, (text, topic) in enumerate(texts(500)))
    client = servers.Client(address, servers.ADMIN, servers.PASSWORD)
    oracle = new_project(client, path, {row["id"]: row["label"] for row in rows(path)})
    servers.wait_until(lambda: oracle.progress()["round"], 60, "the first round")
    oracle.label(30)
    servers.wait_until(lambda: oracle.progress()["model"], 60, "a model")
    assert all(process.poll() is None for process in processes), shlex.join(command_of("web"))
    lines = [line for line in log.read_text().splitlines() if line.startswith("{")]
    assert all(json.loads(line)["level"] for line in lines)


def _ready(address: Any) -> Any:
    try:
        with urllib.request.urlopen(f"{address}/readyz", timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False
