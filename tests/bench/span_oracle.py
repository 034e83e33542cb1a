"""Entity F1 that a project of spans reaches over HTTP with default settings, audits charged.

    python tests/bench/span_oracle.py DATA --sets spans_ncbi_disease --seeds 1 --out DIR
    python tests/bench/span_oracle.py DATA --table DIR

A server of its own gets the pool of a set without its spans. An annotator who knows them answers
what `next` serves, from a suggestion where one is shown, and waits for a round that is at work, as
a person's minutes would. Audits are among the sentences that count. After so many sentences, the
project predicts the test file. Every run is stored in DIR and not done again.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from span_data import labels_of, read  # first: it limits the threads of NumPy

# isort: split
from annotator.bench.api_client import Client
from selection.spans.quality.f1 import count_spans
from selection.spans.simulation.actions import actions_by_hand, actions_with
from selection.spans.text.spans import Span
from tests.servers import winnow

SETS = "spans_ncbi_disease,spans_german_legal"
MARKS = (100, 300, 600, 1000)
ASKED_AT_ONCE = 100
# How many sentences a person marks before the oracle looks whether a round is at work.
LOOK_EVERY = 5
ENDED = {"done", "failed", "cancelled"}


def main() -> None:
    options = _options()
    out = options.table or options.out
    if options.table is None:
        out.mkdir(parents=True, exist_ok=True)
        for seed in range(options.seeds):
            for name in options.sets.split(","):
                path = out / f"{name}-{seed}.json"
                if not path.exists():
                    path.write_text(json.dumps(run(options.data, name, seed, options.sentences)))
    table(out, options.sets.split(","))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="the folder of the data sets")
    parser.add_argument("--sets", default=SETS)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--sentences", type=int, default=1000)
    parser.add_argument("--out", type=Path, default=Path("span-oracle"))
    parser.add_argument("--table", type=Path, help="print what was stored there")
    return parser.parse_args()


# Measure ------------------------------------------------------------------------------------------


def run(data: Path, name: str, seed: int, sentences: int) -> list[dict[str, Any]]:
    """Return what was reached at each mark by one project."""
    texts, spans = read(data / f"{name}.jsonl")
    with tempfile.TemporaryDirectory(prefix="winnow-oracle-") as folder:
        place = Path(folder)
        pool = place / f"{name}.jsonl"
        rows = (json.dumps({"id": str(i), "text": text}) for i, text in enumerate(texts))
        pool.write_text("\n".join(rows), "utf-8")
        with winnow(place / "data") as server:
            oracle = Oracle(server.client(), spans, texts)
            oracle.begin(pool, seed)
            return oracle.reach(sentences, read(data / f"{name}_test.jsonl"))


class Oracle:
    """An annotator who knows all spans of a pool."""

    def __init__(self, client: Client, spans: list[list[Span]], texts: list[str]) -> None:
        self.client, self.spans, self.texts = client, spans, texts
        self.path = ""
        self.shown: Any = None
        self.done = self.words = self.audits = self.actions = self.by_hand = self.suggested = 0

    def begin(self, pool: Path, seed: int) -> None:
        """Make the project with its texts."""
        given = {"name": pool.stem, "task": "text-spans", "labels": labels_of(self.spans)}
        made = self.client.call("POST", "/projects", {**given, "seed": seed})
        self.path = f"/projects/{made['id']}"
        work = self.client.upload(made["id"], pool)
        address = f"{self.path}/imports/{work['id']}"
        ended = self.client.wait_for(address, lambda a: a["state"] in ENDED, 600)
        assert ended["state"] == "done", ended
        self.client.wait_for(f"{self.path}/rounds", lambda a: a["results"], 600)
        self.wait_for_round()

    def reach(
        self, sentences: int, test: tuple[list[str], list[list[Span]]]
    ) -> list[dict[str, Any]]:
        """Label so many sentences; return what is reached at each mark."""
        found = []
        self.shown = self.client.call("POST", f"{self.path}/next", {})
        while self.done < sentences:
            self.answer()
            if self.done % LOOK_EVERY == 0:
                self.wait_for_round()
            if self.done in MARKS:
                found.append({**self.counts(), "f1": self.f1(*test)})
                print(found[-1], flush=True)
        return found

    def answer(self) -> None:
        """Mark what is served, and go on."""
        shown, key = self.shown, int(self.shown["item"]["key"])
        truth, text = self.spans[key], self.texts[key]
        told = (shown.get("suggestion") or {}).get("spans")
        said = [(each["start"], each["end"], each["label"]) for each in told or ()]
        self.actions += actions_with(said, truth)
        self.by_hand += actions_by_hand(truth)
        self.suggested += told is not None
        self.words += len(text.split())
        body = {
            "lease": shown["lease"],
            "spans": [{"start": a, "end": b, "label": label} for a, b, label in truth],
            "client_id": str(uuid.uuid4()),
            "seconds": 1.5,
        }
        saved = self.client.call("POST", f"{self.path}/annotations", body)
        self.audits += saved["annotation"].get("source") == "audit"
        self.shown = saved["next"] or self.client.call("POST", f"{self.path}/next", {})
        self.done += 1

    def wait_for_round(self) -> None:
        """Wait until no round is at work."""
        while True:
            rounds = self.client.call("GET", f"{self.path}/rounds?page_size=1")["results"]
            if not rounds or rounds[0]["state"] in ENDED:
                return
            time.sleep(0.3)

    def counts(self) -> dict[str, Any]:
        names = ("done", "audits", "words", "actions", "by_hand", "suggested")
        return {name: getattr(self, name) for name in names}

    def f1(self, texts: list[str], spans: list[list[Span]]) -> float:
        """Return the entity F1 of what the project predicts."""
        said = []
        for start in range(0, len(texts), ASKED_AT_ONCE):
            items = [{"text": text} for text in texts[start : start + ASKED_AT_ONCE]]
            told = self.client.call("POST", f"{self.path}/predict", {"items": items})
            for each in told["predictions"]:
                said.append([(s["start"], s["end"], s["label"]) for s in each["spans"]])
        return count_spans(spans, said).f1


# Table --------------------------------------------------------------------------------------------


def table(folder: Path, sets: list[str]) -> None:
    """Print a row for each run and mark."""
    print("| set | seed | sentences | of these audits | F1 | words | actions | by hand | fewer |")
    print("|---|---|---|---|---|---|---|---|---|")
    for name in sets:
        for path in sorted(folder.glob(f"{name}-*.json")):
            for row in json.loads(path.read_text()):
                fewer = 1 - row["actions"] / row["by_hand"]
                print(
                    f"| {name} | {path.stem.rsplit('-', 1)[1]} | {row['done']:,} "
                    f"| {row['audits']:,} | {row['f1']:.3f} | {row['words']:,} "
                    f"| {row['actions']:,} | {row['by_hand']:,} | {fewer:.0%} |"
                )


if __name__ == "__main__":
    main()
