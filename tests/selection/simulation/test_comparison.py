"""What asking well saves, by hand: intervals, labels to a target, ratios, and what is not known."""

import json
from typing import Any

import numpy as np
import pytest
from scipy import stats

from selection.simulation import comparison, summary
from selection.simulation.comparison import Ratio
from selection.simulation.dataset import Run

MARKS = [20, 40, 60, 80, 100]


def run(name: Any, seed: Any, accuracy: Any, rare: Any = None, labels: Any = MARKS) -> Any:
    curve = np.array(accuracy, dtype=float)
    found = np.array(rare if rare is not None else accuracy, dtype=float)
    marks = np.array(labels)[: len(curve)]
    return Run(name, seed, marks, curve, curve, found, np.zeros(len(curve), int), marks, 0.5)


# By hand -----------------------------------------------------------------------------------------


def test_band_is_that_of_the_t_distribution() -> None:
    curves = np.random.default_rng(0).normal(size=(5, 3))
    found = comparison.band(curves)
    low, high = stats.t.interval(0.95, 4, curves.mean(0), stats.sem(curves))
    assert found.low == pytest.approx(low)
    assert found.high == pytest.approx(high)


def test_one_seed_tells_no_interval() -> None:
    found = comparison.band([[0.5, 0.6]])
    assert found.mean.tolist() == [0.5, 0.6]
    assert np.isnan(found.low).all()


def test_difference_is_paired_by_seed() -> None:
    # Seeds differ a lot, but each is better by the same: that is no coincidence.
    found = comparison.difference([[0.5], [0.9], [0.7]], [[0.4], [0.8], [0.6]])
    assert found.mean == pytest.approx([0.1])
    assert found.low == pytest.approx([0.1])


@pytest.mark.parametrize(
    ("curve", "target", "labels"),
    [
        ([0.5, 0.6, 0.7, 0.8, 0.9], 0.85, 90.0),
        ([0.5, 0.6, 0.7, 0.8, 0.9], 0.5, 20.0),
        ([0.5, 0.6, 0.7, 0.8, 0.9], 0.1, 20.0),
        ([0.5, 0.6, 0.7, 0.8, 0.9], 0.91, None),
        ([0.5, 0.8, 0.6, 0.8, 0.9], 0.7, 20 + 20 * 0.2 / 0.3),
        ([0.5, 0.6, 0.7, 0.8, 0.9], float("nan"), None),
    ],
)
def test_labels_to_a_target_are_read_off_a_straight_line(
    curve: Any, target: Any, labels: Any
) -> None:
    found = comparison.labels_to(MARKS, curve, target)
    assert found == (None if labels is None else pytest.approx(labels))


def test_saving_is_the_ratio_of_the_labels() -> None:
    mine, theirs = [[0.5, 0.9, 0.9, 0.9, 0.9]] * 3, [[0.5, 0.6, 0.7, 0.8, 0.9]] * 3
    found = comparison.saving(MARKS, mine, MARKS, theirs, 0.9)
    assert (found.value, found.low, found.high, found.over) == (2.5, 2.5, 2.5, None)


def test_saving_is_over_something_where_the_other_one_never_gets_there() -> None:
    found = comparison.saving(MARKS, [[0.5, 0.9, 0.9, 0.9, 0.9]], MARKS, [[0.1] * 5], 0.9)
    assert (found.value, found.over) == (None, 2.5)
    assert summary.in_words(found) == "over 2.5 times"


def test_saving_is_unknown_where_one_never_gets_there_oneself() -> None:
    found = comparison.saving(MARKS, [[0.1] * 5], MARKS, [[0.9] * 5], 0.9)
    assert found == Ratio(None)
    assert summary.in_words(found) == "not reached"


def test_interval_of_a_saving_covers_it_and_is_the_same_every_time() -> None:
    noise = np.random.default_rng(0).normal(scale=0.02, size=(2, 8, 5))
    mine = np.array([0.5, 0.7, 0.85, 0.9, 0.95]) + noise[0]
    theirs = np.array([0.4, 0.5, 0.6, 0.7, 0.8]) + noise[1]
    found, again = (comparison.saving(MARKS, mine, MARKS, theirs, 0.7) for _ in range(2))
    assert found == again
    assert found.low < found.value < found.high


