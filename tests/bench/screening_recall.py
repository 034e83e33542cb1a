"""Whether "at least so much is found" is true, and what proving it costs, on pools of known labels.

    python tests/bench/screening_recall.py --sets screening_nudging,sms_spam --seeds 25 --out DIR
    python tests/bench/screening_recall.py --sets made --quick --seeds 200 --batch 100 --out DIR
    python tests/bench/screening_recall.py --table DIR

Every run is a project that looks for its rarest label with `rare`, by `selection.simulation.loop`.
With `--quick` it looks by 64 embedding columns alone, as the bound holds however good the search
is; the set "made" is a new pool for each seed: 400 to 3,000 items, 0.5 to 10 % of them relevant and
more or less easy to find.
The bound is read after every 100 labels. Once two batches in a row bring nothing, a random sample
of what is unread is drawn, as large as it takes to prove the goal if nothing turns up; where
something does, the search goes on for 100 labels and the next sample follows, up to three of them.
The items of a sample are read beside the search, which does not learn from them. Beside the bound
stand what others go by: a plain 95 % bound from the audits at every look, and a stop after 50 in a
row without a find, taken to mean 95 %.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import label_efficiency as efficiency
import numpy as np
from threadpoolctl import threadpool_limits

from annotator.flow.simulation import dataset
from annotator.formats import Columns
from selection.core.arrays import BoolArray, IntArray
from selection.evaluation import recall_bound
from selection.features import Features
from selection.models import SingleLabel
from selection.simulation import loop
from selection.simulation.dataset import LabelledDataset, Plan

MADE = "made"
QUICK_COLUMNS = 64
EVERY = 100
QUIET = 40
PROOFS = 3
IN_A_ROW = 50
CLAIMED = 0.95


def main() -> None:
    with threadpool_limits(1):
        efficiency.measure_all(_options(), measure, table)


def _options() -> argparse.Namespace:
    parser = efficiency.parser_of(__doc__, seeds=25, labels=1000, jobs=1)
    parser.add_argument("--goal", type=float, default=0.8, help="the recall to be proven")
    parser.add_argument("--quick", action="store_true", help="search by the embeddings alone")
    return efficiency.parsed(parser)


# Measure ------------------------------------------------------------------------------------------


def measure(name: str, options: argparse.Namespace) -> None:
    """Do the runs of one set, and store what was claimed at each look beside the truth."""
    known = None if name == MADE else _read(name, quick=options.quick)
    runs, sizes = [], []
    for seed in range(options.seeds):
        pool = made(seed) if known is None else known
        plan = Plan(min(options.labels, len(pool.X)), options.batch, options.audit_share)
        runs.append(run(pool, plan, seed, options.goal))
        sizes.append((len(pool.X), int(pool.rare.sum())))
    items, relevant = np.median(sizes, axis=0).astype(int).tolist()
    told = {"items": items, "relevant": relevant, "runs": runs}
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / f"{name}.json").write_text(json.dumps(told))
    print(f"{name}: {len(runs)} runs over {items} items")


def _read(name: str, *, quick: bool) -> LabelledDataset:
    answers = dataset.read(efficiency.data_of(name), Columns())
    rare = efficiency._rarest(answers)
    known = dataset.prepare(answers, rare=rare, hold_out=False).known
    return replace(known, X=_embeddings(known.X)) if quick else known


def _embeddings(X: Features) -> Features:
    # The first ones are the directions in which the pool spreads most.
    dense = np.ascontiguousarray(X.spread_block()[:, :QUICK_COLUMNS])
    return Features(None, dense, (0, dense.shape[1]))


def made(seed: int) -> LabelledDataset:
    """Return a pool of points, the relevant ones in two clouds that the others overlap."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(400, 3001))
    relevant = max(3, round(n * float(np.exp(rng.uniform(np.log(0.005), np.log(0.1))))))
    y = (np.arange(n) < relevant).astype(np.int64)
    clouds = np.eye(2, 8)[rng.integers(2, size=n)] * y[:, None] * rng.uniform(1, 4)
    points = (clouds + rng.normal(size=(n, 8))).astype(np.float32)
    X = Features(None, points, (0, 8))
    return LabelledDataset(X, y, SingleLabel(2), rare_class=1, rare_class_declared=True)


def run(known: LabelledDataset, plan: Plan, seed: int, goal: float) -> dict[str, Any]:
    """Return what a project reported at each look, and the result of its samples."""
    asked = loop.replay(known, "rare", seed, plan, lambda: 0.0).asked
    n = len(known.X)
    audits = loop.audit_order(n, seed)[: int(np.ceil(plan.audit_share * n))]
    project = Project(known.rare, asked, audits, np.random.default_rng(seed), goal)
    project.go()
    return {
        "looks": project.looks,
        "proofs": project.proofs,
        "proven_after": project.proven_after,
        "in_a_row": _in_a_row(known.rare, asked),
    }


