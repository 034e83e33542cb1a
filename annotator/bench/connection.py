"""Keep-alive connection to the server, reopened after it breaks."""

import http.client
import json
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlsplit

TIMEOUT = 30
# Exceptions of a call that got no response.
BROKEN = (OSError, http.client.HTTPException, ValueError)


class Connection:
    """A connection that sends `headers` with every call and keeps cookies, as a browser does."""

    def __init__(
        self, address: str, headers: dict[str, str], cookies: dict[str, str] | None = None
    ) -> None:
        parts = urlsplit(address)
        self._host, self._port = parts.hostname or "", parts.port
        self._headers = headers
        self.cookies = dict(cookies or {})
        self._connection: http.client.HTTPConnection | None = None

    def post(self, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        """Return status and body of the response to a JSON call."""
        status, content, kind = self._send("POST", path, json.dumps(body))
        return status, json.loads(content) if kind == "application/json" and content else None

    def page(self, path: str) -> tuple[int, str]:
        """Return status and text of a page."""
        status, content, _kind = self._send("GET", path, None)
        return status, content.decode()

    def _send(self, method: str, path: str, body: str | None) -> tuple[int, bytes, str]:
        try:
            return self._try(method, path, body)
        except Exception:
            self.close()
            raise

    def _try(self, method: str, path: str, body: str | None) -> tuple[int, bytes, str]:
        if self._connection is None:
            self._connection = http.client.HTTPConnection(self._host, self._port, timeout=TIMEOUT)
        self._connection.request(method, path, body, self._headers_now(body))
        answer = self._connection.getresponse()
        content = answer.read()
        for line in answer.headers.get_all("Set-Cookie", []):
            self.cookies.update({name: each.value for name, each in SimpleCookie(line).items()})
        return answer.status, content, answer.headers.get_content_type()

    def _headers_now(self, body: str | None) -> dict[str, str]:
        headers = dict(self._headers)
        if body is not None:
            headers["Content-Type"] = "application/json"
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={each}" for name, each in self.cookies.items())
        if "csrftoken" in self.cookies:
            headers["X-CSRFToken"] = self.cookies["csrftoken"]
        return headers

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