def test_rare_items_are_found_after_so_many_labels_in_the_mean() -> None:
    assert comparison.finding([50, 150], [300, 500], 1000).value == 4.0
    assert comparison.finding([50, np.nan], [300, 500], 1000) == Ratio(None)
    assert comparison.finding([50, 150], [300, np.nan], 1000).over == 6.5


@pytest.mark.parametrize("curves", [[], [0.5], np.zeros((0, 3))])
def test_curves_need_a_row_for_each_seed(curves: Any) -> None:
    with pytest.raises(ValueError, match="a row for each seed"):
        comparison.band(curves)


def test_unequal_curves_have_no_difference() -> None:
    with pytest.raises(ValueError, match="must match"):
        comparison.difference([[0.5]], [[0.5, 0.6]])


# The summary -------------------------------------------------------------------------------------


@pytest.fixture
def told() -> Any:
    """The summary of a made-up simulation with three seeds."""
    runs = []
    for seed in range(3):
        off = 0.001 * seed
        runs.append(run("random", seed, np.array([0.4, 0.5, 0.6, 0.7, 0.8]) + off))
        runs.append(run("auto", seed, np.array([0.6, 0.7, 0.8, 0.85, 0.9]) + off))
        runs.append(run("bad", seed, np.array([0.3, 0.4, 0.5, 0.6, 0.8]) + 2 * off))
    plain = [run("random", seed, np.array([0.3, 0.4, 0.5, 0.6, 0.7])) for seed in range(3)]
    return summary.summarise(runs, plain)


def test_target_is_what_the_baseline_reaches_in_the_end(told: Any) -> None:
    assert told["target"] == 0.7


def test_query_saving_is_against_random_and_system_saving_against_the_baseline(told: Any) -> None:
    saved = told["savings"]["auto"]
    assert saved["query"] == pytest.approx(2.0, abs=0.02)
    assert saved["system"] == pytest.approx(2.5, abs=0.02)
    assert told["savings"]["random"]["query"] == 1.0
    assert saved["query_low"] <= saved["query"] <= saved["query_high"]


def test_marks_at_which_random_is_better_are_flagged(told: Any) -> None:
    assert told["against_random"]["auto"]["never_worse"]
    bad = told["against_random"]["bad"]
    assert not bad["never_worse"]
    assert bad["worse"] == [True, True, True, True, False]


def test_every_curve_has_its_interval_and_the_labels_it_needs(told: Any) -> None:
    curve = told["strategies"]["auto"]
    assert curve["labels"] == MARKS
    for metric in ("accuracy", "macro_f1", "rare_found"):
        for low, mean, high in zip(
            *(curve[metric][e] for e in ("low", "mean", "high")), strict=True
        ):
            assert 0 <= low <= mean <= high <= 1
    assert curve["seconds_per_round"] == 0.5
    needs = told["needs"]["auto"]
    assert needs["low"] <= needs["target"] <= needs["high"]
    assert needs["rare_80"] == pytest.approx(60, abs=1)
    assert needs["rare_95"] is None


def test_summary_is_plain_json_without_nan(told: Any) -> None:
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    alone = summary.summarise([run("random", 0, [np.nan] * 5, rare=[0, 0.5, 0.8, 0.9, 1])])
    json.dumps(alone, allow_nan=False)
    assert alone["strategies"]["random"]["accuracy"]["mean"] == [None] * 5
    assert (alone["baseline"], alone["target"]) == (None, None)
    assert alone["against_random"]["random"]["never_worse"] is None
    assert alone["savings"]["random"]["rare_80"] == 1.0


def test_runs_that_stopped_early_stay_where_they_were() -> None:
    runs = [run("random", 0, [0.5, 0.9]), run("random", 1, [0.5, 0.6, 0.9])]
    found = summary.summarise(runs)["strategies"]["random"]
    assert found["labels"] == [20, 40, 60]
    assert found["accuracy"]["mean"][-1] == 0.9


def test_missing_seed_is_refused() -> None:
    with pytest.raises(ValueError, match="seeds differ"):
        summary.summarise([run("random", 0, [0.5]), run("auto", 1, [0.5])])


# The headline: what it takes to come as far as random does in the end -----------------------------

