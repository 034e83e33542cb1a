"""A client of the HTTP API in plain Python, for the bench and for tests on a real server."""

import json
import time
import urllib.error
import urllib.request
import uuid
from pathlib import Path
from typing import Any


class Unexpected(Exception):
    """The server answered with an error."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(f"{status}: {body}")
        self.status = status
        self.body = body


class Client:
    """A client of one server, for one user."""

    def __init__(self, address: str, username: str, password: str) -> None:
        self.address = address
        self._token = ""
        given = {"username": username, "password": password}
        self._token = self.call("POST", "/auth/token", given)["token"]

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Return the body of the response; Unexpected for any status but success."""
        data = None if body is None else json.dumps(body).encode()
        return self._send(method, path, data, "application/json")

    def upload(self, project: int, file: Path, **fields: str) -> dict[str, Any]:
        """Upload a file into a project and return the import."""
        boundary = uuid.uuid4().hex
        parts = [
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in fields.items()
        ]
        parts.append(
            f'--{boundary}\r\nContent-Disposition: form-data; name="file"; '
            f'filename="{file.name}"\r\nContent-Type: application/octet-stream\r\n\r\n'
        )
        data = "".join(parts).encode() + file.read_bytes() + f"\r\n--{boundary}--\r\n".encode()
        kind = f"multipart/form-data; boundary={boundary}"
        return dict(self._send("POST", f"/projects/{project}/imports", data, kind))

    def wait_for(self, path: str, done: Any, seconds: float = 120.0) -> Any:
        """Poll `path` until `done(answer)`, and return that answer; TimeoutError if it never is."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            answer = self.call("GET", path)
            if done(answer):
                return answer
            time.sleep(0.05)
        raise TimeoutError(f"{path} was not done after {seconds:.0f} s: {answer}")

    def _send(self, method: str, path: str, data: bytes | None, kind: str) -> Any:
        headers = {"Content-Type": kind}
        if self._token:
            headers["Authorization"] = f"Token {self._token}"
        request = urllib.request.Request(  # noqa: S310 - the address is our own server's
            f"{self.address}/api/v1{path}", data=data, method=method, headers=headers
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
                content = answer.read()
                plain = answer.headers.get_content_type() == "application/json"
                return json.loads(content) if plain and content else content
        except urllib.error.HTTPError as problem:
            raise Unexpected(problem.code, _body(problem.read())) from problem


def _body(content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError:
        return content[:1000].decode(errors="replace")