class Project:
    """A search in the order `asked`, with random samples of unread items in between."""

    def __init__(
        self,
        rare: BoolArray,
        asked: IntArray,
        audits: IntArray,
        rng: np.random.Generator,
        goal: float,
    ) -> None:
        self.rare, self.asked, self.audits, self.rng, self.goal = rare, asked, audits, rng, goal
        self.read = np.zeros(len(rare), dtype=bool)
        self.samples: list[recall_bound.Sample] = []
        self.looks: list[dict[str, Any]] = []
        self.proofs: list[dict[str, Any]] = []
        self.proven_after: int | None = None

    def go(self) -> None:
        """Read on, look after every hundred, and draw a sample once the search finds nothing."""
        last = 0
        for done in range(20, len(self.asked) + 1, 20):
            self.read[self.asked[:done]] = True
            if done % EVERY == 0:
                self.look()
            quiet = not self.rare[self.asked[max(done - QUIET, 0) : done]].any()
            may_draw = self.found and quiet and done - last >= EVERY
            if may_draw and len(self.samples) < PROOFS and self.proven_after is None:
                self.prove()
                last = done

    @property
    def found(self) -> int:
        """Return the number of relevant items read."""
        return int(self.rare[self.read].sum())

    @property
    def unread(self) -> int:
        """Return the number of unread items."""
        return int((~self.read).sum())

    def look(self) -> None:
        """Record the bound and the truth."""
        low = recall_bound.lower_bound(self.found, self.unread, self.evidence())
        marks = self.rare[self.audited()]
        plain = recall_bound.Sample(0, len(self.rare), len(marks), int(marks.sum()), 0.05)
        self.looks.append(
            {
                "read": int(self.read.sum()),
                "truth": self.found / int(self.rare.sum()),
                "low": low,
                "plain": recall_bound.lower_bound(self.found, self.unread, [plain]),
            }
        )

    def prove(self) -> None:
        """Read a random sample of unread items, and look."""
        step = next(
            each
            for each in recall_bound.frontier(
                self.found, self.unread, [], len(self.samples), [self.goal]
            )
        )
        left = np.flatnonzero(~self.read)
        drawn = self.rng.choice(left, min(step.reads_needed, len(left)), replace=False)
        number = len(self.samples) + 1
        self.samples.append(recall_bound.proof(self.rare[drawn], len(left), self.found, number))
        self.read[drawn] = True
        self.look()
        self.proofs.append({"drawn": len(drawn), **self.looks[-1]})
        if self.looks[-1]["low"] >= self.goal:
            self.proven_after = self.looks[-1]["read"]

    def evidence(self) -> list[recall_bound.Sample]:
        """Return the evidence of the audits and of the samples."""
        looked = recall_bound.audited(self.rare[self.audited()], len(self.rare))
        return [*self.samples, *([looked] if looked else [])]

    def audited(self) -> IntArray:
        """Return the audits up to the first unread one."""
        waiting = np.flatnonzero(~self.read[self.audits])
        return self.audits[: waiting[0]] if len(waiting) else self.audits


def _in_a_row(rare: BoolArray, asked: IntArray) -> dict[str, Any] | None:
    """Return where 50 reads in a row found nothing after a first find, and the recall there."""
    since = None
    for place, relevant in enumerate(rare[asked]):
        if relevant:
            since = 0
        elif since is not None:
            since += 1
        if since == IN_A_ROW:
            read = asked[: place + 1]
            return {"read": place + 1, "truth": float(rare[read].sum() / rare.sum())}
    return None


# The table ---------------------------------------------------------------------------------------


def table(folder: Path) -> list[str]:
    """Return one line per data set, and a total."""
    files = sorted(folder.glob("*.json"))
    sets = {path.stem: json.loads(path.read_text()) for path in files}
    everything = [run for told in sets.values() for run in told["runs"]]
    return [
        "| set | relevant | runs | bound ever above the truth | plain 95 % bound ever above | "
        "50 in a row claims too much | proven in | reads to prove it | of them drawn at random | "
        "recall then | bound then |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
        *(
            _line(name, f"{told['relevant']} of {told['items']}", told["runs"])
            for name, told in sets.items()
        ),
        _line("all", "", everything),
    ]


def _line(name: str, relevant: str, runs: list[dict[str, Any]]) -> str:
    proven = [run for run in runs if run["proven_after"] is not None]
    stops = [run["in_a_row"] for run in runs if run["in_a_row"]]
    cells = [
        name,
        relevant,
        str(len(runs)),
        f"{_ever(runs, 'low'):.1%}",
        f"{_ever(runs, 'plain'):.1%}",
        f"{np.mean([stop['truth'] < CLAIMED for stop in stops]):.0%}" if stops else "–",
        f"{len(proven) / len(runs):.0%}",
        _middle([run["proven_after"] for run in proven]),
        _middle([sum(each["drawn"] for each in run["proofs"]) for run in proven]),
        _middle([100 * run["proofs"][-1]["truth"] for run in proven], " %"),
        _middle([100 * run["proofs"][-1]["low"] for run in proven], " %"),
    ]
    return f"| {' | '.join(cells)} |"


def _ever(runs: list[dict[str, Any]], bound: str) -> float:
    """Return the share of runs in which the bound ever exceeded the truth."""
    wrong = [any(told[bound] > told["truth"] + 1e-12 for told in run["looks"]) for run in runs]
    return float(np.mean(wrong))


def _middle(values: list[float], unit: str = "") -> str:
    return f"{np.median(values):.0f}{unit}" if values else "–"


if __name__ == "__main__":
    main()
