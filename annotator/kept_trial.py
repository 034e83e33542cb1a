"""A trial and its runs as files, so that one run after the other can be done by any worker."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from annotator import pool
from annotator.replays import Turn
from annotator.trial import Trial

if TYPE_CHECKING:
    from selection.features import Features
    from selection.known import Known, Run

CURVES = ("labels", "accuracy", "macro_f1", "rare_found", "audited", "asked")


def save(folder: Path, made: Trial) -> None:
    """Store the arrays of a trial; `Trial.facts` are left to be kept elsewhere."""
    known = made.known
    for name, features in _parts(made).items():
        if features is not None:
            pool.save_arrays(folder / name, features.to_arrays())
    arrays = {"y": known.y} if known.truth is None else {"y": known.y, "truth": known.truth}
    rare = np.array([known.rare_class, known.declared], dtype=np.int64)
    pool.save_npz(folder / "labels.npz", {**arrays, "rare": rare})


def load(folder: Path, facts: dict[str, Any]) -> Trial:
    """Return the trial that was stored, its features memory-mapped."""
    from selection.baseline import plainly
    from selection.known import Known

    arrays = pool.load_npz(folder / "labels.npz")
    rare, declared = (int(number) for number in arrays["rare"])
    known = Known(
        _features(folder / "pool"),
        arrays["y"],
        len(facts["classes"]),
        rare,
        _features(folder / "test"),
        arrays["truth"],
        declared=bool(declared),
    )
    plain = replace(known, X=_features(folder / "plain"), test=_features(folder / "plain-test"))
    return Trial(known, plainly(plain), facts["classes"], facts["notes"])


def save_run(folder: Path, turn: Turn, run: "Run") -> None:
    """Store one run."""
    arrays = {name: getattr(run, name) for name in CURVES}
    seconds = np.array([run.seconds_per_round])
    pool.save_npz(_run_path(folder, turn), {**arrays, "seconds": seconds})


def load_run(folder: Path, turn: Turn) -> "Run | None":
    """Return the run that was stored; None where it is still to be done."""
    from selection.known import Run

    path = _run_path(folder, turn)
    if not path.exists():
        return None
    arrays = pool.load_npz(path)
    seconds = float(arrays["seconds"][0])
    curves = {name: arrays[name] for name in CURVES}
    return Run(turn.strategy, turn.seed, **curves, seconds_per_round=seconds)


def _run_path(folder: Path, turn: Turn) -> Path:
    return folder / "runs" / f"{turn.strategy}-{turn.seed}.npz"


def _parts(made: Trial) -> "dict[str, Features | None]":
    known: Known = made.known
    return {
        "pool": known.X,
        "test": known.test,
        "plain": made.plain.X,
        "plain-test": made.plain.test,
    }


def _features(folder: Path) -> "Features":
    from selection.features import Features

    return Features.from_arrays(pool.load_arrays(folder))
