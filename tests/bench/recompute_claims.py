"""Whether the numbers that are shown can be counted again: claim, recomputed, equal.

    python tests/bench/recompute_claims.py NEWS.csv SCREENING.csv --labels 400 --out DIR

Each file has the columns `text` and `label`. For each, Winnow runs on a data directory of its own,
and three people label a project by the file's labels: two answers an item, audits, hidden checks,
corrections, answers that are undone, skips and one lunch with an item open. Then every number of
API, dashboard, week and own work is held against one that is counted from the export alone.
"""

from __future__ import annotations

import argparse
import csv
import html
import http.cookiejar
import json
import random
import re
import sys
import tempfile
import urllib.parse
import urllib.request
import uuid
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from annotator.bench.api_client import Client
from tests import claims, servers
from tests.claims import Claim, Export

PEOPLE = ("ana", "ben", "cem")
SECRET = "rye-and-oats-and-barley"
RATE = 30
RIGHT = 0.92
RARE = 0.1
GOLD = 30
# Of a project with a rare label: the search for it has numbers of its own.
SEARCH = {"target_metric": "recall", "target_value": 0.9}
SETTINGS = {"overlap": 2, "audit_share": 0.25, "gold_share": 0.05, "hourly_rate": RATE}


def main() -> None:
    csv.field_size_limit(sys.maxsize)
    options = _options()
    wrong = sum([measure(path, options) for path in options.data])
    raise SystemExit(1 if wrong else 0)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", nargs="+", type=Path)
    parser.add_argument("--labels", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, help="where the tables go, as CSV, with the exports")
    return parser.parse_args()


def measure(path: Path, options: argparse.Namespace) -> int:
    """Print the table of one file, and return the number of claims that differ."""
    with tempfile.TemporaryDirectory() as folder:
        env = {"LOG_LEVEL": "WARNING", "TZ": "UTC"}
        with servers.winnow(Path(folder) / "data", **env) as server:
            crowd = Crowd(server, path, Path(folder), options.seed)
            crowd.work(options.labels)
            export = crowd.export()
            found = list(_all_claims(crowd, export))
    if options.out is not None:
        _store(options.out, path.stem, found, export)
    return _show(path.stem, found, export)


# Labelling ---------------------------------------------------------------------------------------


