"""An export of a project, and the figures that follow from it alone.

The export is what `?include=withdrawn,skipped,unlabelled` gives. Only intervals and measures of
agreement come from the library; what is counted, and of what, is counted here.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from statistics import median
from typing import Any

import numpy as np

from selection.agreement import bootstrap
from selection.core import intervals
from selection.evaluation import recall_bound, stopping

INCLUDE = ("withdrawn", "skipped", "unlabelled")
Record = dict[str, Any]
# The fields of a record of pairs that are a choice, where others have labels.
CHOICES = ("choice", "gold", "decided", "truth")


def moment(text: str) -> datetime:
    """Return a time as API and export write it."""
    return datetime.fromisoformat(text).astimezone(UTC)


class Export:
    """Everything that an export says, and what follows from it.

    `labels` are the project's, in their order; `overlap` how many answers an item needs.
    """

    def __init__(self, records: list[Record], labels: Sequence[str]) -> None:
        self.records, self.labels = [_with_labels(each) for each in records], list(labels)
        self.answers = [each for each in self.records if each["id"] is not None]
        self.skips = [each for each in self.records if each["skip_reason"] is not None]
        self.standing = [each for each in self.answers if each["withdrawn_at"] is None]
        self.given = [each for each in self.standing if _counts(each)]

    # How far -------------------------------------------------------------------------------------

    def items(self) -> dict[int, Record]:
        """Return one record per item."""
        return {each["item"]: each for each in self.records}

    def in_state(self, state: str) -> int:
        return sum(each["state"] == state for each in self.items().values())

    def frontier(self) -> int:
        """Return the place in audit order before the first waiting item."""
        skipped = {each["item"] for each in self.skips}
        waiting = [
            each["audit_key"] - 1
            for each in self.items().values()
            if each["state"] in ("pool", "queued") and each["item"] not in skipped
        ]
        newest = max((each["audit_key"] for each in self.standing if each["audit"]), default=-1)
        return min([newest, *waiting])

    def audited(self) -> int:
        """Count the items of the audit set: settled ones before the first waiting one."""
        frontier = self.frontier()
        in_bulk = {each["item"] for each in self.standing if each["source"] == "bulk"}
        return sum(
            each["state"] == "labelled"
            and each["audit_key"] <= frontier
            and each["item"] not in in_bulk
            for each in self.items().values()
        )

    def audits_answered(self) -> int:
        """Count the answered audits, also those behind a waiting one."""
        frontier = self.frontier()
        behind = {
            each["item"]
            for each in self.given
            if each["audit"] and each["state"] == "labelled" and each["audit_key"] > frontier
        }
        return self.audited() + len(behind)

    def seconds(self, answers: Iterable[Record] | None = None) -> float:
        """Sum the counted time; that of a withdrawn extra annotation remains."""
        rows = self.answers if answers is None else answers
        spent = [each for each in rows if each["withdrawn_at"] is None or not each["counted"]]
        return float(sum(each["seconds_counted"] or 0.0 for each in spent))

    def of(self, annotator: str | None = None, days: Iterable[date] | None = None) -> "Export":
        """Return the export of one user's work, or of some days."""
        wanted = None if days is None else set(days)
        rows = [
            each
            for each in self.records
            if each["created_at"] is not None
            and annotator in (None, each["annotator"])
            and (wanted is None or moment(each["created_at"]).date() in wanted)
        ]
        return Export(rows, self.labels)

    def finished(self) -> int:
        return sum(bool(each["completes"]) for each in self.standing)

    def audits(self) -> int:
        return sum(each["audit"] for each in self.given)

    def changes(self, annotator: str, day: date) -> int:
        """Count a user's corrections, withdrawals and seed labels on a day."""
        made = [change for each in self.answers for change in each["history"]]
        mine = [c for c in made if c["by"] == annotator and moment(c["at"]).date() == day]
        seeds = [each for each in self.of(annotator, [day]).answers if each["source"] == "seed"]
        return len(mine) + len(seeds)

    def at_work(self) -> set[str]:
        """Return who labelled or skipped, even if all of it was withdrawn."""
        spent = [each for each in self.answers if self.seconds([each])]
        return {each["annotator"] for each in [*self.given, *self.skips, *spent]}

    def median_seconds(self) -> float | None:
        """Return the median time of a user's annotations of single items."""
        known = [each["seconds_counted"] for each in self.opinions()]
        known = [seconds for seconds in known if seconds is not None]
        return median(known) if known else None

    # How good ------------------------------------------------------------------------------------

    def judged(self) -> list[Record]:
        """Return the judgement of each audit item, in audit order."""
        found = {each["item"]: each["judged"] for each in self.records if each["judged"]}
        return sorted(found.values(), key=lambda each: each["place"])

    def accuracy(self, target: float | None = None, **pool: int) -> dict[str, Any] | None:
        """Return the accuracy; where a pool's size is told, with the interval of a part of it."""
        right = [each["right"] for each in self.judged()]
        assert right == [set(each["labels"]) == set(each["truth"]) for each in self.judged()]
        if not right:
            return None
        proven = stopping.target_reached(np.array(right), target or 0.5, **pool).low
        return {**interval(right, **pool), "proven": proven}

    def population(self) -> int:
        """Count the population of the audits: the items of the set and all behind it."""
        judged = [each["audit_key"] for each in self.items().values() if each["judged"]]
        behind = [each for each in self.items().values() if each["audit_key"] > max(judged)]
        return len(judged) + len(behind)

    def tables(self) -> tuple[np.ndarray, np.ndarray]:
        """Return (truth, said) of the audits, each (n, C) of booleans, in the order of items.

        An interval that is drawn at random depends on that order.
        """
        found = {each["item"]: each["judged"] for each in self.records if each["judged"]}
        rows = [(each["truth"], each["labels"]) for _item, each in sorted(found.items())]
        truth, said = (
            np.array([[name in row[side] for name in self.labels] for row in rows])
            for side in (0, 1)
        )
        return truth, said

    def precision_and_recall(self) -> list[dict[str, Any]]:
        """Return precision and recall of each label, with n, or None if n is 0."""
        found = []
        for truth, said in zip(*(table.T for table in self.tables()), strict=True):
            both = int((truth & said).sum())
            parts = {"precision": int(said.sum()), "recall": int(truth.sum())}
            found.append({name: _share(both, n) for name, n in parts.items()})
        return found

    def macro_f1(self) -> float | None:
        """Return the mean F1 of the labels that the audits have."""
        f1 = [
            2 * int((truth & said).sum()) / int(truth.sum() + said.sum())
            for truth, said in zip(*(table.T for table in self.tables()), strict=True)
            if truth.any()
        ]
        return sum(f1) / len(f1) if f1 else None

    # Search for a rare label ----------------------------------------------------------------------

    def search(self, label: str) -> dict[str, Any]:
        """Return the report on the search for `label`, without samples drawn to prove a recall."""
        relevant = {item: said == label for item, said in self.settled().items()}
        marks = [relevant.get(item, True) for item in self._audit_prefix()]
        known = [relevant[item] for item in self._audit_prefix() if item in relevant]
        found, every = sum(relevant.values()), len(self.items())
        return {
            "items": every,
            "read": len(relevant),
            "found": found,
            "audits": len(marks),
            "frequency": _share(sum(known), len(known)),
            "recall": _recall(marks, found, len(relevant), every),
        }

    def _audit_prefix(self) -> list[int]:
        """Return the items of the audit set in order, skipped ones before its last included."""
        frontier, items = self.frontier(), self.items()
        prefix = [item for item, each in items.items() if each["audit_key"] <= frontier]
        prefix.sort(key=lambda item: items[item]["audit_key"])
        while prefix and items[prefix[-1]]["state"] != "labelled":
            prefix.pop()
        return prefix

    # At the time of a model -----------------------------------------------------------------------

    def at(self, when: datetime) -> "Export":
        """Return the annotations as they were then, with their labels of that time."""
        rows = []
        for each in self.answers:
            gone = each["withdrawn_at"]
            if moment(each["created_at"]) < when:
                still = gone is None or moment(gone) > when
                since = [c["labels"] for c in each["history"] if moment(c["at"]) > when]
                said = {"labels": [*since, each["labels"]][0]}
                rows.append({**each, **said, "withdrawn_at": None if still else gone})
        return Export(rows, self.labels)

    def moment_of(self, when: datetime, items: int, answers: int | None = None) -> "Export":
        """Return the answers as they stood when a model that was made by `when` read them.

        People go on while a model is trained, so it is the last moment before at which so many
        `items` had a label, and so many `answers` stood. Without one, it is `when`.
        """
        every = [each["created_at"] for each in self.answers]
        every += [change["at"] for each in self.answers for change in each["history"]]
        for at in sorted({moment(each) for each in every}, reverse=True):
            then = self.at(at + timedelta(microseconds=1)) if at <= when else self
            if at <= when and len(then.settled()) == items and answers in (None, len(then.given)):
                return then
        return self.at(when)

    def settled(self) -> dict[int, str]:
        """Return the current label of each annotated item, for single choice."""
        votes: dict[int, list[Record]] = {}
        for each in self.standing:
            if each["counted"]:
                votes.setdefault(each["item"], []).append(each)
        return {item: self._winner(rows) for item, rows in votes.items()}

    def _winner(self, rows: list[Record]) -> str:
        if rows[0]["decided"]:
            return str(rows[0]["decided"][0])
        every = Counter(name for each in rows for name in each["labels"])
        own = Counter(name for each in rows if each["source"] != "seed" for name in each["labels"])
        return min(every, key=lambda name: (-every[name], -own[name], self.labels.index(name)))

    # Agreement ------------------------------------------------------------------------------------

    def opinions(self) -> list[Record]:
        """Return the annotations that are someone's own opinion of a single item."""
        return [
            each
            for each in self.standing
            if each["annotator"]
            and each["source"] not in ("repeat", "bulk")
            and (each["source"] != "seed" or each["strategy"] == "search")
        ]

    def shared(self) -> dict[int, dict[str, int]]:
        """Return each user's answers, as numbers, on the items that several answered."""
        found: dict[int, dict[str, int]] = {}
        for each in self.opinions():
            said = self.labels.index(each["author_labels"][0])
            found.setdefault(each["item"], {})[each["annotator"]] = said
        return {item: said for item, said in found.items() if len(said) > 1}

    def table(self, people: Sequence[str] = ()) -> np.ndarray:
        """Return the shared items as (items, people), -1 where somebody gave none."""
        shared = self.shared()
        people = people or sorted({name for said in shared.values() for name in said})
        rows = [[said.get(name, -1) for name in people] for said in shared.values()]
        return np.array(rows, dtype=np.int64).reshape(-1, len(people))

    def unanimous(self) -> dict[str, Any]:
        """Return the share of shared items on which all agree."""
        same = [len(set(said.values())) == 1 for said in self.shared().values()]
        return _share(sum(same), len(same))

    def same_as_others(self, person: str) -> float | None:
        """Return a user's agreement with others on the same items."""
        shares = [
            np.mean([said[person] == other for name, other in each.items() if name != person])
            for each in self.shared().values()
            if person in each
            for said in [each]
        ]
        return float(np.mean(shares)) if shares else None

    def kappa(self, a: str, b: str) -> Any:
        return bootstrap.agreement_interval(self.table([a, b]), "cohen")

    def alpha(self) -> Any:
        return bootstrap.agreement_interval(self.table())

    def alpha_of(self, label: str) -> Any:
        table, number = self.table(), self.labels.index(label)
        given = np.where(table < 0, -1, (table == number).astype(np.int64))
        return bootstrap.agreement_interval(given)

    def gold(self, person: str) -> dict[str, Any]:
        """Return how many gold items a user answered correctly at first."""
        first: dict[int, Record] = {}
        for each in sorted(self.of(person).answers, key=lambda each: each["id"]):
            if each["source"] == "gold":
                first.setdefault(each["item"], each)
        right = [set(_said_at_first(each)) == set(each["gold"]) for each in first.values()]
        return _share(sum(right), len(right))

    def effect(self) -> dict[str, list[int]]:
        """Return (equal, all) counts of answers against suggestions: shown, and blind."""
        first: dict[int, Record] = {}
        for each in sorted(self.standing, key=lambda each: -each["id"]):
            hint = each["hidden_suggestion"] if each["blind"] else each["suggestion"]
            if each["source"] == "active" and hint:
                first[each["item"]] = {**each, "hint": set(hint["labels"])}
        sides: dict[str, list[int]] = {"shown": [0, 0], "blind": [0, 0]}
        for each in first.values():
            side = sides["blind" if each["blind"] else "shown"]
            side[0] += set(each["author_labels"]) == each["hint"]
            side[1] += 1
        return sides


