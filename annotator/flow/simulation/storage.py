"""Simulation data and runs as files, so that any worker can continue a simulation."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from annotator.flow.simulation import spans
from annotator.flow.simulation.dataset import SimulationData
from annotator.flow.simulation.runs import OF_SPANS, AnyData, RunSpec
from annotator.flow.simulation.spans import SpanData
from annotator.projectsettings.item_selection import POOL
from annotator.storage import arrays as storage_arrays
from annotator.storage import checksums

if TYPE_CHECKING:
    from annotator.flow.simulation.runs import AnyRun
    from selection.features import Features
    from selection.simulation.dataset import LabelledDataset

TEXTS = "texts-"
SPAN_CURVES = (*OF_SPANS, "asked")
CURVES = ("labels", "accuracy", "macro_f1", "rare_found", "audited", "asked")


def save_data(folder: Path, made: AnyData) -> dict[str, Any]:
    """Store the arrays of the simulation data and return their checksums.

    The caller stores these and `SimulationData.facts`.
    """
    if isinstance(made, SpanData):
        return spans.save(folder, made)
    known, sums = made.known, {}
    for name, features in _parts(made).items():
        if features is not None:
            storage_arrays.save_arrays(folder / name, features.to_arrays())
            sums[name] = checksums.of_folder(folder / name)
    arrays = {"y": known.y} if known.truth is None else {"y": known.y, "truth": known.truth}
    for number, each in enumerate(_sets(made)):
        told = {} if each.texts is None else each.texts.to_arrays()
        arrays |= {f"{TEXTS}{number}.{name}": array for name, array in told.items()}
    rare = np.array([known.rare_class, known.rare_class_declared], dtype=np.int64)
    return {
        **sums,
        "labels": storage_arrays.save_npz(folder / "labels.npz", {**arrays, "rare": rare}),
    }


def load_data(folder: Path, facts: dict[str, Any]) -> AnyData:
    """Return the stored simulation data, features memory-mapped; Corrupt if it was changed."""
    from selection.models import MultiLabel, SingleLabel
    from selection.simulation.baseline import plainly
    from selection.simulation.dataset import LabelledDataset

    if facts.get("task") == spans.SPANS:
        return spans.load(folder, facts)
    # Data stored before checksums existed has none.
    sums = dict(facts.get("checksums", {}))
    arrays = storage_arrays.load_npz(folder / "labels.npz", sums.pop("labels", ""))
    for name, own in sums.items():
        checksums.check(folder / name, own)
    rare, declared = (int(number) for number in arrays["rare"])
    # With multiple labels per item, targets are stored as a 2D array.
    space = MultiLabel if arrays["y"].ndim == 2 else SingleLabel
    first = LabelledDataset(
        _features(folder / "pool"),
        arrays["y"],
        space(len(facts["classes"])),
        rare,
        _features(folder / "test"),
        arrays["truth"],
        rare_class_declared=bool(declared),
    )
    names = facts.get("features") or [POOL]
    sets = [_of_features(folder, first, arrays, number) for number in range(len(names))]
    plain = replace(first, X=_features(folder / "plain"), test=_features(folder / "plain-test"))
    compared = dict(zip(names, sets, strict=True)) if len(names) > 1 else {}
    return SimulationData(
        sets[0], plainly(plain), facts["classes"], facts["notes"], compared, names
    )


def _of_features(
    folder: Path, first: "LabelledDataset", arrays: dict[str, NDArray[Any]], number: int
) -> "LabelledDataset":
    """Return the data with the features of that number, and the texts of the labels for them."""
    from selection.models.label_texts import LabelTexts

    pool, test = _places(number)
    known = (
        first
        if not number
        else replace(first, X=_features(folder / pool), test=_features(folder / test))
    )
    start = f"{TEXTS}{number}."
    told = {name.removeprefix(start): arrays[name] for name in arrays if name.startswith(start)}
    return known.taught_by(LabelTexts.from_arrays(told)) if told else known


def save_run(folder: Path, spec: RunSpec, run: "AnyRun") -> None:
    """Store one run."""
    curves = SPAN_CURVES if hasattr(run, "f1") else CURVES
    arrays = {name: getattr(run, name) for name in curves}
    seconds = np.array([run.seconds_per_round])
    of = np.array(_run_name(folder, spec))
    storage_arrays.save_npz(_run_path(folder, spec), {**arrays, "seconds": seconds, "of": of})


def load_run(folder: Path, spec: RunSpec) -> Any:
    """Return the stored run, of labels or of spans; None if it must be done, or repeated."""
    from selection.simulation.dataset import Run
    from selection.spans.simulation.dataset import SpanRun

    arrays = storage_arrays.find_npz(_run_path(folder, spec))
    if arrays is None or str(arrays.get("of", _run_name(folder, spec))) != _run_name(folder, spec):
        return None
    seconds = float(arrays["seconds"][0])
    if "f1" in arrays:
        own = {name: arrays[name] for name in SPAN_CURVES}
        return SpanRun(spec.strategy, spec.seed, **own, seconds_per_round=seconds)
    curves = {name: arrays[name] for name in CURVES}
    return Run(spec.strategy, spec.seed, **curves, seconds_per_round=seconds)


def _run_name(folder: Path, spec: RunSpec) -> str:
    """Return a name that is unique among all runs and simulations."""
    return f"{folder.name}/{spec.strategy}-{spec.seed}"


def _run_path(folder: Path, spec: RunSpec) -> Path:
    return folder / "runs" / f"{spec.strategy}-{spec.seed}.npz"


def _parts(made: SimulationData) -> "dict[str, Features | None]":
    parts = {"plain": made.plain.X, "plain-test": made.plain.test}
    for number, each in enumerate(_sets(made)):
        parts |= dict(zip(_places(number), (each.X, each.test), strict=True))
    return parts


def _sets(made: SimulationData) -> "list[LabelledDataset]":
    """Return the data with each of the compared features, the first one first."""
    return list(made.compared.values()) or [made.known]


def _places(number: int) -> tuple[str, str]:
    """Return the names of the folders of pool and test set with the features of that number."""
    return (f"pool-{number}", f"test-{number}") if number else ("pool", "test")


def _features(folder: Path) -> "Features":
    from selection.features import Features

    return Features.from_arrays(storage_arrays.load_arrays(folder))
