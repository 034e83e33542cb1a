"""How good the advice to stop is: how early, how much was lost, how much was saved, how often none.

    python tests/bench/stopping_advice.py --sets trec,sms_spam,customer_reviews,fashion --seeds 10 \
        --labels 1000 --out DIR
    python tests/bench/stopping_advice.py --table DIR

Every run is a project as the app would go through it, and at every look it knows what the app
knows: what the models so far said of a fixed random sample, and their accuracy on the audits, by
models that did not train on them. What is lost by stopping there is told by a test file, which
none of them sees: the accuracy at the end of the run less that when the rule first spoke.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import honest_numbers as honest
import label_efficiency as efficiency
import numpy as np
from numpy.typing import ArrayLike

from annotator.flow.simulation import dataset
from annotator.formats import Columns
from selection.core import intervals
from selection.core.arrays import IntArray
from selection.core.intervals import Estimate
from selection.evaluation import learning_curve, stopping
from selection.features import Features
from selection.models import LabelSpace, logistic
from selection.simulation import loop
from selection.simulation.dataset import LabelledDataset, Plan, Predictor

SAMPLE = 1000
LAST = 3  # looks at the end of a run whose mean is its last accuracy
APART = 100  # labels between the models that the wide rules compare


def main() -> None:
    efficiency.measure_all(_options(), measure, table)


def _options() -> argparse.Namespace:
    parser = efficiency.parser_of(__doc__, seeds=10, labels=1000, jobs=1)
    parser.add_argument("--strategy", default="auto")
    return efficiency.parsed(parser)


# Measure ------------------------------------------------------------------------------------------


def measure(name: str, options: argparse.Namespace) -> None:
    """Run one data set, and store what was known at each look beside the truth."""
    known = dataset.prepare(dataset.read(efficiency.data_of(name), Columns())).known
    plan = Plan(min(options.labels, len(known.X)), options.batch, options.audit_share)
    options.out.mkdir(parents=True, exist_ok=True)
    go = partial(run, known, options.strategy, plan)
    with ProcessPoolExecutor(options.jobs, initializer=honest.use_one_thread) as executor:
        runs = list(executor.map(go, range(options.seeds)))
    (options.out / f"{name}.json").write_text(json.dumps(runs))
    print(f"{name}: {len(runs)} runs over {len(known.X)} items", flush=True)


@dataclass
class Watched:
    """A learner that records each model's predictions for the rows `sample`."""

    X: Features
    said: list[list[int]] = field(default_factory=list)

    def __call__(self, X: Features, y: ArrayLike, space: LabelSpace, *, seed: int) -> Predictor:
        model = logistic.fit(X, y, space, seed=seed)
        self.said.append(model.predict_proba(self.X).argmax(axis=1).tolist())
        return model


def run(known: LabelledDataset, strategy: str, plan: Plan, seed: int) -> dict[str, Any]:
    """Return what a project with `seed` knew at each look, and the truth."""
    sample = np.random.default_rng(seed).permutation(len(known.X))[:SAMPLE]
    watched = Watched(known.X.take(sample))
    done = loop.replay(replace(known, learner=watched), strategy, seed, plan, lambda: 0.0)
    audits = honest.audits_of(known, plan, seed)
    looks: list[dict[str, Any]] = []
    # No model is trained before there are two classes.
    marks = zip(done.labels[-len(watched.said) :], done.accuracy[-len(watched.said) :], strict=True)
    for (labels, truth), said in zip(marks, watched.said, strict=True):
        measured = _measured(known, done.asked[:labels], audits, seed)
        if measured is not None:
            told = {"labels": int(labels), "truth": float(truth), "said": said}
            looks.append({**told, "estimate": asdict(measured)})
    # The advice considers unlabelled items only.
    unasked = np.flatnonzero(~np.isin(sample, done.asked)).tolist()
    for look in looks:
        look["said"] = [look["said"][place] for place in unasked]
    return {"looks": looks}


def _measured(
    known: LabelledDataset, asked: IntArray, audits: IntArray, seed: int
) -> Estimate | None:
    held_out = np.isin(asked, audits)
    if held_out.sum() < honest.FEW or len(np.unique(known.y[asked])) < 2:
        return None
    X, y = known.X.take(asked), known.y[asked]
    right = honest.right_out_of_fold(known, X, y, held_out, seed)
    return intervals.accuracy_interval(right[held_out])


