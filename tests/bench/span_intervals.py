"""Intervals of entity F1: how often they cover the F1 of the whole pool, and how wide they are.

    python tests/bench/span_intervals.py DATA [DRAWS]

A model learns from 300 random sentences and reads the rest of the pool. The F1 of all the rest is
the truth; audits are random draws of 100, 200 and 400 of it.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from span_data import labels_of, read_set  # first: it limits the threads of NumPy

# isort: split
import numpy as np

from selection.spans.learning.fitting import fit
from selection.spans.learning.lexicon import Lexicon
from selection.spans.quality.f1 import SpanCounts, audit_f1, count_spans

SETS = ("spans_ncbi_disease", "spans_german_legal", "spans_wnut17")
SIZES = (100, 200, 400)
TAUGHT = 300


def main() -> None:
    folder = Path(sys.argv[1])
    draws = int(sys.argv[2]) if len(sys.argv) > 2 else 1000
    for name in SETS:
        for label, counts in counted(folder, name).items():
            for size in SIZES:
                report(name, label, counts, size, draws)


def counted(folder: Path, name: str) -> dict[str, SpanCounts]:
    """Return the counts of the rest of the pool, over all labels and for the most frequent two."""
    (texts, spans), _ = read_set(folder, name)
    order = np.random.default_rng(0).permutation(len(texts)).tolist()
    taught, rest = order[:TAUGHT], order[TAUGHT:]
    labels = labels_of(spans)
    model = fit(
        [texts[row] for row in taught],
        [spans[row] for row in taught],
        labels,
        seed=0,
        lexicon=Lexicon.fit(texts, seed=0),
    )
    said = [[each.span for each in found] for found in model.predict([texts[r] for r in rest])]
    truth = [spans[row] for row in rest]
    often = sorted(labels, key=lambda key: -sum(s[2] == key for each in truth for s in each))
    found = {"all": count_spans(truth, said)}
    if len(labels) > 1:
        found |= {label: count_spans(truth, said, label) for label in often[:2]}
    return found


def report(name: str, label: str, counts: SpanCounts, size: int, draws: int) -> None:
    covered, widths = 0, []
    for seed in range(draws):
        rows = np.random.default_rng(seed).choice(len(counts.right), size, replace=False)
        found = audit_f1(*(each[rows] for each in counts))
        assert found is not None
        covered += found.low <= counts.f1 <= found.high
        widths.append((found.high - found.low) / 2)
    print(
        f"{name} {label}: F1 {counts.f1:.3f}, {size} sentences: covered in "
        f"{covered / draws:.1%} of {draws}, half-width {np.mean(widths):.3f}",
        flush=True,
    )


if __name__ == "__main__":
    main()