RANDOM = np.array([0.5, 0.6, 0.7, 0.75, 0.8])
# By hand: where the curve crosses 0.8, which random does with its 100th label.
WAYS = {
    "better": ([0.7, 0.8, 0.85, 0.86, 0.87], 2.5, 40),
    "equal": (RANDOM, 1.0, 100),
    "never": ([0.55, 0.65, 0.75, 0.78, 0.79], None, None),
    "was above": ([0.6, 0.85, 0.84, 0.8, 0.79], None, None),
}


def summed(
    curve: Any, seeds: Any = 3, spread: float = 0.0, random: Any = RANDOM, labels: Any = MARKS
) -> Any:
    noise = np.linspace(-spread, spread, seeds) if seeds > 1 else [0.0]
    runs = [run("random", seed, random, labels=labels) for seed in range(seeds)]
    runs += [
        run("auto", seed, np.array(curve) + noise[seed], labels=labels) for seed in range(seeds)
    ]
    # A weak baseline, whose end is reached with the first batch.
    plain = [run("random", seed, np.full(len(labels), 0.3), labels=labels) for seed in range(seeds)]
    return summary.summarise(runs, plain)["savings"]["auto"]


@pytest.mark.parametrize("name", WAYS)
def test_saving_is_told_at_the_accuracy_that_random_ends_at(name: Any) -> None:
    curve, ratio, labels = WAYS[name]
    saved = summed(curve)
    headline = saved["headline"]
    assert saved["against_random"] == (None if ratio is None else pytest.approx(ratio))
    assert headline["labels"] == labels
    assert (headline["target"], headline["random_labels"]) == (0.8, 100)
    assert headline["verdict"] == {"was above": "never"}.get(name, name)
    # At the weak baseline's end all of them look alike.
    assert saved["query"] == 1.0


def test_loss_is_told_as_a_loss() -> None:
    # Random is there with its 60th label and stays; the other takes until its 90th.
    random = [0.5, 0.6, 0.8, 0.8, 0.8]
    saved = summed([0.5, 0.55, 0.6, 0.7, 0.9], random=random)
    assert saved["against_random"] == pytest.approx(60 / 90)
    assert saved["headline"]["verdict"] == "worse"
    assert saved["headline"]["words"] == "needs 1.5x as many labels as random (1.5 to 1.5)"
    assert saved["against_random_words"] == "a loss: 1.5x as many (1.5 to 1.5)"


def test_gain_and_failure_are_told_as_what_they_are() -> None:
    assert summed(WAYS["better"][0])["headline"]["words"] == (
        "random needs 2.5x as many labels (2.5 to 2.5)"
    )
    assert summed(WAYS["never"][0])["headline"]["words"] == (
        "never reaches random's last accuracy (0.800): it ends at 0.790"
    )
    assert summed(RANDOM)["headline"]["words"] == "needs as many labels as random"


def test_what_may_be_chance_is_called_so() -> None:
    saved = summed([0.5, 0.6, 0.7, 0.77, 0.81], spread=0.02)
    assert saved["against_random_low"] < 1 < saved["against_random"]
    assert saved["headline"]["verdict"] == "unclear"
    assert saved["headline"]["words"].endswith(", which may be chance")
    alone = summed([0.7, 0.8, 0.85, 0.86, 0.87], seeds=1)
    assert alone["headline"]["verdict"] == "unclear"
    assert alone["against_random_low"] is None


def test_random_is_its_own_measure(told: Any) -> None:
    saved = told["savings"]["random"]
    assert saved["against_random"] == 1.0
    assert saved["headline"]["verdict"] == "equal"


@pytest.mark.parametrize(
    ("ratio", "words"),
    [
        (Ratio(0.5), "a loss: 2.0x as many"),
        (Ratio(0.5, 0.0, 0.8), "a loss: 2.0x as many (1.2 or more)"),
        (Ratio(0.5, 0.4, None), "a loss: 2.0x as many (0.0 to 2.5)"),
        (Ratio(0.97, 0.8, 1.2), "1.0 times (0.8 to 1.2)"),
    ],
)
def test_ratio_below_one_is_a_loss_in_words(ratio: Any, words: str) -> None:
    assert summary.in_words(ratio) == words