# The table ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Told:
    """What a project knows at a look: all earlier figures, oldest first."""

    labels: list[int]
    said: list[IntArray]
    estimates: list[Estimate]

    @property
    def values(self) -> list[float]:
        return [estimate.value for estimate in self.estimates]

    def apart(self) -> list[int]:
        """Return the looks, newest first, that are at least `APART` labels apart."""
        chosen = [len(self.labels) - 1]
        for place in range(len(self.labels) - 2, -1, -1):
            if self.labels[chosen[-1]] - self.labels[place] >= APART:
                chosen.append(place)
        return chosen


def _is_plateau(told: Told) -> bool:
    return stopping.is_plateau(told.said, told.estimates)


def _is_wide_plateau(told: Told) -> bool:
    places = told.apart()[:2][::-1]
    said = [told.said[place] for place in places]
    return stopping.is_plateau(said, [told.estimates[place] for place in places], window=1)


def _gains_little(told: Told) -> bool:
    gain = stopping.gain_per_hundred(told.labels, told.values)
    return gain is not None and gain < stopping.LIKELY_GAIN


def _gains_little_surely(told: Told) -> bool:
    gain = learning_curve.expected_gain(told.labels, told.values)
    return gain is not None and gain.value < stopping.LIKELY_GAIN and gain.high < stopping.MOST_GAIN


def _diminishes(told: Told) -> bool:
    return stopping.diminishing(told.labels, told.estimates)


RULES = {
    "`is_plateau`, after every batch": _is_plateau,
    f"`is_plateau`, models {APART} labels apart, window 1": _is_wide_plateau,
    "`gain_per_hundred` < 0.5 points": _gains_little,
    "`expected_gain` < 0.5, at most 1": _gains_little_surely,
    "both, and `is_plateau`": lambda told: _gains_little_surely(told) and _is_plateau(told),
    "`diminishing`": _diminishes,
}


@dataclass(frozen=True)
class Advice:
    """When a rule first advised to stop, and the accuracy and labels still to come."""

    after: int
    lost: float
    saved: int

    @property
    def is_judged(self) -> bool:
        """Return whether enough labels were left for their gain to be distinguished from noise."""
        return self.saved >= APART

    @property
    def is_wrong(self) -> bool:
        """Return whether the saved labels would have gained more than the rule says."""
        return self.is_judged and self.lost * 100 / self.saved > stopping.LIKELY_GAIN


def table(folder: Path) -> list[str]:
    """Return one line per rule: the data sets side by side, then all of them."""
    sets = {path.stem: json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))}
    runs = [run for each in sets.values() for run in each]
    names = " | ".join(f"`{name}`" for name in sets)
    lines = [
        f"| first says stop: after, points lost (most), of {len(runs) // len(sets)} runs never "
        f"| {names} | all: after | lost (most) | labels saved | wrong | never |",
        "|---|" + "---|" * (len(sets) + 5),
    ]
    for name, rule in RULES.items():
        cells = [_cell([_advice(rule, run) for run in each]) for each in sets.values()]
        lines.append(f"| {' | '.join([name, *cells, *_cells([_advice(rule, r) for r in runs])])} |")
    return lines


def _advice(rule: Callable[[Told], bool], run: dict[str, Any]) -> Advice | None:
    looks = run["looks"]
    labels = [look["labels"] for look in looks]
    said = [np.array(look["said"]) for look in looks]
    estimates = [Estimate(**look["estimate"]) for look in looks]
    end = float(np.mean([look["truth"] for look in looks[-LAST:]]))
    for n in range(1, len(looks) + 1):
        if rule(Told(labels[:n], said[:n], estimates[:n])):
            return Advice(labels[n - 1], end - looks[n - 1]["truth"], labels[-1] - labels[n - 1])
    return None


def _cell(given: list[Advice | None]) -> str:
    spoken = [advice for advice in given if advice is not None]
    if not spoken:
        return "never"
    after, lost = np.median([a.after for a in spoken]), [100 * a.lost for a in spoken]
    return f"{after:.0f}, {np.mean(lost):.1f} ({max(lost):.1f}), {len(given) - len(spoken)}"


def _cells(given: list[Advice | None]) -> list[str]:
    spoken = [advice for advice in given if advice is not None]
    if not spoken:
        return ["never", "", "", "", f"{len(given)} of {len(given)}"]
    lost = [100 * advice.lost for advice in spoken]
    return [
        f"{np.median([advice.after for advice in spoken]):.0f}",
        f"{np.mean(lost):.1f} ({max(lost):.1f})",
        f"{np.mean([advice.saved for advice in spoken]):.0f}",
        f"{sum(a.is_wrong for a in spoken)} of {sum(a.is_judged for a in spoken)}",
        f"{len(given) - len(spoken)} of {len(given)}",
    ]


if __name__ == "__main__":
    main()
