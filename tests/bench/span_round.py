"""A round over 100,000 sentences: time on the processor, and memory.

    python tests/bench/span_round.py DATA [SENTENCES]

DATA is a folder with span data sets (JSON Lines with text and spans). Sentences are those of all
sets, again and again, with three words in a hundred changed, so that new words keep coming. Memory
is the peak of the process; time is that of the processor, which other work on the machine does not
change much.
"""

from __future__ import annotations

import random
import resource
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from span_data import labels_of, read  # first: it limits the threads of NumPy

# isort: split
import numpy as np

from selection.core.top_k import best
from selection.spans.learning.choice import select_spans
from selection.spans.learning.fitting import fit
from selection.spans.learning.lexicon import Lexicon
from selection.spans.text.spans import Span

TAUGHT = 1000
BATCH = 20


def main() -> None:
    folder = Path(sys.argv[1])
    n = int(sys.argv[2]) if len(sys.argv) > 2 else 100_000
    sets = {
        path.stem: read(path)
        for path in sorted(folder.glob("spans_*.jsonl"))
        if not path.stem.endswith("_test")
    }
    pool = many([text for texts, _ in sets.values() for text in texts], n)
    print(f"{n} sentences, {sum(map(len, pool)) / n:.0f} characters on average")
    for name, (texts, spans) in sets.items():
        round_of(name, texts, spans, pool)


def round_of(name: str, texts: list[str], spans: list[list[Span]], pool: list[str]) -> None:
    lexicon, learnt = timed(lambda: Lexicon.fit(pool[:30_000], seed=0))
    labels = labels_of(spans)
    model, fitted = timed(
        lambda: fit(texts[:TAUGHT], spans[:TAUGHT], labels, seed=0, lexicon=lexicon)
    )
    (said, doubt), read_all = timed(lambda: model.read(pool))

    def choose() -> object:
        ids = np.arange(len(pool))
        leading = best(doubt.entropy, ids, 5 * BATCH, 0)
        vectors = lexicon.text_vectors([pool[row] for row in leading])
        return select_spans(doubt.entropy[leading], leading, vectors, BATCH, seed=0)

    _, chosen = timed(choose)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{name}: {len(labels)} labels; lexicon {learnt:.1f} s once; fit {fitted:.1f} s, "
        f"read {read_all:.1f} s, choose {chosen:.1f} s = {fitted + read_all + chosen:.1f} s; "
        f"{sum(map(len, said))} spans; peak {peak:.0f} MB",
        flush=True,
    )


def timed(work):  # type: ignore[no-untyped-def]
    started = time.process_time()
    found = work()
    return found, time.process_time() - started


def many(texts: list[str], n: int) -> list[str]:
    drawn = random.Random(0)
    found = []
    for number in range(n):
        words = texts[number % len(texts)].split(" ")
        for place, word in enumerate(words):
            if drawn.random() < 0.03 and len(word) > 3:
                letters = list(word)
                letters[drawn.randrange(len(letters))] = drawn.choice("aeinrst")
                words[place] = "".join(letters)
        found.append(" ".join(words))
    return found


if __name__ == "__main__":
    main()
