"""Many annotators at once, each on a connection and a thread of their own, and what they saw.

They behave as the desk does: a decision keeps its `client_id` until the server has said that it is
saved, and is sent again after a lost connection or an error of the server.
"""

import http.client
import json
import random
import secrets
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from annotator.bench.invariants import OK, REFUSED, UNKNOWN, Call, Stored

RETRY_SECONDS = 0.2
TIMEOUT = 30


@dataclass(frozen=True)
class Person:
    """Somebody who labels: the number of the account, and a token for it."""

    number: int
    token: str


@dataclass
class Habits:
    """How the people of a crowd work; shares are between 0 and 1."""

    think: Callable[[random.Random], float] = lambda _rng: 0.0
    skips: float = 0.0
    repeats: float = 0.0  # saves that are sent twice although they were answered
    wanders: float = 0.0  # items that are left lying until the lease has run out
    returns: float = 0.0  # of those, the ones that are answered all the same
    labels: Sequence[str] = ("a", "b")
    keeps_trying: float = 60.0  # seconds for which an unanswered call is sent again


@dataclass
class Crowd:
    """People who label one project until they are told to stop or nothing is left."""

    address: str
    project: int
    people: Sequence[Person]
    habits: Habits = field(default_factory=Habits)
    calls: list[Call] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self) -> "Crowd":
        """Let everybody begin."""
        for index, person in enumerate(self.people):
            worker = _Annotator(self, person, random.Random(index))
            thread = threading.Thread(target=self._run, args=(worker,), daemon=True)
            self._threads.append(thread)
            thread.start()
        return self

    def _run(self, worker: "_Annotator") -> None:
        try:
            worker.work()
        except Exception as problem:
            self.failures.append(f"{type(problem).__name__}: {problem}")

    def stop(self, seconds: float = TIMEOUT + 60) -> list[Call]:
        """Let everybody finish what they do, and return all calls; TimeoutError when one hangs."""
        self.over.set()
        return self.join(seconds)

    def join(self, seconds: float) -> list[Call]:
        """Wait until nothing is left for anybody, and return all calls."""
        end = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(end - time.monotonic(), 0.0))
        if any(thread.is_alive() for thread in self._threads):
            raise TimeoutError("somebody still waits for an answer")
        return self.calls

    def run_for(self, seconds: float) -> list[Call]:
        """Let them work for so long, and return all calls."""
        self.start()
        self.over.wait(seconds)
        return self.stop()


class _Annotator:
    """One person at work."""

    def __init__(self, crowd: Crowd, person: Person, rng: random.Random) -> None:
        self._crowd, self._person, self._rng = crowd, person, rng
        self._line = _Line(crowd.address, person.token)
        self._project = f"/api/v1/projects/{crowd.project}"

    def work(self) -> None:
        """Label until told to stop, or until nothing is left."""
        shown = self._next()
        while shown is not None and not self._crowd.over.is_set():
            # Whoever is told to stop while thinking goes; all at once would decide else.
            if self._crowd.over.wait(self._crowd.habits.think(self._rng)):
                break
            shown = self._decide(shown) or self._next()
        self._line.close()

    def _decide(self, shown: dict[str, Any]) -> dict[str, Any] | None:
        habits, draw = self._crowd.habits, self._rng.random()
        if draw < habits.wanders:
            left = shown["until"] - time.time() + 1.5
            self._crowd.over.wait(max(left, 0.0))
            return self._save(shown) if self._rng.random() < habits.returns else None
        if draw < habits.wanders + habits.skips:
            path = f"{self._project}/leases/{shown['lease']}/skip"
            self._insist(self._call("skip", shown), path, {"reason": "unclear"})
            return None
        return self._save(shown)

    def _save(self, shown: dict[str, Any]) -> dict[str, Any] | None:
        body = {
            "lease": shown["lease"],
            "labels": [self._rng.choice(self._crowd.habits.labels)],
            "client_id": str(uuid.UUID(int=self._rng.getrandbits(128) ^ secrets.randbits(128))),
            "seconds": 1.0,
        }
        path = f"{self._project}/annotations"
        call = self._call("save", shown, labels=body["labels"], client_id=body["client_id"])
        given = self._insist(call, path, body)
        if self._rng.random() < self._crowd.habits.repeats:
            again = self._call("save", shown, labels=body["labels"], client_id=body["client_id"])
            self._insist(again, path, body)
        return given

    def _next(self) -> dict[str, Any] | None:
        return self._insist(self._call("next"), f"{self._project}/next", {})

    def _call(self, kind: str, shown: dict[str, Any] | None = None, **more: Any) -> Call:
        about = {} if shown is None else {"item": shown["item"], "lease": shown["lease"]}
        return Call(self._person.number, kind, 0.0, 0.0, UNKNOWN, **about, **more)

    def _insist(self, call: Call, path: str, body: dict[str, Any]) -> dict[str, Any] | None:
        """Call until there is an answer, and return the item that came with it."""
        end = time.monotonic() + self._crowd.habits.keeps_trying
        while True:
            once = Call(**vars(call))
            self._once(once, path, body)
            self._crowd.calls.append(once)
            if once.outcome != UNKNOWN or time.monotonic() > end:
                return once.given
            time.sleep(RETRY_SECONDS)

    def _once(self, call: Call, path: str, body: dict[str, Any]) -> None:
        call.began = time.time()
        try:
            call.status, answer = self._line.post(path, body)
        except (OSError, http.client.HTTPException, ValueError):
            call.ended = time.time()
            return
        call.ended = time.time()
        _note(call, answer)


