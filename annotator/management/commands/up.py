"""Run a whole installation on this machine: broker, web and worker; the beat is in here."""

import os
import secrets
import signal
import socket
import sys
import tempfile
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from annotator.db import schema
from annotator.environment import env
from annotator.management import static_files
from annotator.models import Project, User
from annotator.scheduler import Beat
from annotator.server import supervisor as supervision

READY_SECONDS = 60.0
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
            with supervision.locked(settings.DATA_DIR):
                self._run(options["host"], options["port"], options["demo"])
        except supervision.AlreadyRunning as other:
            raise CommandError(
                f"Winnow runs already on {settings.DATA_DIR} (process {other}). Stop that one, or "
                "choose another directory with --data."
            ) from other

    def _again_with(self, data: str) -> None:
        # Settings are read once, at the start, so another directory requires a restart.
        os.environ["WINNOW_DATA"] = str(Path(data).resolve())
        os.execv(sys.executable, [sys.executable, *sys.argv])  # noqa: S606

    def _run(self, host: str, port: int, with_demo: bool) -> None:
        _refuse_taken(host, port)
        supervisor = supervision.Supervisor(say=self._say)
        signal.signal(signal.SIGTERM, supervisor.stop)
        signal.signal(signal.SIGINT, supervisor.stop)
        beat = Beat(settings.DATA_DIR / "beat-schedule")
        try:
            self._start_broker(supervisor)
            if not supervision.apart(self._prepare, static_files.collect):
                raise CommandError("Winnow could not be prepared. The lines above say why.")
            self._wait_for_broker(supervisor)
            self._start_rest(supervisor, host, port)
            beat.start()
            sample = self._load_sample() if with_demo else None
            address = f"http://{_with_port(host, port)}"
            if supervisor.wait_for(lambda: _answers(f"{address}/healthz"), READY_SECONDS):
                self._greet(address, sample)
            elif not supervisor.stopping:
                raise CommandError(f"Nothing answers at {address}. The lines above say why.")
            supervisor.watch()
        finally:
            beat.stop()
            supervisor.shut_down()
            _forget_socket()
        self._say("Stopped.")

    def _start_broker(self, supervisor: supervision.Supervisor) -> None:
        socket = _broker_socket()
        if socket is None:
            return
        try:
            command = supervision.broker_command(settings.DATA_DIR, socket)
        except FileNotFoundError as problem:
            raise CommandError(str(problem)) from problem
        socket.unlink(missing_ok=True)
        broker = supervision.Child("The broker", command, dict(os.environ), goes_last=True)
        supervisor.start(broker)

    def _wait_for_broker(self, supervisor: supervision.Supervisor) -> None:
        socket = _broker_socket()
        if socket is not None and not supervisor.wait_for(socket.exists, READY_SECONDS):
            log = settings.DATA_DIR / "broker" / "broker.log"
            raise CommandError(f"The broker did not start. The lines above or {log} say why.")

    def _start_rest(self, supervisor: supervision.Supervisor, host: str, port: int) -> None:
        given = {**os.environ, "WINNOW_DATA": str(settings.DATA_DIR)}
        if host not in {"127.0.0.1", "localhost", "::1"} and "ALLOWED_HOSTS" not in given:
            # A server on all addresses should be reachable by any host name.
            every = host in {"0.0.0.0", "::"}  # noqa: S104
            given["ALLOWED_HOSTS"] = "*" if every else ",".join([*settings.ALLOWED_HOSTS, host])
        web = [sys.executable, "-m", "gunicorn", "--config", str(GUNICORN)]
        web += ["--chdir", str(settings.BASE_DIR), "--bind", _with_port(host, port)]
        web += ["--preload", "--graceful-timeout", "5"]
        work = [sys.executable, "-m", "celery", "--quiet", "-A", "annotator", "worker"]
        # A terminal shows only problems; log collectors get every line.
        work += ["--loglevel", settings.LOG_LEVEL if settings.LOG_FORMAT == "json" else "WARNING"]
        work += ["--concurrency", str(env.number("WORKER_CONCURRENCY", 2))]
        # This is the only worker, and its heartbeat in the database shows that it is alive: no
        # broadcast is needed at the start, nor an event every two seconds.
        work += ["--without-mingle", "--without-gossip", "--without-heartbeat"]
        supervisor.start(supervision.Child("The web server", web, given))
        # Inside a container the worker is root, and celery's warning would fill the terminal.
        given["PYTHONWARNINGS"] = "ignore:You're running the worker"
        supervisor.start(supervision.Child("The worker", work, given))

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
        """Load the sample projects; the worker imports them like any file."""
        from annotator import demo, tasks

        admin = User.objects.filter(is_superuser=True).earliest("pk")
        project, works = demo.load(admin)
        for work in works:
            tasks.run_import.delay(work.pk)
        return project

    def _greet(self, address: str, sample: Project | None) -> None:
        admin = User.objects.filter(is_superuser=True).order_by("pk").first()
        self._say(f"\nWinnow answers at {address}")
        if sample is not None:
            self._say(f"The sample project is open at {address}/projects/{sample.pk}/label")
        if admin is not None:
            self._say(f"Log in as {admin.username}.")
        self._say(f"Data lies in {settings.DATA_DIR}. Ctrl-C stops everything.")

    def _say(self, words: str) -> None:
        self.stdout.write(words)
        self.stdout.flush()


def _broker_socket() -> Path | None:
    """Return the socket of the private broker; None for another broker."""
    kind, _colon, path = settings.BROKER_URL.partition("://")
    return Path(path) if kind == "redis+socket" else None


def _forget_socket() -> None:
    """Delete the directory of the broker's socket, created if the data directory's path is long."""
    socket = _broker_socket()
    if socket is not None and socket.parent != settings.DATA_DIR:
        with suppress(OSError):
            socket.parent.rmdir()


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


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=1) as answer:  # noqa: S310
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
