"""Simulation data and runs as files, so that any worker can continue a simulation."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from annotator.flow.simulation.dataset import Trial
from annotator.flow.simulation.runs import Turn
from annotator.storage import arrays as storage_arrays
from annotator.storage import checksums

if TYPE_CHECKING:
    from selection.features import Features
    from selection.simulation.dataset import LabelledDataset, Run

CURVES = ("labels", "accuracy", "macro_f1", "rare_found", "audited", "asked")


def save(folder: Path, made: Trial) -> dict[str, Any]:
    """Store the arrays of a trial and return their checksums.

    These and `Trial.facts` are left to be kept elsewhere.
    """
    known, sums = made.known, {}
    for name, features in _parts(made).items():
        if features is not None:
            storage_arrays.save_arrays(folder / name, features.to_arrays())
            sums[name] = checksums.of_folder(folder / name)
    arrays = {"y": known.y} if known.truth is None else {"y": known.y, "truth": known.truth}
    rare = np.array([known.rare_class, known.rare_class_declared], dtype=np.int64)
    return {
        **sums,
        "labels": storage_arrays.save_npz(folder / "labels.npz", {**arrays, "rare": rare}),
    }


def load(folder: Path, facts: dict[str, Any]) -> Trial:
    """Return the trial that was stored, its features memory-mapped; Corrupt if it was changed."""
    from selection.models import MultiLabel, SingleLabel
    from selection.simulation.baseline import plainly
    from selection.simulation.dataset import LabelledDataset

    # There are none of what was stored before files were checked.
    sums = dict(facts.get("checksums", {}))
    arrays = storage_arrays.load_npz(folder / "labels.npz", sums.pop("labels", ""))
    for name, own in sums.items():
        checksums.check(folder / name, own)
    rare, declared = (int(number) for number in arrays["rare"])
    # A table of targets is what several labels an item are stored as.
    space = MultiLabel if arrays["y"].ndim == 2 else SingleLabel
    known = LabelledDataset(
        _features(folder / "pool"),
        arrays["y"],
        space(len(facts["classes"])),
        rare,
        _features(folder / "test"),
        arrays["truth"],
        rare_class_declared=bool(declared),
    )
    plain = replace(known, X=_features(folder / "plain"), test=_features(folder / "plain-test"))
    return Trial(known, plainly(plain), facts["classes"], facts["notes"])


def save_run(folder: Path, turn: Turn, run: "Run") -> None:
    """Store one run."""
    arrays = {name: getattr(run, name) for name in CURVES}
    seconds = np.array([run.seconds_per_round])
    of = np.array(_run_name(folder, turn))
    storage_arrays.save_npz(_run_path(folder, turn), {**arrays, "seconds": seconds, "of": of})


def load_run(folder: Path, turn: Turn) -> "Run | None":
    """Return the run that was stored; None where it is to be done, or done again."""
    from selection.simulation.dataset import Run

    arrays = storage_arrays.find_npz(_run_path(folder, turn))
    if arrays is None or str(arrays.get("of", _run_name(folder, turn))) != _run_name(folder, turn):
        return None
    seconds = float(arrays["seconds"][0])
    curves = {name: arrays[name] for name in CURVES}
    return Run(turn.strategy, turn.seed, **curves, seconds_per_round=seconds)


def _run_name(folder: Path, turn: Turn) -> str:
    """Return a name that is unique among all runs and simulations."""
    return f"{folder.name}/{turn.strategy}-{turn.seed}"


def _run_path(folder: Path, turn: Turn) -> Path:
    return folder / "runs" / f"{turn.strategy}-{turn.seed}.npz"


def _parts(made: Trial) -> "dict[str, Features | None]":
    known: LabelledDataset = made.known
    return {
        "pool": known.X,
        "test": known.test,
        "plain": made.plain.X,
        "plain-test": made.plain.test,
    }


def _features(folder: Path) -> "Features":
    from selection.features import Features

    return Features.from_arrays(storage_arrays.load_arrays(folder))
