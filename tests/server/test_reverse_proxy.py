"""The shipped front server, run for real: what it serves, refuses, hides and cuts off."""

import csv
import io
import json
import socket
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from annotator.bench.api_client import Unexpected
from tests import front, servers

pytestmark = pytest.mark.servers


class Installation:
    """Winnow behind the front server, with a project of pictures that Olga owns."""

    def __init__(self, address: Any, server: Any, folder: Any, web: Any) -> None:
        self.address, self.server, self.folder, self.web = address, server, folder, web
        self.client = servers.Client(address, servers.ADMIN, servers.PASSWORD)
        self.headers = {"Authorization": f"Token {self.client._token}"}

    def get(self, path: Any, **headers: Any) -> Any:
        """Return (status, headers, body) of what comes for a path, sent as it is."""
        lines = [f"GET {path} HTTP/1.1", "Connection: close"]
        given = {"Host": self.address.removeprefix("http://"), **headers}
        lines += [f"{name}: {value}" for name, value in given.items()]
        return parsed(front.ask(self.address, ("\r\n".join(lines) + "\r\n\r\n").encode()))

    def signed_in(self) -> Any:
        """Return the headers of a browser session of Olga's."""
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
        page = opener.open(f"{self.address}/login").read().decode()
        token = page.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
        form = {"username": servers.ADMIN, "password": servers.PASSWORD}
        data = urllib.parse.urlencode({**form, "csrfmiddlewaretoken": token}).encode()
        opener.open(f"{self.address}/login", data)
        jar = next(h for h in opener.handlers if hasattr(h, "cookiejar")).cookiejar
        return {"Cookie": "; ".join(f"{each.name}={each.value}" for each in jar)}


def parsed(answer: Any) -> Any:
    head, _, body = answer.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    headers = {}
    for line in lines:
        name, _, value = line.partition(": ")
        headers[name.lower()] = value
    return int(status.split()[1]), headers, body


@pytest.fixture(scope="module")
def installed() -> Iterator[Any]:
    with servers.short_folder() as folder, servers.winnow(folder / "winnow") as server:
        env = {**server.env, "BEHIND_NGINX": "true", "MAX_UPLOAD_MB": "8"}
        web = f"unix:{folder}/web.sock"
        with (
            front.gunicorn(web, env, folder / "web.log"),
            front.nginx(folder / "nginx", server.folder, [web]) as address,
        ):
            made = Installation(address, server, folder, web)
            made.project, made.item = pictures(made.client, folder)
            yield made


def pictures(client: Any, folder: Any) -> Any:
    """Make a project with two pictures and a row that is refused; return it and an item of it."""
    project = client.call("POST", "/projects", {"name": "p", "task": "image", "labels": ["a", "b"]})
    path = folder / "pictures.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, colour in (("one", "red"), ("two", "blue")):
            buffer = io.BytesIO()
            Image.effect_noise((300, 200), 90).convert("RGB").save(buffer, "PNG")
            archive.writestr(f"a/{name}-{colour}.png", buffer.getvalue())
        archive.writestr("a/no-picture.png", b"<script>alert(1)</script>")
    work = client.upload(project["id"], path, labels_are="ignore")
    address = f"/projects/{project['id']}/imports/{work['id']}"
    done = client.wait_for(address, lambda a: a["state"] in {"done", "failed"})
    assert (done["state"], done["created"], done["rejected"]) == ("done", 2, 1)
    item = client.call("GET", f"/projects/{project['id']}/items")["results"][0]
    return project["id"], item["id"]


# What it serves ----------------------------------------------------------------------------------


def test_static_files_come_packed_from_nginx_and_may_be_kept_for_ever(installed: Any) -> None:
    page = installed.get("/login")[2].decode()
    path = page.split('rel="stylesheet" href="')[1].split('"')[0]
    status, headers, body = installed.get(path, **{"Accept-Encoding": "gzip"})
    assert status == 200
    assert headers["content-encoding"] == "gzip"
    assert headers["content-type"] == "text/css; charset=utf-8"
    assert "immutable" in headers["cache-control"]
    assert headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in headers["content-security-policy"]
    kept = installed.server.folder / "static" / path.removeprefix("/static/")
    assert body == kept.with_name(kept.name + ".gz").read_bytes()


