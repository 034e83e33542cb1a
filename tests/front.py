"""The front server of deploy/, with web processes as docker-compose.yml starts them."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from tests import servers

TEMPLATE = servers.ROOT / "deploy" / "nginx.conf.template"
PAGES = servers.ROOT / "deploy" / "pages"
# The surrounding configuration of the nginx image.
AROUND = """
{user}
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
worker_processes 1;
events {{ worker_connections 512; }}
http {{
    include /etc/nginx/mime.types;
    default_type application/octet-stream;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {ours}
}}
"""


def variables() -> set[str]:
    """Return the variables of the template."""
    return set(re.findall(r"\$\{([A-Z_]+)\}", TEMPLATE.read_text()))


def rendered(**values: str) -> str:
    """Return the configuration as envsubst writes it: only known variables are replaced."""
    assert variables() == set(values)
    return re.sub(r"\$\{([A-Z_]+)\}", lambda found: values[found[1]], TEMPLATE.read_text())


@contextmanager
def nginx(folder: Path, data: Path, webs: list[str], **other: str) -> Iterator[str]:
    """Run the front server before `webs`, in a readable directory; yield its address."""
    found = next(
        (path for path in ("/usr/sbin/nginx", "/usr/bin/nginx") if Path(path).exists()), None
    )
    program = servers.needed(found, "nginx")
    port = servers.free_port()
    values = {
        "FRONT_LISTEN": f"127.0.0.1:{port}",
        "FRONT_PAGES": str(folder / "pages"),
        "WINNOW_DATA": str(data),
        "WEB_A": webs[0],
        "WEB_B": webs[-1],
        "MAX_UPLOAD_MB": "8",
        "CLIENT_TIMEOUT": "2s",
        "TRUSTED_PROXY": "192.0.2.1/32",
        **other,
    }
    shutil.copytree(PAGES, folder / "pages")
    ours = rendered(**values).replace("/dev/stdout", str(folder / "access.log"))
    # A user other than Winnow's, as in production: it may only read the files that it serves.
    user = "user nobody nogroup;" if os.geteuid() == 0 else ""
    conf = folder / "nginx.conf"
    conf.write_text(AROUND.format(user=user, folder=folder, ours=ours))
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen(
            [program, "-c", conf, "-e", folder / "error.log", "-g", "daemon off;"],
            stdout=said,
            stderr=said,
        )
    try:
        servers.wait_until(lambda: process.poll() is not None or servers.accepts(port), 20, "nginx")
        assert process.poll() is None, (folder / "said").read_text()
        yield f"http://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(servers.patient(20))


@contextmanager
def gunicorn(
    bind: str, env: dict[str, str], log: Path, *options: str
) -> Iterator[subprocess.Popen[bytes]]:
    """Run the web processes with the shipped configuration, bound to `bind`."""
    process = start_gunicorn(bind, env, log, *options)
    try:
        yield process
    finally:
        stop(process)


def start_gunicorn(
    bind: str, env: dict[str, str], log: Path, *options: str
) -> subprocess.Popen[bytes]:
    """Start web processes and return their master process once they respond."""
    command = [sys.executable, "-m", "gunicorn", "--config", "annotator/server/gunicorn_conf.py"]
    with log.open("ab") as file:
        process = subprocess.Popen(
            [*command, "--bind", bind, "--log-level", "info", *options],
            cwd=servers.ROOT,
            env=env,
            stdout=file,
            stderr=file,
        )
    servers.wait_until(lambda: process.poll() is not None or is_well(bind), 60, "gunicorn")
    assert process.poll() is None, log.read_text()
    return process


def stop(process: subprocess.Popen[bytes]) -> None:
    """Stop web processes as an operator would."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    process.wait(servers.patient(60))


def is_well(bind: str) -> bool:
    """Return whether web processes respond at the address they are bound to."""
    try:
        return b" 200 " in ask(bind, b"GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n")
    except OSError:
        return False


def ask(bind: str, request: bytes) -> bytes:
    """Return the complete response to the bytes of a request."""
    return received(send(bind, request))


def send(bind: str, request: bytes) -> socket.socket:
    """Connect, send the bytes of a request, and return the connection."""
    if bind.startswith("unix:"):
        connection = socket.socket(socket.AF_UNIX)
        address: str | tuple[str, int] = bind.removeprefix("unix:")
    else:
        connection = socket.socket()
        host, port = bind.removeprefix("http://").split(":")
        address = (host, int(port))
    connection.settimeout(30)
    try:
        connection.connect(address)
        connection.sendall(request)
    except OSError:
        connection.close()
        raise
    return connection


def received(connection: socket.socket) -> bytes:
    """Return everything received on a connection, and close it."""
    with connection:
        answer = b""
        while block := connection.recv(65_536):
            answer += block
        return answer


def workers(web: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """Return the workers of a web server."""
    return psutil.Process(web.pid).children()


def is_bound(bind: str) -> bool:
    """Return whether the socket accepts connections of other users."""
    return Path(bind.removeprefix("unix:")).exists()
