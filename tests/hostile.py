"""Hostile requests: valid requests of the schema with faults added.

Seeded, so the same number gives the same requests.
"""

import json
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

TEXTS = [
    "",
    " ",
    "\x00",
    "a\x00b",
    "'; DROP TABLE x; --",
    "%",
    "\\",
    "\ud800",
    "\u202e",
    "🙂" * 300,
    "a" * 5000,
    "-1",
    "1e999",
    "null",
    "../../etc/passwd",
    "<script>",
    "{{7*7}}",
    "2026-13-45",
]
NUMBERS = [-1, 0, 2**31, 2**63 - 1, 2**63, 2**64, -(2**63) - 1, 10**30, 1.5, -0.0, 1e308]
IDS = [
    "0",
    "-1",
    "1.5",
    "abc",
    str(2**31),
    str(2**63),
    "9" * 18,
    "9" * 40,
    "%00",
    "%ff",
    "１",
    "a/b",
]
CURSORS = ["cD1hYmM=", "bz05OTk5OTk5OTk5OTk5OTk5OTk5", "cD0tMQ==", "cD0%3D", "after-x", "%ff", "🙂"]
CURSORS += ["before-99999999999999999999", "after--1", "cD05OTk5OTk5OTk5OTk5OTk5OTk5OTk5OQ==", "="]
HEADERS = [
    ("If-None-Match", '"a", W/"b", ,,*'),
    ("If-Modified-Since", "yesterday"),
    ("Range", "bytes=9-1,-5,x"),
    ("Accept-Language", ";q=,,x-" + "a" * 600),
    ("Accept", "application/xml;q=x, */;q=1"),
    ("Cookie", "sessionid=\x7f; csrftoken=;; winnow_language=xx; winnow_device=a:b:c; =;"),
    ("Authorization", "Token"),
    ("Authorization", "Token \xff\xfe"),
    ("Authorization", "Basic Og=="),
    ("X-Request-ID", "a b\tc"),
    ("HX-Request", "true"),
    ("HX-Current-URL", "http://["),
    ("X-Forwarded-For", "999.1.1.1, ::g"),
    ("Host", "evil.example"),
    ("Host", "[::1"),
    ("Content-Length", "x"),
    ("X-HTTP-Method-Override", "DELETE"),
]
BODIES = [
    b"",
    b"{",
    b"[]",
    b"null",
    b"1e999",
    b'{"a": NaN}',
    b'{"a": 1, "a": 2}',
    b'{"labels": ["\\ud800"]}',
    b"\xff\xfe{}",
    b"\xef\xbb\xbf{}",
    b"[" * 1000 + b"]" * 1000,
    b'{"labels": ' + b"[" * 990 + b"]" * 990 + b"}",
    b'{"a":' * 500 + b"1" + b"}" * 500,
    b"a=1&a=2&%ff=%00",
    b'--x\r\nContent-Disposition: form-data; name="file"; filename=""\r\n\r\n\r\n--x--',
]
TYPES = [
    "application/json",
    "application/json; charset=utf-16",
    "application/json; charset=nonsense",
    "multipart/form-data",
    "multipart/form-data; boundary=x",
    "multipart/form-data; boundary=" + "x" * 300,
    "application/x-www-form-urlencoded",
    "application/x-www-form-urlencoded; charset=utf-7",
    "text/plain",
    "application/xml",
    "/",
    "",
]
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "FOO"]


@dataclass
class Call:
    """One request to send."""

    method: str
    path: str
    query: str = ""
    body: bytes = b""
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        where = f"{self.method} {self.path}?{self.query[:200]}"
        return f"{where} {self.content_type} {self.body[:200]!r} {self.headers}"


@dataclass
class Known:
    """Values for paths, and pages beside the API."""

    ids: dict[str, str]
    pages: list[tuple[str, str]] = field(default_factory=list)


def calls(schema: dict[str, Any], known: Known, number: int, seed: int = 1) -> Iterator[Call]:
    """Return `number` requests, each valid but for one to three faults."""
    rng = random.Random(seed)
    operations = [
        (method.upper(), path, each)
        for path, methods in schema["paths"].items()
        for method, each in methods.items()
        if isinstance(each, dict)
    ]
    pages = [(method, path, {}) for method, path in known.pages]
    for _ in range(number):
        method, path, operation = rng.choice(operations + pages)
        call = _valid(schema, known, method, path, operation, rng)
        for fault in rng.sample(FAULTS, rng.randint(1, 3)):
            fault(call, rng)
        yield call


def _valid(
    schema: dict[str, Any], known: Known, method: str, path: str, operation: Any, rng: random.Random
) -> Call:
    for name, value in known.ids.items():
        path = path.replace(f"{{{name}}}", value)
    query = {
        each["name"]: str(_example(schema, each.get("schema", {}), rng))
        for each in operation.get("parameters", [])
        if each["in"] == "query" and rng.random() < 0.7
    }
    content = operation.get("requestBody", {}).get("content", {})
    body = b""
    if content:
        described = content.get("application/json") or next(iter(content.values()))
        body = json.dumps(_example(schema, described.get("schema", {}), rng)).encode()
    return Call(method, path, urlencode(query), body)


