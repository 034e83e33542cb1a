"""What other people notice of an attack, and what hostile requests are answered with.

    python tests/bench/hostile_requests.py [--connections 40] [--seconds 10] [--requests 5000]

Starts Winnow as `manage.py up` does, attacks it from this machine, one kind of attack after the
other, and opens pages all the while. Then sends mutated requests over a socket, with a token.
Prints a table of each.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import sys
import tempfile
from contextlib import nullcontext
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "annotator.settings")

import django  # noqa: E402

django.setup()

from drf_spectacular.generators import SchemaGenerator  # noqa: E402

from annotator.bench.api_client import Client  # noqa: E402
from tests import floods, hostile, servers  # noqa: E402

LARGE = "/static/drf_spectacular_sidecar/swagger-ui-dist/swagger-ui-bundle.js"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--connections", type=int, default=40)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--requests", type=int, default=5000)
    given = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="winnow-hostile-") as folder,
        servers.winnow(Path(folder) / "data") as server,
    ):
        # Before the flood of sign-ins, which blocks its address for a minute.
        owner = server.client()
        show_attacks(server.address, given.connections, given.seconds)
        show_requests(server, owner, given.requests)
        print(f"tracebacks in the log: {server.said().count('Traceback')}")


def show_attacks(address: str, connections: int, seconds: float) -> None:
    attacks: dict[str, Any] = {"none": nullcontext()}
    attacks |= {kind: floods.dripping(address, kind, connections) for kind in floods.DRIPPED}
    attacks["not_reading"] = floods.not_reading(address, LARGE, connections)
    attacks["sign_ins"] = floods.sign_ins(address)
    calls = [floods.page(address) for _ in range(floods.PEOPLE)]
    print(f"{'attack':<22}{'pages':>7}{'median ms':>11}{'p95 ms':>9}{'most ms':>9}{'failed':>8}")
    for name, attack in attacks.items():
        with attack:
            seen = floods.watch(calls, seconds)
        ms = [1000 * each for each in (median(seen.seconds), seen.p95(), max(seen.seconds))]
        times = f"{ms[0]:>11.0f}{ms[1]:>9.0f}{ms[2]:>9.0f}"
        print(f"{name:<22}{len(seen.seconds):>7}{times}{seen.problems.total():>8}", flush=True)


def show_requests(server: servers.Winnow, owner: Client, number: int) -> None:
    project = owner.call("POST", "/projects", {"name": "Mail", "labels": ["spam", "ham"]})["id"]
    schema = json.loads(json.dumps(SchemaGenerator().get_schema(public=True), default=str))
    ids = dict.fromkeys(("item", "number"), "1") | {"id": str(project), "lease": "0" * 32}
    answers = []
    for call in hostile.calls(schema, hostile.Known(ids | {"action": "skip"}), number):
        if call.method == "DELETE" and call.path.endswith(f"/projects/{project}"):
            continue
        call.headers.setdefault("Authorization", f"Token {owner._token}")
        answers.append((call, status(server.port, call)))
    counted, broken = hostile.statuses(answers)
    print(f"\n{len(answers)} mutated requests: {dict(sorted(counted.items()))}")
    print(f"errors of ours: {len(broken)}", *broken, sep="\n")


def status(port: int, call: hostile.Call) -> int:
    """Send a request byte by byte, and return the status; 0 if the connection was closed."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        path = f"{call.path}?{call.query}".encode("latin-1", "replace").decode("latin-1")
        connection.putrequest(call.method, path, skip_host="Host" in call.headers)
        sized = {"Content-Length": str(len(call.body)), "Content-Type": call.content_type}
        for name, value in (sized | call.headers).items():
            connection.putheader(name, value.encode("latin-1", "replace"))
        connection.endheaders(call.body)
        return connection.getresponse().status
    except (ValueError, http.client.HTTPException, ConnectionError):
        return 0
    finally:
        connection.close()


if __name__ == "__main__":
    main()