def _note(call: Call, answer: Any) -> None:
    """Write down what the answer says."""
    if call.status >= 500 or call.status == 429:
        return
    call.outcome = OK if call.status < 300 else REFUSED
    body = answer if isinstance(answer, dict) else {}
    saved, item = body.get("annotation"), body.get("next")
    if call.kind == "next":
        item = body if "lease" in body else None
    if saved:
        call.annotation, call.counted = saved["id"], saved["counted"]
        call.again = saved["source"] in ("second", "repeat")
    if item:
        until = datetime.fromisoformat(item["expires_at"]).timestamp()
        call.given = {"item": item["item"]["id"], "lease": item["lease"], "until": until}


class _Line:
    """A connection that is kept open and made anew after it broke."""

    def __init__(self, address: str, token: str) -> None:
        parts = urlsplit(address)
        self._host, self._port = parts.hostname or "", parts.port
        self._headers = {"Content-Type": "application/json", "Authorization": f"Token {token}"}
        self._connection: http.client.HTTPConnection | None = None

    def post(self, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        """Return the status and the body of the answer."""
        try:
            return self._post(path, json.dumps(body))
        except Exception:
            self.close()
            raise

    def _post(self, path: str, body: str) -> tuple[int, Any]:
        if self._connection is None:
            self._connection = http.client.HTTPConnection(self._host, self._port, timeout=TIMEOUT)
        self._connection.request("POST", path, body, self._headers)
        answer = self._connection.getresponse()
        content = answer.read()
        kind = answer.headers.get_content_type()
        return answer.status, json.loads(
            content
        ) if kind == "application/json" and content else None

    def close(self) -> None:
        """Hang up."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


# Accounts and what is stored, by the database that is measured ------------------------------------


def enrol(project: int, number: int) -> list[Person]:
    """Return that many new annotators of the project, each with a token."""
    from knox.models import AuthToken

    from annotator.models import Membership, Role, User

    mark = secrets.token_hex(3)
    people = [
        User(username=f"bench-{mark}-{index}", password="!")  # noqa: S106 - nobody can log in with it
        for index in range(number)
    ]
    User.objects.bulk_create(people)
    rows = list(User.objects.filter(username__startswith=f"bench-{mark}-").order_by("pk"))
    Membership.objects.bulk_create(
        [Membership(project_id=project, user=user, role=Role.ANNOTATOR) for user in rows]
    )
    return [Person(user.pk, AuthToken.objects.create(user=user)[1]) for user in rows]


def stored(project: int) -> list[Stored]:
    """Return every standing annotation of the project."""
    from annotator.models import LOOKS, Annotation

    rows = Annotation.objects.filter(project_id=project, withdrawn_at=None)
    return [
        Stored(
            row.pk,
            row.item_id,
            row.user_id or 0,
            str(row.client_id),
            tuple(each.label.name for each in row.given.all()),
            row.counted,
            row.source in LOOKS,
        )
        for row in rows.prefetch_related("given__label")
    ]
