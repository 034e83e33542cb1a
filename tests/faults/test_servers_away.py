"""Redis and PostgreSQL restarted, emptied and away while people label."""

import http.client
import json
import os
import signal
import time
from typing import Any

import pytest

from tests import servers

pytestmark = pytest.mark.servers

# How long a broker hangs: WINNOW_AWAY_SECONDS=60 is the minute of which a test has no time.
AWAY_SECONDS = float(os.environ.get("WINNOW_AWAY_SECONDS", "15"))


def test_broker_emptied_restarted_and_hung_holds_up_no_label(running: Any) -> None:
    with running("production") as stack, stack.labelling() as crowd:
        stack.learns_on()
        stack.redis.flush()
        stack.learns_on()
        stack.redis.kill()
        stack.labels_on(crowd, 30)
        stack.redis.start()
        stack.learns_on()
        stack.redis.process.send_signal(signal.SIGSTOP)
        begun = time.time()
        try:
            crowd.over.wait(AWAY_SECONDS)
        finally:
            stack.redis.process.send_signal(signal.SIGCONT)
        during = [call for call in list(crowd.calls) if call.began > begun]
        assert sum(call.is_acknowledged for call in during) > AWAY_SECONDS
        # A request that waited for the broker would take its time-out of five seconds.
        assert sorted(call.ended - call.began for call in during)[len(during) // 2] < 5
        assert {call.status for call in during} <= {200, 201, 204, 409}
        stack.learns_on()


def test_database_restarted_and_away_refuses_clearly_and_loses_nothing(running: Any) -> None:
    with running("production") as stack, stack.labelling() as crowd:
        stack.learns_on()
        stack.postgres.stop()
        stack.postgres.start()
        stack.labels_on(crowd)
        stack.postgres.stop()
        try:
            servers.wait_until(lambda: away(stack, "/api/v1/projects"), 30, "a clear refusal")
            answer = away(stack, f"/api/v1/projects/{stack.project}/next", "POST")
            assert json.loads(answer["body"])["code"] == "database_away"
            page = away(stack, "/projects", cookie=f"sessionid={32 * 'a'}")
            assert "The database is unavailable" in page["body"]
            crowd.over.wait(5)
        finally:
            stack.postgres.start()
        stack.labels_on(crowd)
        stack.learns_on()
        servers.wait_until(stack.is_ready, 60, "the worker's report", pause=0.3)
    statuses = {call.status for call in crowd.calls}
    # 0: the connection broke, which only the web's own end can do.
    assert statuses <= {200, 201, 204, 409, 503}
    assert 503 in statuses


def away(stack: Any, path: Any, method: str = "GET", cookie: str = "") -> Any:
    """Return the answer when it is a clear refusal."""
    connection = http.client.HTTPConnection("127.0.0.1", stack.port, timeout=servers.patient(30))
    headers = {"Authorization": f"Token {stack.owner._token}", "Content-Type": "application/json"}
    if cookie:
        headers = {"Cookie": cookie}
    connection.request(method, path, "{}" if method == "POST" else None, headers)
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    if answer.status != 503 or not answer.headers["Retry-After"]:
        return None
    return {"body": body}
