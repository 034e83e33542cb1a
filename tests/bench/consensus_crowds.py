"""How often the consensus is right, and how often it says it is, beside a vote and a plain model.

    python tests/bench/consensus_crowds.py --draws 30

On the real crowds of the shared data, whole and with three random answers to 100 random items, and
on made-up teams whose truth is known. `likeliest` is Dawid and Skene's model by variational EM (Kim
and Ghahramani 2012): the single explanation that fits best. *Differing*: the items on which people
gave more than one answer.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np
from scipy.special import digamma, logsumexp

from selection.agreement.coefficients import majority
from selection.agreement.consensus import dawid_skene
from selection.core.arrays import FloatArray, IntArray
from tests.selection.crowds import CROWDS, crowd

DATA = Path(__file__).parents[3] / "shared" / "data"
STEPS = 100

Case = tuple[IntArray, IntArray, int]
Way = Callable[[IntArray, int], FloatArray]


def main() -> None:
    options = _options()
    print("| answers | way | right | log loss | differing: said | differing: right |")
    print("|---|---|---|---|---|---|")
    for name, cases in _sets(options.draws):
        for way, answer in WAYS.items():
            print(f"| {name} | {way} | {_row(answer, cases)} |", flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=30, help="draws of each set that is drawn")
    return parser.parse_args()


# Methods ------------------------------------------------------------------------------------------


def likeliest(answers: IntArray, n_classes: int) -> FloatArray:
    """Return class probabilities (items, C) of the single best explanation."""
    said = (answers[:, :, None] == np.arange(n_classes)).astype(float)
    proba = majority(answers, n_classes)
    for _ in range(STEPS):
        counts = np.einsum("it,ips->pts", proba, said, optimize=True)
        everybody = counts.sum(axis=0) + 1 / n_classes
        counts += everybody / everybody.sum(axis=1, keepdims=True)
        sure = digamma(counts) - digamma(counts.sum(axis=2, keepdims=True))
        evidence = np.einsum("ips,pts->it", said, sure, optimize=True)
        evidence += digamma(proba.sum(axis=0) + 1)
        proba = np.exp(evidence - logsumexp(evidence, axis=1, keepdims=True))
    return proba


WAYS: dict[str, Way] = {
    "vote": majority,
    "likeliest": likeliest,
    "drawn, ships": lambda answers, n_classes: dawid_skene(answers, n_classes).proba,
}


# Answers -----------------------------------------------------------------------------------------


def _sets(draws: int) -> Iterable[tuple[str, list[Case]]]:
    for name in CROWDS if DATA.is_dir() else ():
        answers, truth, names = crowd(name, DATA)
        if name == "crowd_climate":
            truth = _by_authors(names)
        known = truth >= 0
        whole = answers[known], truth[known], len(names)
        yield name, [whole]
        rng = np.random.default_rng(0)
        yield f"{name}, three of each", [_few(*whole, rng) for _ in range(draws)]
    for name, reliable, each in TEAMS:
        rng = np.random.default_rng(0)
        yield name, [_team(rng, reliable, each) for _ in range(draws)]
    rng = np.random.default_rng(0)
    yield "300 alike people, 3 answers each", [_alike(rng) for _ in range(draws)]


TEAMS = (
    ("two people (.95, .8)", (0.95, 0.8), 2),
    ("two people (.9, .9)", (0.9, 0.9), 2),
    ("three (.97, .92, .75), two of them each", (0.97, 0.92, 0.75), 2),
    ("three (.97, .92, .75), all of them each", (0.97, 0.92, 0.75), 3),
    ("six (.95 to .6), two of them each", (0.95, 0.9, 0.85, 0.8, 0.7, 0.6), 2),
)


def _by_authors(names: list[str]) -> IntArray:
    """Return the crowd authors' own estimate (items,), because the truth is unknown."""
    with (DATA / "crowd_climate_items.csv").open(newline="", encoding="utf-8") as file:
        said = [row["reference"] for row in csv.DictReader(file)]
    return np.array([names.index(each) if each in names else -1 for each in said])


def _few(answers: IntArray, truth: IntArray, n_classes: int, rng: np.random.Generator) -> Case:
    rows = rng.permutation(len(answers))[:100]
    few = np.full((len(rows), answers.shape[1]), -1)
    for place, row in enumerate(rows):
        people = rng.permutation(np.flatnonzero(answers[row] >= 0))[:3]
        few[place, people] = answers[row, people]
    return few, truth[rows], n_classes


def _team(rng: np.random.Generator, reliable: tuple[float, ...], each: int) -> Case:
    truth = rng.choice(4, size=160, p=[0.4, 0.3, 0.2, 0.1])
    shape = len(truth), len(reliable)
    wrong = (truth[:, None] + rng.integers(1, 4, size=shape)) % 4
    said = np.where(rng.random(shape) < reliable, truth[:, None], wrong)
    silent = rng.permuted(np.tile(np.arange(shape[1]), (len(truth), 1)), axis=1) >= each
    return np.where(silent, -1, said), truth, 4


def _alike(rng: np.random.Generator) -> Case:
    truth = rng.integers(3, size=300)
    answers = np.full((300, 300), -1)
    people = rng.permuted(np.tile(np.arange(300), (300, 1)), axis=1)[:, :3]
    guesses = rng.integers(3, size=people.shape)
    said = np.where(rng.random(people.shape) < 0.6, truth[:, None], guesses)
    np.put_along_axis(answers, people, said, axis=1)
    return answers, truth, 3


# Evaluation ---------------------------------------------------------------------------------------


def _row(answer: Way, cases: list[Case]) -> str:
    judged = np.array([_judged(answer(answers, n), answers, truth) for answers, truth, n in cases])
    return " | ".join(f"{figure:.3f}" for figure in np.nanmean(judged, axis=0))


def _judged(proba: FloatArray, answers: IntArray, truth: IntArray) -> tuple[float, ...]:
    right = proba.argmax(axis=1) == truth
    likely = np.maximum(proba[np.arange(len(truth)), truth], 1e-6)
    differ = np.array([len(set(row[row >= 0])) > 1 for row in answers])
    said = proba.max(axis=1)[differ].mean()
    return right.mean(), -np.log(likely).mean(), said, right[differ].mean()


if __name__ == "__main__":
    main()