def _with_labels(record: Record) -> Record:
    """Return a record with `labels`; where pairs are compared, the export has a choice."""
    if "choice" not in record:
        return record
    found = {name: _as_labels(name, value) for name, value in record.items()}
    labels = found.pop("choice")
    return {**found, "labels": labels}


def _as_labels(name: str, value: Any) -> Any:
    if name in CHOICES:
        return [] if value is None else [value]
    if isinstance(value, list):
        return [_with_labels(each) for each in value]
    return _with_labels(value) if isinstance(value, dict) else value


def _counts(each: Record) -> bool:
    return bool(each["counted"]) and each["source"] != "seed"


def interval(right: Sequence[bool], **pool: int) -> dict[str, Any]:
    found, value = intervals.accuracy_interval(right, **pool), sum(right) / len(right)
    assert found is not None
    low, high = min(found.low, value), max(found.high, value)
    return {"value": value, "low": low, "high": high, "n": len(right)}


def _share(right: int, n: int) -> dict[str, Any]:
    low, high = intervals.binomial_interval(right, n)
    return {"value": right / n if n else None, "low": low, "high": high, "n": n}


def _recall(marks: list[bool], found: int, read: int, items: int) -> dict[str, Any] | None:
    looked = recall_bound.audited(marks, items)
    if looked is None or not found:
        return None
    about = min(max(round(sum(marks) / len(marks) * items), found), found + items - read)
    expected = about if any(marks) else None
    low = recall_bound.lower_bound(found, items - read, [looked])
    value = found / expected if expected else None
    return {"value": value, "expected": expected, "low": low, "drawn": 0}


def _said_at_first(each: Record) -> list[str]:
    return list(each["history"][0]["labels"] if each["history"] else each["labels"])
