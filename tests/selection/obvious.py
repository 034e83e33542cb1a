"""Agreement coefficients straight from the formulas, slow and independent of the library."""

from __future__ import annotations

from collections import Counter
from itertools import permutations

Table = list[list[int]]


def kappa(a: list[int], b: list[int]) -> float:
    """Return Cohen's kappa of the pairs in which neither is -1, from the table of both."""
    pairs = [(x, y) for x, y in zip(a, b, strict=True) if x != -1 and y != -1]
    n = len(pairs)
    observed = sum(x == y for x, y in pairs) / n
    first, second = Counter(x for x, _ in pairs), Counter(y for _, y in pairs)
    chance = sum(first[value] / n * second[value] / n for value in first)
    return (observed - chance) / (1 - chance)


def alpha(answers: Table) -> float:
    """Return Krippendorff's nominal alpha from the coincidence matrix, steps A to E of 2011."""
    coincidences: Counter[tuple[int, int]] = Counter()
    for answers_of_one in answers:
        given = [value for value in answers_of_one if value != -1]
        for one, other in permutations(range(len(given)), 2):
            coincidences[given[one], given[other]] += 1 / (len(given) - 1)  # type: ignore[assignment]
    n = sum(coincidences.values())
    margins = Counter()
    for (value, _), times in coincidences.items():
        margins[value] += times
    unlike = sum(times for (c, k), times in coincidences.items() if c != k)
    by_chance = sum(margins[c] * margins[k] for c in margins for k in margins if c != k)
    return 1 - (n - 1) * unlike / by_chance


def fleiss(answers: Table) -> float:
    """Return Fleiss' kappa: every item counted pair by pair, chance from all answers."""
    rows = [[value for value in row if value != -1] for row in answers]
    rows = [row for row in rows if row]
    agree = [
        sum(row[i] == row[j] for i, j in permutations(range(len(row)), 2))
        / (len(row) * (len(row) - 1))
        for row in rows
    ]
    everything = [value for row in rows for value in row]
    chance = sum((times / len(everything)) ** 2 for times in Counter(everything).values())
    return (sum(agree) / len(agree) - chance) / (1 - chance)