def _example(schema: dict[str, Any], part: dict[str, Any], rng: random.Random) -> Any:
    if "$ref" in part:
        return _example(schema, schema["components"]["schemas"][part["$ref"].split("/")[-1]], rng)
    for union in ("allOf", "oneOf", "anyOf"):
        if union in part:
            return _example(schema, rng.choice(part[union]), rng)
    if "enum" in part:
        return rng.choice(part["enum"])
    kind = part.get("type", "any")
    if kind == "object":
        return {
            name: _example(schema, each, rng)
            for name, each in part.get("properties", {}).items()
            if name in part.get("required", ()) or rng.random() < 0.5
        }
    if kind == "array":
        return [_example(schema, part.get("items", {}), rng) for _ in range(rng.randint(0, 3))]
    plain = {"string": "spam", "integer": 1, "number": 0.5, "boolean": True}
    return plain.get(kind, ["spam"])


# Faults -------------------------------------------------------------------------------------------


def _other_method(call: Call, rng: random.Random) -> None:
    call.method = rng.choice(METHODS)


def _other_id(call: Call, rng: random.Random) -> None:
    parts = call.path.split("/")
    places = [place for place, part in enumerate(parts) if part.isdigit() or len(part) > 20]
    if places:
        parts[rng.choice(places)] = quote(rng.choice(IDS), safe="%")
    call.path = "/".join(parts)


def _other_query(call: Call, rng: random.Random) -> None:
    name = rng.choice(["cursor", "page_size", "q", "label", "state", "like", "format", "next", "x"])
    given = rng.choice([*CURSORS, *TEXTS, *map(str, NUMBERS)])
    value = given if "%" in given else quote(given.encode("utf-8", "surrogatepass"))
    call.query = "&".join(filter(None, [call.query, f"{name}={value}"]))


def _other_cursor(call: Call, rng: random.Random) -> None:
    given = rng.choice(CURSORS)
    call.query = f"cursor={given if '%' in given else quote(given)}"


def _other_value(call: Call, rng: random.Random) -> None:
    try:
        found = json.loads(call.body or b"{}")
    except (ValueError, RecursionError):
        return
    if not isinstance(found, dict):
        return
    name = rng.choice([*found, "labels", "x"])
    value = rng.choice([*TEXTS, *NUMBERS, None, True, [], {}, [[]], {"id": 2**63}, ["a\x00"]])
    found[name] = rng.choice([value, [value], {"name": value}, {"id": value, "name": "a"}])
    call.body = json.dumps(found).encode()


def _other_body(call: Call, rng: random.Random) -> None:
    call.body = rng.choice(BODIES)


def _broken_body(call: Call, rng: random.Random) -> None:
    if call.body:
        place = rng.randrange(len(call.body))
        call.body = call.body[:place] + rng.randbytes(2) + call.body[place + 1 :]


def _other_type(call: Call, rng: random.Random) -> None:
    call.content_type = rng.choice(TYPES)


def _other_header(call: Call, rng: random.Random) -> None:
    name, value = rng.choice(HEADERS)
    call.headers[name] = value


def _other_path(call: Call, rng: random.Random) -> None:
    call.path += rng.choice(["/", "//", "/..", "/%00", "/%ff", ";x", "/1", "%0a", "/" + "a" * 3000])


FAULTS: list[Callable[[Call, random.Random], None]] = [
    _other_method,
    _other_id,
    _other_query,
    _other_cursor,
    _other_value,
    _other_value,
    _other_body,
    _broken_body,
    _other_type,
    _other_header,
    _other_path,
]


# Sending ------------------------------------------------------------------------------------------


def send(client: Any, call: Call) -> Any:
    """Send a request with Django's test client, as the given user."""
    # The client unquotes paths as gunicorn does, so quoted ones are quoted again.
    headers = {f"HTTP_{k.upper().replace('-', '_')}": v for k, v in call.headers.items()}
    if "HTTP_CONTENT_LENGTH" in headers:
        headers["CONTENT_LENGTH"] = headers.pop("HTTP_CONTENT_LENGTH")
    return client.generic(
        call.method,
        call.path,
        data=call.body,
        content_type=call.content_type,
        QUERY_STRING=call.query,
        **headers,
    )


def statuses(answers: list[tuple[Call, int]]) -> tuple[Counter[int], list[str]]:
    """Return how often each status came, and the requests answered with a server error.

    503 is not counted: it reports an unavailable service, and when to retry.
    """
    counted = Counter(status for _call, status in answers)
    return counted, [f"{status} {call}" for call, status in answers if status in (500, 501, 502)]