def test_a_name_without_a_hash_is_asked_for_again_soon(installed: Any) -> None:
    assert installed.get("/static/css/base.css")[1]["cache-control"] == "max-age=60, public"


def test_pages_keep_their_security_headers(installed: Any) -> None:
    status, headers, _body = installed.get("/login")
    assert status == 200
    assert "script-src 'self'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["server"] == "nginx"


def test_a_picture_comes_from_nginx_after_the_permission_check(installed: Any) -> None:
    path = f"/media/items/{installed.item}"
    status, headers, _body = installed.get(path)
    assert (status, headers["location"]) == (302, f"/login?next={path}")
    cookie = installed.signed_in()
    status, headers, body = installed.get(path, **cookie)
    assert status == 200
    assert headers["content-type"] == "image/png"
    assert body.startswith(b"\x89PNG")
    assert headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "private, max-age=86400, immutable"
    assert "x-accel-redirect" not in headers
    # Not from Python: the process behind only names the file.
    direct = front.ask(
        installed.web,
        f"GET {path} HTTP/1.0\r\nHost: localhost\r\nCookie: {cookie['Cookie']}\r\n\r\n".encode(),
    )
    status, headers, body = parsed(direct)
    assert (status, body) == (200, b"")
    assert headers["x-accel-redirect"].startswith(f"/protected/pictures/{installed.project}/")


def test_a_picture_in_parts_and_one_that_did_not_change(installed: Any) -> None:
    path, cookie = f"/media/items/{installed.item}", installed.signed_in()
    status, headers, body = installed.get(path, **cookie, Range="bytes=1-3")
    assert (status, body) == (206, b"PNG")
    status, _headers, body = installed.get(path, **cookie, **{"If-None-Match": headers["etag"]})
    assert (status, body) == (304, b"")


def test_the_report_of_an_import_comes_with_its_name(installed: Any) -> None:
    path = f"/api/v1/projects/{installed.project}/imports/1/report"
    status, headers, body = installed.get(path, **installed.headers)
    assert status == 200
    assert headers["content-disposition"] == 'attachment; filename="import-1-report.csv"'
    assert headers["x-content-type-options"] == "nosniff"
    rows = list(csv.DictReader(io.StringIO(body.decode())))
    assert len(rows) == 1
    assert installed.get(path)[0] == 401


# What it refuses ---------------------------------------------------------------------------------


def outside(installed: Any) -> Any:
    """Return paths that would lead out of a folder, or into one that is not theirs."""
    return [
        "/static../settings.py",
        "/static../secret_key",
        "/static/../secret_key",
        "/static/%2e%2e/secret_key",
        "/static/..%2fsecret_key",
        "/static/..%5csecret_key",
        "/static/%2e%2e%2fwinnow.sqlite3",
        "/static//etc/passwd",
        f"/static/{installed.server.folder}/secret_key",
        "/static/",
        "/static",
        "/protected/",
        "/protected",
        "/protected../secret_key",
        "/protected/../secret_key",
        "/protected/%2e%2e/secret_key",
        f"/protected/{installed.picture}",
        f"//protected/{installed.picture}",
        f"/%70rotected/{installed.picture}",
        f"/static/%2e%2e/files/{installed.picture}",
        "/-/too_large/people",
        "/-/away/programs",
        "/media/../settings.py",
        "/media/%2e%2e/secret_key",
        "/media/items/..%2f..%2fsecret_key",
        "/secret_key",
        "/winnow.sqlite3",
        "/.env",
        "/.git/config",
    ]


