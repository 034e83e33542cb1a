"""Simulated labelling window: session login, prefetched items, one call at a time.

It behaves as `static/labelling` does. A decision shows the next prefetched item and is sent at
once; the response brings another item to prefetch, and buffered items while the connection is idle.
A window without decisions sends a heartbeat that names what it holds.

Prefetched items may be reassigned until they are shown. The history therefore counts an item as
held only from the call that named it as shown.
"""

import json
import random
import re
import secrets
import time
import uuid
from datetime import datetime
from typing import TYPE_CHECKING, Any

from annotator.bench.connection import BROKEN, Connection
from annotator.bench.invariants import OK, REFUSED, UNKNOWN, Call

if TYPE_CHECKING:
    from annotator.bench.load import Crowd, Person

RETRY_SECONDS = 0.25
SPARES_SECONDS = 0.5
MOST_BEAT_SECONDS = 45.0
CONFIG = re.compile(r'<script id="desk-config" type="application/json">(.*?)</script>', re.DOTALL)

Served = dict[str, Any]


class DeskWindow:
    """One annotator in one window."""

    def __init__(self, crowd: "Crowd", person: "Person", rng: random.Random) -> None:
        self._crowd, self._person, self._rng = crowd, person, rng
        self._line = Connection(crowd.address, {}, {"sessionid": person.session})
        self._desk = f"/api/v1/projects/{crowd.project}/desk"
        self._page = f"{uuid.uuid4()}/1"
        self._config: dict[str, Any] = {}
        self._current: Served | None = None
        self._ahead: list[Served] = []
        self._spares: list[Served] = []
        self._seen: set[str] = set()
        self._shown_at = self._spoke_at = 0.0
        self._has_spoken = self._is_done = False
        self._most_spares = self._spares_asked = 0

    # Annotator ------------------------------------------------------------------------------------

    def open(self) -> None:
        """Load the page, take the first items, and fill the offline buffer."""
        self._load()
        self._speak()
        self._crowd.over.wait(SPARES_SECONDS)
        self._speak()

    def _load(self) -> None:
        call = self._call("next")
        status, text = self._line.page(f"/projects/{self._crowd.project}/label")
        found = CONFIG.search(text)
        if status != 200 or found is None:
            raise RuntimeError(f"the labelling page answered {status} without its settings")
        call.ended, call.outcome, call.status = time.time(), OK, status
        self._config = json.loads(found[1])
        self._most_spares = self._config["preferences"]["spares"]
        self._show(self._config["first"])
        if self._current is not None:
            # No other window may take the items that the page was loaded with.
            call.given = _given(self._current, is_sure=True)
            self._seen.add(self._current["lease"])
        self._crowd.calls.append(call)

    def work(self) -> None:
        """Label until told to stop or nothing is left; then close the window."""
        self._shown_at = time.monotonic()
        while not self._crowd.over.is_set() and not self._is_done:
            if self._current is None:
                self._crowd.over.wait(0 if self._speak() else RETRY_SECONDS)
            # Annotators waiting to answer exit at once; otherwise all would submit simultaneously.
            elif not self._is_stopped_thinking():
                self._decide(self._current)
        self._leave()

    def _is_stopped_thinking(self) -> bool:
        """Wait while sending heartbeats as the page does; return whether to stop."""
        ends = self._shown_at + self._crowd.habits.think(self._rng)
        while (now := time.monotonic()) < ends:
            speaks_at = self._spoke_at + self._silence()
            if self._crowd.over.wait(max(min(ends, speaks_at) - now, 0.0)):
                return True
            if speaks_at < ends:
                self._speak()
        return self._crowd.over.is_set()

    def _silence(self) -> float:
        if self._spares_wanted():
            return SPARES_SECONDS
        return min(MOST_BEAT_SECONDS, float(self._config["lease_seconds"]) / 3)

    def _decide(self, shown: Served) -> None:
        habits, draw = self._crowd.habits, self._rng.random()
        if draw < habits.wanders and not self._comes_back(shown):
            self._speak()
        elif habits.wanders <= draw < habits.wanders + habits.skips:
            self._settle(shown, self._call("skip", shown), {"kind": "skip", "reason": "unclear"})
        else:
            self._label(shown)

    def _comes_back(self, shown: Served) -> bool:
        """Stay away until the lease has expired, and return whether to answer it then."""
        self._crowd.over.wait(max(_until(shown) - time.time() + 1.5, 0.0))
        return self._rng.random() < self._crowd.habits.returns

    def _label(self, shown: Served) -> None:
        label = self._rng.choice(self._config["labels"])
        decision = {
            "kind": "label",
            "label_ids": [label["id"]],
            "seconds": round(time.monotonic() - self._shown_at, 2),
            "note": "",
            "unsure": False,
        }
        call = self._call("save", shown, labels=[label["name"]])
        self._settle(shown, call, decision)

    def _settle(self, shown: Served, call: Call, decision: dict[str, Any]) -> None:
        """Show the next item, and send the decision until the server has answered."""
        call.client_id = str(uuid.UUID(int=self._rng.getrandbits(128) ^ secrets.randbits(128)))
        said = {**decision, "client_id": call.client_id, "lease": shown["lease"]}
        self._advance()
        end = time.monotonic() + self._crowd.habits.keeps_trying
        while not self._speak(call, said) and time.monotonic() < end:
            time.sleep(RETRY_SECONDS)
        if call.kind == "save" and self._rng.random() < self._crowd.habits.repeats:
            self._speak(call, said)

    def _advance(self) -> None:
        waiting = self._ahead or self._spares
        self._show(waiting.pop(0) if waiting else None)

    def _show(self, served: Served | None) -> None:
        self._current, self._shown_at = served, time.monotonic()

    # Requests and responses -----------------------------------------------------------------------

    def _speak(self, about: Call | None = None, decision: dict[str, Any] | None = None) -> bool:
        """Make one call, record it, and return whether it was answered."""
        call = Call(**vars(about)) if about else self._call("next")
        body = self._asked(decision)
        answer = self._post(call, self._desk, body)
        if 400 <= call.status < 500 and call.status != 429:
            raise RuntimeError(f"the desk call was answered {call.status}: {answer}")
        if call.status == 200:
            told = self._hear(answer, call, body)
        else:
            # The items that it would have brought are unknown.
            told = [self._call("next", **_times(call))] if about else []
        self._crowd.calls.extend([call, *told])
        return call.status == 200

    def _post(self, call: Call, path: str, body: dict[str, Any]) -> Any:
        call.began = time.time()
        try:
            call.status, answer = self._line.post(path, body)
        except BROKEN:
            call.status, answer = 0, None
        call.ended = time.time()
        return answer

    def _asked(self, decision: dict[str, Any] | None) -> dict[str, Any]:
        self._spares_asked = self._spares_wanted() if self._has_spoken else 0
        missing = self._config["preferences"]["ahead"] + (1 if decision else 0)
        missing += 0 if self._current else 1
        return {
            "page": self._page,
            "person": self._person.number,
            "decisions": [decision] if decision else [],
            "version": self._config["version"],
            "holding": [each["lease"] for each in self._held()],
            "want": max(0, missing - len(self._ahead)),
            "spares": self._spares_asked,
        }

    def _spares_wanted(self) -> int:
        few = len(self._spares) <= self._most_spares / 2
        return self._most_spares - len(self._spares) if few else 0

    def _hear(self, answer: dict[str, Any], call: Call, body: dict[str, Any]) -> list[Call]:
        """Apply the response; return the fields that the record of one call cannot hold."""
        self._has_spoken, self._spoke_at = True, time.monotonic()
        self._config |= answer.get("shown", {})
        call.outcome = OK
        for settled in answer["decisions"]:
            _note(call, settled)
        self._take_in(answer)
        self._is_done = bool(answer["empty"]) and self._current is None
        new = [_given(served) for served in (*answer["next"], *answer["spares"])]
        call.given = new[0] if new else None
        told = [self._echo(call, given=each) for each in (*new[1:], *self._seen_now(body))]
        return told + ([self._echo(call, status=204)] if self._is_done else [])

    def _take_in(self, answer: dict[str, Any]) -> None:
        gone = set(answer["lost"])
        self._ahead = [each for each in self._ahead if each["lease"] not in gone]
        self._spares = [each for each in self._spares if each["lease"] not in gone]
        self._ahead += answer["next"]
        self._spares += answer["spares"]
        if self._spares_asked > len(answer["spares"]):
            self._most_spares = len(self._spares)
        if self._current is None or self._current["lease"] in gone:
            self._advance()

    def _seen_now(self, body: dict[str, Any]) -> list[dict[str, Any]]:
        """Return the item on the screen, if the call has confirmed its lease."""
        shown, named = self._current, body["holding"][:1]
        if shown is None or shown["lease"] in self._seen or shown["lease"] not in named:
            return []
        self._seen.add(shown["lease"])
        return [_given(shown, is_sure=True)]

    def _echo(self, call: Call, **more: Any) -> Call:
        return self._call("next", **{**_times(call), "outcome": OK, "status": 200, **more})

    def _leave(self) -> None:
        """Close the window, and release what it holds."""
        held = self._held()
        if held:
            call = self._call("release")
            leases = [each["lease"] for each in held]
            self._post(call, f"{self._desk}/leave", {"page": self._page, "leases": leases})
            done = {**_times(call), "outcome": OK if call.status == 204 else UNKNOWN}
            self._crowd.calls.extend(self._call("release", each, **done) for each in held)
        self._line.close()

    def _held(self) -> list[Served]:
        return [*([self._current] if self._current else []), *self._ahead, *self._spares]

    def _call(self, kind: str, shown: Served | None = None, **more: Any) -> Call:
        about = {"item": shown["item"]["id"], "lease": shown["lease"]} if shown else {}
        times = {"began": time.time(), "ended": 0.0}
        return Call(self._person.number, kind, **{**times, "outcome": UNKNOWN, **about, **more})


def _note(call: Call, settled: dict[str, Any]) -> None:
    """Record the result of a decision."""
    saved = settled["annotation"]
    call.outcome = OK if saved or settled["code"] == "skipped" else REFUSED
    if saved:
        call.annotation, call.counted = saved["id"], saved["counted"]
        call.again = saved["source"] in ("second", "repeat")


def _given(served: Served, *, is_sure: bool = False) -> dict[str, Any]:
    lease, item = served["lease"], served["item"]["id"]
    return {"item": item, "lease": lease, "until": _until(served), "sure": is_sure}


def _until(served: Served) -> float:
    return datetime.fromisoformat(served["expires_at"]).timestamp()


def _times(call: Call) -> dict[str, Any]:
    return {"began": call.began, "ended": call.ended}
