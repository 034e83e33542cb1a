"""`kill -9` while a delivery is planned and while it is frozen: it is whole or not there."""

import json
import time
import uuid
from collections import Counter
from functools import partial
from typing import Any

import pytest

from annotator.bench.synthetic_text import texts
from tests import servers
from tests.faults.stack import Owner, Stack

pytestmark = pytest.mark.servers

ITEMS = 4000
# After this many crashes, a job is not tried again.
KILLS = 2
PROOF_SECONDS = 400
PROMISE = {"max_error": 0.4, "confidence": 0.8, "only_attempt": True}


@pytest.fixture(scope="module")
def truth() -> dict[str, str]:
    """Return the label of each text: whether it has the word that is nearest to half of them."""
    words = {text: set(text.split()) for text, _topic in texts(ITEMS)}
    seen = Counter(word for each in words.values() for word in each)
    sign = min(seen, key=lambda word: (abs(seen[word] - ITEMS / 2), word))
    return {text: "a" if sign in each else "b" for text, each in words.items()}


def label(stack: Stack, truth: dict[str, str], number: int) -> None:
    """Let two people label in turn: a label that one finds wrong is confirmed by the other."""
    pair = [Owner(stack.address, token) for _number, token in stack._start.made["people"][:2]]
    for turn in range(number):
        one = pair[turn % 2]
        given = servers.wait_until(partial(_next, stack, one), 60, "an item to label")
        body = {
            "lease": given["lease"],
            "labels": [truth[given["item"]["text"]]],
            "client_id": str(uuid.uuid4()),
            "seconds": 1.0,
        }
        one.call("POST", f"/projects/{stack.project}/annotations", body)


def _next(stack: Stack, person: Owner) -> Any:
    given = person.call("POST", f"/projects/{stack.project}/next", {})
    return given if given["item"] else None


def delivery(stack: Stack, number: int) -> Any:
    return stack.owner.call("GET", f"/projects/{stack.project}/deliveries/{number}")


def kill_twice(stack: Stack) -> None:
    for _kill in range(KILLS):
        stack.kill("worker")
        time.sleep(0.4)


@pytest.mark.parametrize("kind", ["embedded", "production"])
def test_delivery_killed_at_its_plan_and_its_freeze_is_whole(
    running: Any, kind: str, truth: dict[str, str]
) -> None:
    with running(kind) as stack:
        at = f"/projects/{stack.project}"
        label(stack, truth, 80)
        servers.wait_until(
            lambda: stack.owner.call("GET", f"{at}/models")["results"], 200, "a model", pause=0.5
        )
        made = stack.owner.call("POST", f"{at}/deliveries", PROMISE)
        kill_twice(stack)
        planned = servers.wait_until(
            lambda: _planned(stack, made["id"]), 200, "the plan", pause=0.5
        )
        assert planned["state"] == "proving"
        end = time.monotonic() + PROOF_SECONDS
        while delivery(stack, made["id"])["state"] == "proving" and time.monotonic() < end:
            label(stack, truth, 25)
            time.sleep(1)
        assert delivery(stack, made["id"])["state"] == "proven"
        stack.owner.call("POST", f"{at}/deliveries/{made['id']}/freeze", {})
        kill_twice(stack)
        told = servers.wait_until(lambda: _frozen(stack, made["id"]), 200, "the file", pause=0.3)
        _check(stack, at, told)


def _planned(stack: Stack, number: int) -> Any:
    told = delivery(stack, number)
    return told if told["parts"] or told["state"] != "proving" else None


def _frozen(stack: Stack, number: int) -> Any:
    told = delivery(stack, number)
    if told["state"] == "frozen":
        return told
    # Nothing of it is offered before it is whole.
    assert told["sha256"] == ""
    return None


def _check(stack: Stack, at: str, told: Any) -> None:
    lines = stack.owner.call("GET", f"{at}/deliveries/{told['id']}/export").splitlines()
    rows = [json.loads(line) for line in lines]
    assert len({row["item"] for row in rows}) == len(rows) == told["people"] + told["machine"]
    assert sum(row["by"] == "model" for row in rows) == told["machine"] > ITEMS / 10
