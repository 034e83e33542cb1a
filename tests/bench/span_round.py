"""A round over 100,000 sentences: time on the processor, and memory.

    python tests/bench/span_round.py DATA [SENTENCES] [SET]

DATA is a folder with span data sets (JSON Lines with text and spans). Sentences are those of all
sets, again and again, with three words in a hundred changed, so that new words keep coming. They
are read shard by shard, as in a project. Memory is the peak of the process; time is that of the
processor, which other work on the machine doubles at most. With SET, only that one is measured.
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
SHARD = 65_536
MOST_SECONDS, MOST_MEGABYTES = 15, 700
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
    wanted = sys.argv[3:] or list(sets)
    for name in wanted:
        round_of(name, *sets[name], pool)


def round_of(name: str, texts: list[str], spans: list[list[Span]], pool: list[str]) -> None:
    lexicon, learnt = timed(lambda: Lexicon.fit(pool[:30_000], seed=0))
    labels = labels_of(spans)
    model, fitted = timed(
        lambda: fit(texts[:TAUGHT], spans[:TAUGHT], labels, seed=0, lexicon=lexicon)
    )
    shards = [pool[start : start + SHARD] for start in range(0, len(pool), SHARD)]
    read, read_all = timed(lambda: [model.read(shard) for shard in shards])
    n_spans = sum(len(each) for spans, _ in read for each in spans)
    entropy = np.concatenate([doubt.entropy for _, doubt in read])

    def choose() -> object:
        ids = np.arange(len(pool))
        leading = best(entropy, ids, 5 * BATCH, 0)
        vectors = lexicon.text_vectors([pool[row] for row in leading])
        return select_spans(entropy[leading], leading, vectors, BATCH, seed=0)

    _, chosen = timed(choose)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    total = fitted + read_all + chosen
    is_within = total <= MOST_SECONDS and peak <= MOST_MEGABYTES
    print(
        f"{name}: {len(labels)} labels; lexicon {learnt:.1f} s once; fit {fitted:.1f} s, "
        f"read {read_all:.1f} s, choose {chosen:.1f} s = {total:.1f} s; "
        f"{n_spans} spans; peak {peak:.0f} MB; "
        f"{'within' if is_within else 'beyond'} {MOST_SECONDS} s and {MOST_MEGABYTES} MB",
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
