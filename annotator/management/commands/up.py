"""Run a whole installation on this machine: broker, web, and a worker with the beat."""

import os
import secrets
import socket
import sys
import tempfile
from pathlib import Path
from typing import Any, TextIO

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections

from annotator.db import schema
from annotator.environment import env
from annotator.management import static_files
from annotator.models import Project, User
from annotator.scheduler import BEAT_FILE
from annotator.server import preparation

FILES = ("winnow.sqlite3", "secret_key", "up.lock", "beat-schedule", "broker.sock", "static.stamp")
FOLDERS = ("broker", "files", "static")
GUNICORN = settings.BASE_DIR / "annotator" / "server" / "gunicorn_conf.py"


class Command(BaseCommand):
    """Start everything, say where it answers, watch over it, stop it all on Ctrl-C or SIGTERM."""

    help = __doc__
    # They load every page module, which would stay in this process's memory.
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="0.0.0.0 lets other machines in")
        parser.add_argument("--port", type=int, default=8000, help="of the web server")
        parser.add_argument("--data", help="the data directory (or set WINNOW_DATA)")
        parser.add_argument("--demo", action="store_true", help="load a small sample project")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run until stopped."""
        _refuse_odd(options["host"], options["port"])
        if options["data"] and Path(options["data"]).resolve() != settings.DATA_DIR:
            return self._again_with(options["data"])
        settings.DATA_DIR.mkdir(parents=True, exist_ok=True, mode=0o700)
        _refuse_odd_places(settings.DATA_DIR)
        try:
            with preparation.locked(settings.DATA_DIR) as lock:
                self._run(lock, options["host"], options["port"], options["demo"])
        except preparation.AlreadyRunning as other:
            raise CommandError(
                f"Winnow runs already on {settings.DATA_DIR} (process {other}). Stop that one, or "
                "choose another directory with --data."
            ) from other

    def _again_with(self, data: str) -> None:
        # Settings are read once, at the start, so another directory requires a restart.
        os.environ["WINNOW_DATA"] = str(Path(data).resolve())
        os.execv(sys.executable, [sys.executable, *sys.argv])  # noqa: S606

    def _run(self, lock: TextIO, host: str, port: int, with_demo: bool) -> None:
        _refuse_taken(host, port)
        children = [*_broker(), _web(host, port), _worker(host)]
        if not preparation.apart(self._prepare, static_files.collect):
            raise CommandError("Winnow could not be prepared. The lines above say why.")
        sample = self._load_sample() if with_demo else None
        address = f"http://{_with_port(host, port)}"
        plan = {
            "children": children,
            "host": host,
            "port": port,
            "broker_socket": str(_broker_socket() or ""),
            "broker_folder": _folder_of_socket(),
            "greeting": _greeting(address, sample),
            "no_answer": f"Nothing answers at {address}. The lines above say why.",
            "no_broker": "The broker did not start. The lines above or "
            f"{settings.DATA_DIR / 'broker' / 'broker.log'} say why.",
        }
        connections.close_all()
        preparation.become_supervisor(lock, plan)

    def _prepare(self) -> None:
        try:
            schema.refuse_newer()
        except schema.Unfit as newer:
            raise CommandError(str(newer)) from newer
        if not schema.is_current():
            call_command("migrate", verbosity=0, interactive=False)
        self._first_admin()

    def _first_admin(self) -> None:
        """Create the first admin if there is none, and print how to sign in."""
        if User.objects.filter(is_superuser=True).exists():
            return
        name = os.environ.get("WINNOW_ADMIN_USER") or "admin"
        given = os.environ.get("WINNOW_ADMIN_PASSWORD")
        password = given or secrets.token_urlsafe(9)
        User.objects.create_superuser(name, password=password)
        if not given:
            self._say(f"Log in as {name} with the password {password}")
            self._say("It is shown this once; change it under your name, top right.")

    def _load_sample(self) -> Project:
        """Load the sample projects; the worker imports them like any file, once it starts."""
        from annotator import demo

        admin = User.objects.filter(is_superuser=True).earliest("pk")
        project, _works = demo.load(admin)
        return project

    def _say(self, words: str) -> None:
        self.stdout.write(words)
        self.stdout.flush()


def _broker_socket() -> Path | None:
    """Return the socket of the private broker; None for another broker."""
    kind, _colon, path = settings.BROKER_URL.partition("://")
    return Path(path) if kind == "redis+socket" else None


def _folder_of_socket() -> str:
    """Return the directory that exists only for the broker's socket; "" if there is none."""
    socket = _broker_socket()
    return "" if socket is None or socket.parent == settings.DATA_DIR else str(socket.parent)


