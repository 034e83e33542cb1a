"""Queue invariants, checked on the record of many simultaneous annotators.

Each simulated annotator records its calls: when each began, when its response arrived, what was
asked and answered. A call without a response may or may not have taken effect. From the calls and
the final database, `violations` reports what cannot have been right:

- *lost*: a label that was acknowledged is not stored;
- *changed*: it is stored with other labels, or on another item;
- *doubled*: one save is stored twice, or one annotator has two valid answers on an item;
- *unasked*: something is stored that nobody sent;
- *crowded*: more annotators held or answered an item at once than it needed;
- *repeated*: an annotator was given an item that they had answered or skipped already;
- *unsteady*: the same save, sent again, returned another annotation;
- *starved*: an annotator was told that nothing is left while an item had never been served.

The checks count only what is certain: an item is held from the moment its holder had the response
until they sent their decision, or until the lease expired.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

# What a caller can know about a call.
OK, REFUSED, UNKNOWN = "ok", "refused", "unknown"
# Tolerance, in seconds, for clock differences between caller and server about a lease's expiry.
SKEW = 1.0


@dataclass
class Call:
    """One call as its caller saw it; times are in seconds on one clock for all callers."""

    person: int
    kind: str  # next, save, skip, release
    began: float
    ended: float
    outcome: str
    status: int = 0
    item: int | None = None
    lease: str = ""
    client_id: str = ""
    labels: list[str] = field(default_factory=list)
    annotation: int | None = None
    counted: bool = True
    again: bool = False  # said after it was saved: a review
    # The item that came with the response: item, lease, expiry. `sure` unless it may be
    # reassigned, as a prefetched item that was not shown may.
    given: dict[str, Any] | None = None

    @property
    def is_acknowledged(self) -> bool:
        """Return whether the server confirmed that this save is stored."""
        return self.kind == "save" and self.annotation is not None


@dataclass(frozen=True)
class Stored:
    """One annotation in the final database."""

    id: int
    item: int
    person: int
    client_id: str
    labels: tuple[str, ...]
    counted: bool
    # A review, possibly of the same annotator's own earlier answer.
    again: bool = False


@dataclass(frozen=True)
class Violation:
    """A violated invariant, described."""

    kind: str
    words: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.words}"


def violations(
    calls: Sequence[Call],
    stored: Sequence[Stored],
    *,
    overlap: int = 1,
    items: Iterable[int] = (),
    reviews: Collection[str] = (),
) -> list[Violation]:
    """Return every violated invariant of the history.

    `overlap` is the number of annotations an item needs, `items` are all items in the pool from the
    first call to the last, `reviews` are the leases of reviews, which are on labelled items.
    """
    by_time = sorted(calls, key=lambda call: (call.began, call.ended))
    return [
        *_lost_or_changed(by_time, stored),
        *_doubled(stored),
        *_unasked(by_time, stored),
        *_crowded(by_time, stored, overlap, reviews),
        *_repeated(by_time, reviews),
        *_unsteady(by_time),
        *_starved(by_time, items),
    ]


# Stored annotations -------------------------------------------------------------------------------


def _lost_or_changed(calls: Sequence[Call], stored: Sequence[Stored]) -> Iterator[Violation]:
    by_save = {(each.person, each.client_id): each for each in stored}
    for call in calls:
        if not call.is_acknowledged:
            continue
        found = by_save.get((call.person, call.client_id))
        if found is None:
            yield Violation("lost", f"save {call.client_id} of person {call.person} is not stored")
        elif found.item != call.item or sorted(found.labels) != sorted(call.labels):
            yield Violation(
                "changed",
                f"save {call.client_id} said {call.labels} of item {call.item}, stored is "
                f"{list(found.labels)} of item {found.item}",
            )


def _doubled(stored: Sequence[Stored]) -> Iterator[Violation]:
    seen: dict[Any, Stored] = {}
    for each in stored:
        keys: list[Any] = [("save", each.person, each.client_id)]
        if not each.again:
            keys.append(("item", each.person, each.item))
        for key in keys:
            if key in seen:
                yield Violation(
                    "doubled", f"person {each.person} has {seen[key].id} and {each.id} for one"
                )
            seen[key] = each


def _unasked(calls: Sequence[Call], stored: Sequence[Stored]) -> Iterator[Violation]:
    sent = {(call.person, call.client_id) for call in calls if call.kind == "save"}
    for each in stored:
        if (each.person, each.client_id) not in sent:
            yield Violation("unasked", f"nobody sent annotation {each.id} on item {each.item}")


# Leases over time ---------------------------------------------------------------------------------


def _crowded(
    calls: Sequence[Call], stored: Sequence[Stored], overlap: int, reviews: Collection[str]
) -> Iterator[Violation]:
    counted: dict[int, int] = defaultdict(int)
    for each in stored:
        counted[each.item] += int(each.counted)
    for item, answers in counted.items():
        if answers > overlap:
            yield Violation("crowded", f"item {item} has {answers} counted answers of {overlap}")
    held = defaultdict(list)
    for item, person, since, until in _holds(calls, reviews):
        held[item].append((since, until, person))
    for item, spans in held.items():
        most = _most_at_once(spans)
        if most > overlap:
            yield Violation("crowded", f"item {item} was with {most} people at once")


def _holds(
    calls: Sequence[Call], reviews: Collection[str]
) -> Iterator[tuple[int, int, float, float]]:
    """Yield (item, user, since, until): when an item was certainly held or answered by a user."""
    since: dict[tuple[int, str], tuple[int, float, float]] = {}
    ends: dict[tuple[int, str], float] = {}
    answered = set()
    for call in calls:
        if call.given is not None and _is_certain(call.given, reviews):
            key = (call.person, call.given["lease"])
            first = since.get(key, (0, call.ended, 0.0))[1]
            since[key] = (call.given["item"], first, call.given["until"] - SKEW)
        if call.kind != "next":
            ends.setdefault((call.person, call.lease), call.began)
        if call.is_acknowledged and call.counted:
            answered.add((call.person, call.lease))
    for (person, lease), (item, began, runs_out) in since.items():
        end = ends.get((person, lease), runs_out)
        if (person, lease) in answered and end <= runs_out:
            # From the response on, the annotation itself takes the slot.
            yield item, person, began, float("inf")
        elif min(end, runs_out) > began:
            yield item, person, began, min(end, runs_out)


def _is_certain(given: dict[str, Any], reviews: Collection[str]) -> bool:
    return given["lease"] not in reviews and given.get("sure", True)


def _most_at_once(spans: list[tuple[float, float, int]]) -> int:
    # Two leases of one user on an item count once here; another check covers them.
    steps = sorted(
        step for since, until, person in spans for step in ((since, 1, person), (until, 0, person))
    )
    now: dict[int, int] = defaultdict(int)
    most = 0
    for _at, begins, person in steps:
        now[person] += 1 if begins else -1
        most = max(most, sum(1 for number in now.values() if number > 0))
    return most


def _repeated(calls: Sequence[Call], reviews: Collection[str]) -> Iterator[Violation]:
    settled: dict[tuple[int, int | None], float] = {}
    # A review may be of the same user's own answer.
    known = {call.lease for call in calls if call.again}.union(reviews)
    for call in sorted(calls, key=lambda call: call.ended):
        if call.is_acknowledged or (call.kind == "skip" and call.outcome == OK):
            settled.setdefault((call.person, call.item), call.ended)
    # An answer in flight at the same time may have been given before.
    for call in calls:
        if call.given is None or call.given["lease"] in known:
            continue
        if call.began > settled.get((call.person, call.given["item"]), float("inf")):
            yield Violation(
                "repeated", f"person {call.person} was given item {call.given['item']} again"
            )


def _unsteady(calls: Sequence[Call]) -> Iterator[Violation]:
    answered: dict[tuple[int, str], int] = {}
    for call in calls:
        if call.annotation is None:
            continue
        first = answered.setdefault((call.person, call.client_id), call.annotation)
        if first != call.annotation:
            yield Violation(
                "unsteady", f"save {call.client_id} was answered {first}, then {call.annotation}"
            )


def _starved(calls: Sequence[Call], items: Iterable[int]) -> Iterator[Violation]:
    first_given: dict[int, float] = {}
    for call in calls:
        if call.given is not None:
            item = call.given["item"]
            first_given[item] = min(first_given.get(item, call.began), call.began)
    unanswered = any(call.kind == "next" and call.outcome == UNKNOWN for call in calls)
    for call in calls:
        if call.kind != "next" or call.status != 204 or unanswered:
            continue
        never = [item for item in items if first_given.get(item, float("inf")) > call.ended]
        if never:
            yield Violation(
                "starved",
                f"person {call.person} was told that nothing is left; item {never[0]} was free",
            )


# Record -------------------------------------------------------------------------------------------


def write(path: Path, calls: Iterable[Call]) -> None:
    """Write a history, one call per line."""
    with path.open("w", encoding="utf-8") as file:
        for call in calls:
            file.write(json.dumps(asdict(call)) + "\n")


def read(path: Path) -> list[Call]:
    """Return the calls of a history."""
    with path.open(encoding="utf-8") as file:
        return [Call(**json.loads(line)) for line in file]