def test_no_path_leads_out_of_what_is_meant_to_be_seen(installed: Any) -> None:
    stored = next((installed.server.folder / "files" / "pictures").rglob("*.png"))
    installed.picture = stored.relative_to(installed.server.folder / "files")
    cookie = installed.signed_in()
    secret = (installed.server.folder / "secret_key").read_bytes()
    for path in outside(installed):
        status, _headers, body = installed.get(path, **cookie)
        assert status in {403, 404} if path == "/static/" else status in {400, 404}, path
        assert secret not in body, path
        assert b"PNG" not in body, path


@pytest.mark.parametrize("path", ["/static/%00", "/media/%00", "/%ff/..%c0%af"])
def test_bytes_that_are_no_path_are_refused(installed: Any, path: str) -> None:
    assert installed.get(path)[0] in {400, 404}


def test_a_client_cannot_send_itself_a_file(installed: Any) -> None:
    claims = {"X-Accel-Redirect": "/protected/x", "X-Sendfile": "/etc/passwd"}
    assert installed.get("/healthz", **claims)[2] == b"ok"
    assert installed.get("/nothing-here", **claims)[0] == 404


# Who asks ----------------------------------------------------------------------------------------


def wrong_log_in(installed: Any, **headers: Any) -> Any:
    body = json.dumps({"username": "nobody", "password": "wrong"}).encode()
    head = [
        "POST /api/v1/auth/token HTTP/1.1",
        f"Host: {installed.address.removeprefix('http://')}",
        "Content-Type: application/json",
        "Connection: close",
        f"Content-Length: {len(body)}",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    request = ("\r\n".join(head) + "\r\n\r\n").encode() + body
    return parsed(front.ask(installed.address, request))[0]


def test_claimed_addresses_do_not_reset_the_lock(installed: Any) -> None:
    claims = ["X-Forwarded-For", "X-Real-IP", "Forwarded", "X_Forwarded_For", "X_Real_IP"]
    answers = [
        wrong_log_in(installed, **dict.fromkeys(claims, f"203.0.113.{turn}")) for turn in range(8)
    ]
    assert answers[0] == 401
    assert answers[-1] == 429


def test_a_trusted_proxy_says_who_asks_and_how(installed: Any, tmp_path: Path) -> None:
    env = {
        **installed.server.env,
        "BEHIND_NGINX": "true",
        "CSRF_TRUSTED_ORIGINS": "https://winnow.example.org",
    }
    with servers.short_folder() as sockets:
        web = f"unix:{sockets}/web.sock"
        with front.gunicorn(web, env, tmp_path / "web.log"):
            claims = {"X-Forwarded-Proto": "https"}
            told = {}
            for name, proxy in (("trusted", "127.0.0.1/32"), ("other", "192.0.2.1/32")):
                folder = sockets / name
                data = installed.server.folder
                with front.nginx(folder, data, [web], TRUSTED_PROXY=proxy) as address:
                    told[name] = parsed(
                        front.ask(address, _request("/login", Host="localhost", **claims))
                    )
    assert told["trusted"][0] == 200
    assert "max-age=31536000" in told["trusted"][1]["strict-transport-security"]
    assert told["other"][0] == 301
    assert told["other"][1]["location"] == "https://localhost/login"


def _request(path: Any, **headers: Any) -> Any:
    lines = [f"GET {path} HTTP/1.1", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


@pytest.mark.parametrize(
    "claims",
    [
        {"X-Forwarded-Host": "evil.example"},
        {"X-Forwarded-Prefix": "/evil"},
        {"SCRIPT_NAME": "/evil"},
        {"Script-Name": "/evil"},
        {"Remote-User": servers.ADMIN},
        {"REMOTE_USER": servers.ADMIN},
        {"X-Original-URL": "/admin/"},
    ],
    ids=lambda claims: next(iter(claims)),
)
def test_nothing_that_a_client_claims_changes_where_it_is_or_who(
    installed: Any, claims: Any
) -> None:
    status, headers, body = installed.get("/projects/", **claims)
    assert (status, headers["location"]) == (302, "/login?next=/projects/")
    assert b"evil" not in body


def test_the_log_holds_no_search_and_no_invitation(installed: Any) -> None:
    installed.get("/login?next=/projects/7/find%3Fq%3Dvery-private")
    installed.get("/invite/very-secret-token")
    lines = (installed.folder / "nginx" / "access.log").read_text().splitlines()
    paths = {json.loads(line)["path"] for line in lines}
    assert {"/login", "/invite/..."} <= paths
    assert "very-" not in "".join(lines)


# What is too large, too slow, away ---------------------------------------------------------------


def test_an_upload_over_the_limit_is_refused_in_words(installed: Any, tmp_path: Path) -> None:
    path = tmp_path / "large.zip"
    path.write_bytes(bytes(9 << 20))
    with pytest.raises(Unexpected) as refused:
        installed.client.upload(installed.project, path, labels_are="ignore")
    assert refused.value.status == 413
    assert refused.value.body["code"] == "too_large"
    assert "8 MB" in refused.value.body["detail"]


def _post(path: Any, size: Any) -> Any:
    lines = [f"POST {path} HTTP/1.1", "Host: localhost", "Connection: close"]
    return ("\r\n".join([*lines, f"Content-Length: {size}"]) + "\r\n\r\n").encode() + bytes(size)


def test_a_page_says_in_words_what_is_too_large(installed: Any) -> None:
    path = f"/projects/{installed.project}/imports"
    status, headers, body = parsed(front.ask(installed.address, _post(path, 9 << 20)))
    assert status == 413
    assert headers["content-type"] == "text/html; charset=utf-8"
    assert "A file may have 8 MB." in body.decode()
    assert "default-src 'none'" in headers["content-security-policy"]


def test_what_takes_no_file_takes_no_more_than_a_form(installed: Any) -> None:
    assert parsed(front.ask(installed.address, _post("/login", 6 << 20)))[0] == 413
    path = f"/api/v1/projects/{installed.project}/annotations"
    status, _headers, body = parsed(front.ask(installed.address, _post(path, 6 << 20)))
    assert (status, json.loads(body)["code"]) == (413, "too_large")


def test_an_upload_up_to_the_limit_reaches_winnow(installed: Any, tmp_path: Path) -> None:
    path = tmp_path / "no-zip.zip"
    path.write_bytes(bytes(7 << 20))
    with pytest.raises(Unexpected) as refused:
        installed.client.upload(installed.project, path, labels_are="ignore")
    assert refused.value.status == 415


def test_uploads_that_stand_still_hold_up_nobody_and_are_cut_off(installed: Any) -> None:
    host, port = installed.address.removeprefix("http://").split(":")
    path = f"/api/v1/projects/{installed.project}/imports"
    slow = []
    try:
        # More than there are threads behind.
        for _ in range(40):
            connection = socket.create_connection((host, int(port)), 30)
            connection.sendall(_post(path, 1 << 20)[:1000])
            slow.append(connection)
        assert installed.get("/healthz")[2] == b"ok"
        assert installed.client.call("GET", "/projects")["results"]
        for connection in slow:
            ending = connection.recv(1000)
            assert ending == b"" or b" 408 " in ending
    finally:
        for connection in slow:
            connection.close()


def test_while_no_process_answers_it_says_so(installed: Any) -> None:
    folder = installed.folder / "other"
    with front.nginx(folder, installed.server.folder, ["unix:/nowhere"]) as address:
        status, headers, body = parsed(front.ask(address, _request("/projects/", Host="localhost")))
        assert (status, headers["retry-after"]) == (503, "5")
        assert "kept in your browser" in body.decode()
        status, headers, body = parsed(
            front.ask(address, _request("/api/v1/projects", Host="localhost"))
        )
        assert (status, headers["retry-after"]) == (503, "5")
        assert json.loads(body)["code"] == "away"