# The processes ------------------------------------------------------------------------------------


def _process(
    name: str, command: list[str], env: dict[str, str], *, last: bool = False
) -> dict[str, Any]:
    return {"name": name, "command": command, "env": env, "last": last}


def _broker() -> list[dict[str, Any]]:
    socket = _broker_socket()
    if socket is None:
        return []
    try:
        command = preparation.broker_command(settings.DATA_DIR, socket)
    except FileNotFoundError as problem:
        raise CommandError(str(problem)) from problem
    socket.unlink(missing_ok=True)
    return [_process("The broker", command, {}, last=True)]


def _web(host: str, port: int) -> dict[str, Any]:
    web = [sys.executable, "-m", "gunicorn", "--config", str(GUNICORN)]
    web += ["--chdir", str(settings.BASE_DIR), "--bind", _with_port(host, port)]
    web += ["--preload", "--graceful-timeout", "5"]
    return _process("The web server", web, _given(host))


def _worker(host: str) -> dict[str, Any]:
    # Django's checks load every page and all that pages import, some 30 MB; `migrate` makes them.
    work = [sys.executable, "-m", "celery", "--quiet", "--skip-checks", "-A", "annotator"]
    work += ["worker", "--include", "annotator.scheduler"]
    # A terminal shows only problems; log collectors get every line.
    work += ["--loglevel", settings.LOG_LEVEL if settings.LOG_FORMAT == "json" else "WARNING"]
    work += ["--concurrency", str(env.number("WORKER_CONCURRENCY", 2))]
    # This is the only worker, and its heartbeat in the database shows that it is alive: no
    # broadcast is needed at the start, nor an event every two seconds.
    work += ["--without-mingle", "--without-gossip", "--without-heartbeat"]
    given = _given(host) | {
        # Inside a container the worker is root, and celery's warning would fill the terminal.
        "PYTHONWARNINGS": "ignore:You're running the worker",
        BEAT_FILE: str(settings.DATA_DIR / "beat-schedule"),
    }
    return _process("The worker", work, given)


def _given(host: str) -> dict[str, str]:
    given = {"WINNOW_DATA": str(settings.DATA_DIR)}
    if host not in {"127.0.0.1", "localhost", "::1"} and "ALLOWED_HOSTS" not in os.environ:
        # A server on all addresses should be reachable by any host name.
        every = host in {"0.0.0.0", "::"}  # noqa: S104
        given["ALLOWED_HOSTS"] = "*" if every else ",".join([*settings.ALLOWED_HOSTS, host])
    return given


def _greeting(address: str, sample: Project | None) -> str:
    admin = User.objects.filter(is_superuser=True).order_by("pk").first()
    lines = [f"\nWinnow answers at {address}"]
    if sample is not None:
        lines.append(f"The sample project is open at {address}/projects/{sample.pk}/label")
    if admin is not None:
        lines.append(f"Log in as {admin.username}.")
    return "\n".join([*lines, f"Data lies in {settings.DATA_DIR}. Ctrl-C stops everything."])


# What is refused ----------------------------------------------------------------------------------


def _refuse_odd(host: str, port: int) -> None:
    """Refuse invalid addresses and settings before starting processes."""
    if not 1 <= port <= 65_535:
        raise CommandError(f"--port lies between 1 and 65535, not at {port}.")
    if not host or any(letter.isspace() or not letter.isprintable() for letter in host):
        raise CommandError(f"--host takes an address or a name of this machine, not {host!r}.")
    for name in ("WORKER_CONCURRENCY", "WEB_CONCURRENCY"):
        env.number(name, 2)


def _refuse_odd_places(data: Path) -> None:
    """Refuse files in place of directories before anything is created."""
    for name in FILES:
        if (data / name).is_dir():
            raise CommandError(f"{data / name} is a folder, and a file is needed. Move it away.")
    for name in FOLDERS:
        if (data / name).exists() and not (data / name).is_dir():
            raise CommandError(f"{data / name} is a file, and a folder is needed. Move it away.")
    with tempfile.TemporaryFile(dir=data):
        pass


def _refuse_taken(host: str, port: int) -> None:
    """Refuse a port in use before anything is created."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (OSError, UnicodeError) as problem:
            reason = getattr(problem, "strerror", None) or problem
            raise CommandError(
                f"Port {port} on {host} cannot be used ({reason}). Choose another one with "
                "--port or --host."
            ) from problem


def _with_port(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
