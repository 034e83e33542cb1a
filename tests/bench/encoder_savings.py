"""Labels that a pretrained encoder and the texts of labels save, beside the pool's own features.

    python tests/bench/encoder_savings.py --sets ag_news,trec --seeds 10 --out DIR
    python tests/bench/encoder_savings.py --table DIR

Every set is replayed three times with the same seeds: with the features that the pool teaches, with
the columns of an encoder beside them, and with the texts of `label_texts.json` as examples, too. A
label without a text there is described by its name. The encoder is the best installed one for the
set; its vectors are stored in DIR/vectors. The baseline spends `--labels`, Winnow `--own-labels`.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import label_efficiency as efficiency
import numpy as np

from annotator.flow.simulation import dataset, storage
from annotator.flow.simulation import runs as simulation_runs
from annotator.formats import Columns
from selection.core.arrays import Float32Array
from selection.features import VectorBlock
from selection.models.label_texts import LabelTexts
from selection.simulation.dataset import Plan
from selection.simulation.loop import RANDOM

VARIANTS = ("pool", "encoder", "texts")
POOL = 5000
LANGUAGES = {"toutiao_zh": "zh"}
TEXTS = Path(__file__).with_name("label_texts.json")
MARKS = (20, 40, 60, 100, 300)
SAMPLE = 4096  # vectors that teach a block


def main() -> None:
    efficiency.measure_all(_options(), measure, table)


def _options() -> argparse.Namespace:
    parser = efficiency.parser_of(__doc__, seeds=10, labels=1000, jobs=1)
    parser.add_argument("--own-labels", type=int, default=500)
    parser.add_argument("--pool", type=int, default=POOL, help="most items of a pool")
    parser.add_argument("--encoder", default="", help="the name of the encoder for all sets")
    return efficiency.parsed(parser)


# Measuring ---------------------------------------------------------------------------------------


def measure(name: str, options: argparse.Namespace) -> None:
    """Do the runs of one set that are missing, and store the summary of each variant."""
    data = efficiency.data_of(name)
    pool = dataset.sample(dataset.read(data, Columns()), options.pool)
    unseen = dataset.read(data.with_stem(f"{name}_test"), Columns())
    made = dataset.prepare(pool, unseen)
    print(f"{name}: {len(pool)} items", flush=True)
    for variant, own in variants(name, made, pool, unseen, options):
        folder = options.out / variant / name
        (folder / "runs").mkdir(parents=True, exist_ok=True)
        _take_baseline(options.out / VARIANTS[0] / name, folder)
        _run_missing(folder, own, options)
        efficiency.summarise(folder, own, _plan(own, options.labels, options))


def variants(
    name: str,
    made: dataset.SimulationData,
    pool: dataset.LabelledDocuments,
    unseen: dataset.LabelledDocuments,
    options: argparse.Namespace,
) -> Iterator[tuple[str, dataset.SimulationData]]:
    """Yield each variant of the features by its name, with the data in them."""
    yield VARIANTS[0], made
    encoder = _Vectors(name, pool, options)
    own, others = encoder.of("pool", pool.documents), encoder.of("test", unseen.documents)
    sample = own[np.random.default_rng(0).permutation(len(own))[:SAMPLE]]
    block = VectorBlock.fit(sample)
    test = None if made.known.test is None else block.extend(made.known.test, others)
    known = replace(made.known, X=block.extend(made.known.X, own), test=test)
    yield VARIANTS[1], replace(made, known=known)
    if encoder.medium == "text":
        told = encoder.of("labels", _label_texts(name, made.classes))
        texts = LabelTexts.fit(block, told, sample)
        yield VARIANTS[2], replace(made, known=known.taught_by(texts))


class _Vectors:
    """The vectors of one set by the encoder that suits it best, each computed once."""

    def __init__(
        self, name: str, pool: dataset.LabelledDocuments, options: argparse.Namespace
    ) -> None:
        self.medium = "text" if isinstance(pool.documents[0], str) else "image"
        self._folder = options.out / "vectors"
        self._folder.mkdir(parents=True, exist_ok=True)
        self._start = f"{name}-{options.pool}"
        self._encoder = options.encoder
        self._language = LANGUAGES.get(name, "en")

    def of(self, part: str, documents: list[Any]) -> Float32Array:
        """Return the vectors (n, d) of `documents`, which are the `part` of the set."""
        path = self._folder / f"{self._start}-{part}.npy"
        if not path.exists():
            np.save(path, self._encode(documents))
        vectors: Float32Array = np.load(path)
        if len(vectors) != len(documents):
            raise SystemExit(f"{path} holds {len(vectors)} vectors for {len(documents)} items.")
        return vectors

    def _encode(self, documents: list[Any]) -> Float32Array:
        from annotator import encoders

        name = self._encoder or encoders.best_for(self.medium, self._language)
        if name is None:
            raise SystemExit("No encoder is installed for this set.")
        vectors: Float32Array = encoders.load(name).encode(documents)
        return vectors


def _label_texts(name: str, classes: list[str]) -> list[str]:
    written = json.loads(TEXTS.read_text()).get(name, {})
    return [f"{each}: {written[each]}" if each in written else each for each in classes]


def _plan(made: dataset.SimulationData, labels: int, options: argparse.Namespace) -> Plan:
    return Plan(min(labels, len(made.known.X)), options.batch, options.audit_share)


def _take_baseline(source: Path, folder: Path) -> None:
    """Copy the runs of the baseline, which looks at nothing of ours."""
    for path in (source / "runs").glob(f"{simulation_runs.BASELINE}-*.npz"):
        if not (folder / "runs" / path.name).exists():
            shutil.copy(path, folder / "runs" / path.name)


def _run_missing(folder: Path, made: dataset.SimulationData, options: argparse.Namespace) -> None:
    for spec in simulation_runs.turns(["auto"], options.seeds):
        if storage.load_run(folder, spec) is not None:
            continue
        is_baseline = spec.strategy == simulation_runs.BASELINE
        labels = options.labels if is_baseline else options.own_labels
        run = simulation_runs.run_once(made, _plan(made, labels, options), spec)
        storage.save_run(folder, spec, run)


# The table ---------------------------------------------------------------------------------------


def table(folder: Path) -> list[str]:
    """Return what each variant reaches on each set, and the median savings, as Markdown."""
    marks = " / ".join(map(str, MARKS))
    lines = [
        f"| set | features | random at {marks} | `auto` at {marks} | system saving "
        "| seconds for each round |",
        "|---|---|---|---|---|---|",
    ]
    found = {variant: _summaries(folder / variant) for variant in VARIANTS}
    for name in found[VARIANTS[0]]:
        for variant in VARIANTS:
            if name in found[variant]:
                lines.append(_row(name, variant, found[variant][name]))
    return [*lines, "", *_medians(found)]


def _summaries(folder: Path) -> dict[str, dict[str, Any]]:
    read = (json.loads(path.read_text()) for path in sorted(folder.glob("*.json")))
    return {summary["set"]: summary for summary in read}


def _row(name: str, variant: str, summary: dict[str, Any]) -> str:
    curves, saved = summary["strategies"], summary["savings"]["auto"]
    cells = [
        f"`{name}`",
        variant,
        _accuracies(curves[RANDOM]),
        _accuracies(curves["auto"]),
        saved["system_words"],
        f"{curves['auto']['seconds_per_round']:.3f}",
    ]
    return f"| {' | '.join(cells)} |"


def _accuracies(curve: dict[str, Any]) -> str:
    at = dict(zip(curve["labels"], curve["accuracy"]["mean"], strict=True))
    return " / ".join(f"{at[mark]:.3f}" if mark in at else "–" for mark in MARKS)


def _medians(found: dict[str, dict[str, dict[str, Any]]]) -> list[str]:
    """Return the median saving of each variant; "over" counts as that, "not reached" as 0."""
    lines = ["| over the sets of texts | median system saving |", "|---|---|"]
    texts = set(found[VARIANTS[2]])
    for variant in VARIANTS:
        saved = [s["savings"]["auto"] for name, s in found[variant].items() if name in texts]
        if saved:
            told = median(each["system"] or each["system_over"] or 0.0 for each in saved)
            lines.append(f"| {variant} | {told:.1f} |")
    return lines


if __name__ == "__main__":
    main()
