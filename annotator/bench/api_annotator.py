"""An annotator who works through the API with a token, one item at a time."""

import random
import secrets
import time
import uuid
from datetime import datetime
from typing import TYPE_CHECKING, Any

from annotator.bench.connection import BROKEN, Connection
from annotator.bench.invariants import OK, REFUSED, UNKNOWN, Call

if TYPE_CHECKING:
    from annotator.bench.load import Crowd, Person

RETRY_SECONDS = 0.2


class ApiAnnotator:
    """One annotator at work."""

    def __init__(self, crowd: "Crowd", person: "Person", rng: random.Random) -> None:
        self._crowd, self._person, self._rng = crowd, person, rng
        self._line = Connection(crowd.address, {"Authorization": f"Token {person.token}"})
        self._project = f"/api/v1/projects/{crowd.project}"

    def open(self) -> None:
        """Do nothing: the API needs no preparation."""

    def work(self) -> None:
        """Label until told to stop, or until nothing is left."""
        shown = self._next()
        while shown is not None and not self._crowd.over.is_set():
            # Annotators waiting to answer exit at once; otherwise all would submit simultaneously.
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
        """Repeat the call until it is answered, and return the item that came with the answer."""
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
        except BROKEN:
            call.ended = time.time()
            return
        call.ended = time.time()
        _note(call, answer)


def _note(call: Call, answer: Any) -> None:
    """Record the answer of a call."""
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