class Crowd:
    """Three annotators who label a project by the labels of a file, as people do."""

    def __init__(self, server: servers.Winnow, path: Path, folder: Path, seed: int) -> None:
        self.server, self.admin = server, server.client()
        self.rng = random.Random(seed)
        with path.open(newline="", encoding="utf-8") as file:
            rows = [(row["text"].strip(), row["label"]) for row in csv.DictReader(file)]
        self.truth = dict(rows)
        shares = Counter(self.truth.values())
        self.labels = sorted(shares)
        rare, number = shares.most_common()[-1]
        rare_setting = {"rare_label": rare, **SEARCH} if number < RARE * len(rows) else {}
        self.labels_searched = bool(rare_setting)
        body = {"name": path.stem, "labels": self.labels, "seed": seed, **SETTINGS, **rare_setting}
        self.project = self.admin.call("POST", "/projects", body)["id"]
        self.at = f"/projects/{self.project}"
        self._bring_in(folder, rows)
        self.people = {name: self._join(name) for name in PEOPLE}
        self.shown: dict[str, Any] = {}
        self.saved: dict[str, list[dict[str, Any]]] = {name: [] for name in PEOPLE}

    def _bring_in(self, folder: Path, rows: list[tuple[str, str]]) -> None:
        known = self.rng.sample(rows, GOLD)
        for name, part, are in (("gold", known, "gold"), ("pool", rows, "ignore")):
            path = folder / f"{name}.csv"
            with path.open("w", newline="", encoding="utf-8") as file:
                csv.writer(file).writerows([("text", "label"), *part])
            work = self.admin.upload(self.project, path, labels_are=are)
            address = f"{self.at}/imports/{work['id']}"
            done = self.admin.wait_for(address, lambda a: a["state"] in ("done", "failed"), 600)
            assert done["state"] == "done", done

    def _join(self, name: str) -> Client:
        self.admin.call("POST", "/users", {"username": name, "password": SECRET})
        self.admin.call("POST", f"{self.at}/members", {"username": name, "role": "annotator"})
        return self.server.client(name, SECRET)

    def work(self, number: int) -> None:
        """Label until there are that many valid annotations, with mistakes on the way."""
        for turn in count():
            name = PEOPLE[turn % len(PEOPLE)]
            if sum(map(len, self.saved.values())) >= number:
                break
            self._label(name, 7200.0 if turn == number // 2 else self.rng.uniform(2, 20))
            if turn % 40 == 17:
                self._correct(name)
            if turn % 40 == 29:
                self._undo(name)
            if turn % 40 == 35:
                self._skip(name)
            if turn % 40 == 39:
                # No annotator is this fast; give the model the time that it would have.
                self._wait_for_round()
        self._last_round()

    def _take(self, name: str) -> dict[str, Any]:
        if not self.shown.get(name):
            self.shown[name] = self.people[name].call("POST", f"{self.at}/next", {})
        return dict(self.shown[name])

    def _said(self, text: str) -> list[str]:
        right = self.truth[text.strip()]
        wrong = [label for label in self.labels if label != right]
        return [right if self.rng.random() < RIGHT else self.rng.choice(wrong)]

    def _label(self, name: str, seconds: float) -> None:
        held = self._take(name)
        body = {
            "lease": held["lease"],
            "labels": self._said(held["item"]["text"]),
            "seconds": round(seconds, 2),
            "client_id": str(uuid.uuid4()),
        }
        answer = self.people[name].call("POST", f"{self.at}/annotations", body)
        self.saved[name].append(answer["annotation"])
        self.shown[name] = answer["next"]

    def _correct(self, name: str) -> None:
        last = self.saved[name][-1]
        others = [label for label in self.labels if label not in last["labels"]]
        body = {"labels": [self.rng.choice(others)], "note": "on second thoughts"}
        self.people[name].call("PATCH", f"{self.at}/annotations/{last['id']}", body)

    def _undo(self, name: str) -> None:
        last = self.saved[name].pop()
        self.people[name].call("DELETE", f"{self.at}/annotations/{last['id']}")

    def _skip(self, name: str) -> None:
        held = self._take(name)
        self.people[name].call("POST", f"{self.at}/leases/{held['lease']}/skip", {"reason": "hard"})
        self.shown[name] = None

    def _last_round(self) -> None:
        """Run one more round, so that the figures cover all annotations."""
        self._wait_for_round()
        self.admin.call("POST", f"{self.at}/rounds")
        self._wait_for_round()
        if self.labels_searched:
            # The report on the search follows the round.
            is_read = self._is_search_current
            servers.wait_until(is_read, 120, "the report on the search")

    def _is_search_current(self) -> bool:
        search = self.admin.call("GET", f"{self.at}/progress")["search"]
        return bool(search["read"] == len(self.export().settled()))

    def _wait_for_round(self) -> None:
        def is_over(progress: dict[str, Any]) -> bool:
            turn = progress["round"]
            better = progress["features"]["improving"]
            return bool(turn) and turn["state"] in ("done", "failed") and not better

        self.admin.wait_for(f"{self.at}/progress", is_over, 900)

    def export(self) -> Export:
        """Return all exports."""
        path = f"{self.at}/export?include={','.join(claims.INCLUDE)}"
        lines = self.admin.call("GET", path).splitlines()
        return Export([json.loads(line) for line in lines], self.labels)


# Claims ------------------------------------------------------------------------------------------


def _all_claims(crowd: Crowd, export: Export) -> Iterator[Claim]:
    ask, at = crowd.admin, crowd.at
    models = ask.call("GET", f"{at}/models?page_size=500")["results"]
    rounds = ask.call("GET", f"{at}/rounds?page_size=500")["results"]
    progress = ask.call("GET", f"{at}/progress")
    yield from claims.of_progress(progress, export, RATE)
    yield from claims.of_search(progress["search"], export)
    yield from claims.of_models(models, export)
    yield from claims.of_rounds(rounds, models, export)
    yield from claims.of_curve(ask.call("GET", f"{at}/curve")["results"], export)
    yield from _of_dashboard(Browser(crowd.server).page(f"{at}/"), export)
    yield from _of_week(Browser(crowd.server).page(f"{at}/summary"), export)
    for name in PEOPLE:
        browser = Browser(crowd.server, name, SECRET)
        browser.wait_until_current(f"{at}/own-work")
        yield from _of_person(name, browser.page(f"{at}/own-work"), export.of(name))
        today = datetime.now(UTC).date()
        shown = browser.page(f"{at}/")
        given = export.of(name, [today]).given
        yield f"dashboard of {name}", "today", _number(shown["yours today (UTC)"]), len(given)


def _of_dashboard(shown: dict[str, str], export: Export) -> Iterator[Claim]:
    pairs = {
        "items": len(export.items()),
        "labelled": export.in_state("labelled"),
        "annotations": len(export.given),
        "audited": export.audited(),
        "audit items answered": export.audits_answered(),
        "skipped": len(export.skips),
        "cost so far": round(RATE * export.seconds() / 3600, 2),
    }
    there = {name: real for name, real in pairs.items() if name in shown}
    yield from (("dashboard", name, _number(shown[name]), real) for name, real in there.items())


def _of_week(shown: dict[str, str], export: Export) -> Iterator[Claim]:
    today = datetime.now(UTC).date()
    monday = today - timedelta(days=today.weekday())
    done = export.of(days=[monday + timedelta(days=n) for n in range(7)])
    pairs = {
        "annotations": len(done.given),
        "items labelled": done.finished(),
        "audit answers": done.audits(),
        "skipped": len(done.skips),
        "active annotators": len(done.at_work()),
        "hours": round(done.seconds() / 3600, 1),
        "cost": round(RATE * done.seconds() / 3600, 2),
    }
    yield from (("week", name, _number(shown[name]), real) for name, real in pairs.items())


def _of_person(name: str, shown: dict[str, str], own: Export) -> Iterator[Claim]:
    where, gold = f"own work of {name}", own.gold(name)
    middle = own.median_seconds()
    pairs = {
        "labels": len(own.given),
        "per hour": round(len(own.given) / (own.seconds() / 3600)),
        "median time": round(middle or 0.0, 2 if middle is not None and middle < 10 else 0),
        "skipped": round(100 * len(own.skips) / (len(own.skips) + len(own.given))),
    }
    for title in claims.OWN_WORK:
        yield where, title, _number(shown[title]), pairs[title]
    if gold["n"]:
        words = f"of {gold['n']} "
        yield where, "gold items", words in shown["gold accuracy"], True


def _number(words: str) -> float:
    """Return the first number in a text, as pages format it."""
    found = re.search(r"[\d,.]+", words)
    return float(found[0].replace(",", "")) if found else float("nan")


class Browser:
    """A signed-in browser that reads numbers from pages."""

    def __init__(self, server: servers.Winnow, name: str = "", password: str = "") -> None:
        self.address = server.address
        jar = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
        self.opener.addheaders = [("Accept-Language", "en")]
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', self._get("/login"))
        fields = {
            "username": name or servers.ADMIN,
            "password": password or servers.PASSWORD,
            "csrfmiddlewaretoken": token[1] if token else "",
        }
        headers = {"Referer": f"{self.address}/login"}
        data = urllib.parse.urlencode(fields).encode()
        request = urllib.request.Request(f"{self.address}/login", data, headers)
        self.opener.open(request, timeout=60).read()

    def page(self, path: str) -> dict[str, str]:
        """Return the counts on a page, by title."""
        found = re.findall(r"<dt>(.*?)</dt>\s*<dd>(.*?)</dd>", self._get(path), re.DOTALL)
        return {html.unescape(name).strip(): html.unescape(said).strip() for name, said in found}

    def wait_until_current(self, path: str) -> None:
        """Wait until the background reports of the page cover the newest annotations."""
        servers.wait_until(lambda: "data-behind" not in self._get(path), 120, "newer figures")

    def _get(self, path: str) -> str:
        with self.opener.open(f"{self.address}{path}", timeout=60) as answer:
            return str(answer.read().decode())


# Report -------------------------------------------------------------------------------------------


def _show(name: str, found: list[Claim], export: Export) -> int:
    wrong = [each for each in found if not claims.same(each[2], each[3])]
    print(
        f"\n{name}: {len(export.standing)} answers, {len(found)} claims, {len(wrong)} not equal\n"
    )
    print("| shown | claim | claimed | recomputed | equal |\n|---|---|---|---|---|")
    for where, what, claimed, counted in found:
        equal = "yes" if claims.same(claimed, counted) else "NO"
        print(f"| {where} | {what} | {_short(claimed)} | {_short(counted)} | {equal} |")
    return len(wrong)


def _short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, dict):
        return ", ".join(f"{name} {_short(value[name])}" for name in sorted(value))
    return ", ".join(sorted(map(str, value))) if isinstance(value, set) else str(value)


def _store(folder: Path, name: str, found: list[Claim], export: Export) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{name}-claims.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["shown", "claim", "claimed", "recomputed", "equal"])
        for where, what, claimed, counted in found:
            equal = claims.same(claimed, counted)
            writer.writerow([where, what, _short(claimed), _short(counted), equal])
    lines = (json.dumps(record, ensure_ascii=False) for record in export.records)
    (folder / f"{name}-export.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
