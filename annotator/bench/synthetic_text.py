"""Synthetic texts of four topics, with Zipf-distributed words.

A model can learn from them, and their features cost what those of real texts cost.
"""

import csv
import random
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path

TOPICS = ["harvest", "market", "weather", "sport"]
SYLLABLES = [a + b for a, b in zip("bcdfghjklmnprstvwxyz" * 2, "aeiouaei" * 5, strict=True)]
VOCABULARY = 30_000
TOPIC_WORDS = 300


def texts(number: int, words: int = 12, seed: int = 1) -> Iterator[tuple[str, str]]:
    """Yield `number` made-up (text, topic) pairs of about `words` words."""
    rng = random.Random(seed)
    vocabulary = ["".join(rng.choices(SYLLABLES, k=rng.randint(1, 4))) for _ in range(VOCABULARY)]
    # Summed once: `random.choices` would sum the weights again for every text.
    weights = list(accumulate(1 / (rank + 2.7) for rank in range(VOCABULARY)))
    own = {topic: rng.sample(vocabulary[500:], TOPIC_WORDS) for topic in TOPICS}
    for index in range(number):
        topic = rng.choice(TOPICS)
        common = rng.choices(
            vocabulary, cum_weights=weights, k=max(3, words - 3 + rng.randint(-3, 3))
        )
        mixed = common + rng.choices(own[topic], k=3)
        rng.shuffle(mixed)
        yield f"{' '.join(mixed)} {index}", topic


def write_csv(path: Path, number: int) -> None:
    """Write synthetic texts to a CSV file; the topic is an extra column, kept with the item."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "topic"])
        writer.writerows(texts(number))
