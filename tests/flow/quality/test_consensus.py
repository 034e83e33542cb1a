"""The consensus where annotators differ, and each annotator's errors."""

from typing import Any

import numpy as np
import pytest

from annotator.flow.quality import consensus
from annotator.models import Project
from annotator.pool import training_set
from selection.models import SingleLabel
from tests.given import Fill

ANA, BEN, EVE = 11, 12, 13


def answers(n: Any = 60, wrong: float = 0.5, seed: Any = 0) -> Any:
    """Two people who are right, and one who is wrong so often: as items, people, classes."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(2, size=n)
    eve = np.where(rng.random(n) < wrong, 1 - truth, truth)
    table = np.stack([truth, truth, eve], axis=1)
    items, people = np.repeat(np.arange(n) + 100, 3), np.tile([ANA, BEN, EVE], n)
    return items, people, table.ravel(), truth


def test_who_errs_is_found_with_an_interval() -> None:
    items, people, classes, _truth = answers()
    found = consensus.find_consensus(items, people, classes, 2)
    by_person = {each["user"]: each for each in found["people"]}
    assert by_person[ANA]["reliability"] > 0.99
    assert by_person[EVE]["low"] < 0.5 < by_person[EVE]["high"]
    assert {each["n"] for each in found["people"]} == {60}
    for each in found["people"]:
        np.testing.assert_allclose(np.sum(each["confusion"], axis=1), 1, atol=0.002)
        assert sum(each["row_n"]) == pytest.approx(60, abs=0.2)


def test_too_little_says_nothing() -> None:
    items, people, classes, _truth = answers(n=9)
    assert consensus.find_consensus(items, people, classes, 2) == {}
    items, people, classes, _truth = answers()
    alone = people == ANA
    assert consensus.find_consensus(items[alone], people[alone], classes[alone], 2) == {}
    assert consensus.find_consensus(items, people, np.full(len(items), -1), 2) == {}


def test_memory_is_bounded_by_the_newest_items(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consensus, "MOST_CELLS", 3 * 2 * 20)
    items, people, classes, _truth = answers()
    found = consensus.find_consensus(items, people, classes, 2)
    assert found["items"] == 20
    assert all(each["item"] >= 140 for each in found["differing"])


def test_many_labels_keep_no_table() -> None:
    items, people, classes, _truth = answers()
    found = consensus.find_consensus(items, people, classes, consensus.MOST_LABELS + 1)
    assert all(each["confusion"] == each["row_n"] == [] for each in found["people"])


@pytest.mark.django_db
def test_only_what_counts_otherwise_today_is_told(project: Project, filled: Fill) -> None:
    made = filled(project, 60)
    items, people, classes, truth = answers()
    keys = np.array([item.pk for item in made])
    found = consensus.find_consensus(keys[items - 100], people, classes, 2)
    today = truth.copy()
    wrong = [n for n in range(60) if classes.reshape(-1, 3)[n, 2] != truth[n]][:3]
    today[wrong] = 1 - today[wrong]
    known = training_set.TrainingSet(
        np.array([item.position for item in made]),
        today,
        np.zeros(60),
        np.zeros(60, dtype=bool),
        SingleLabel(2),
    )
    told = consensus.against_today(project, found, known, [7, 8])
    assert {each["item"] for each in told} == {made[n].pk for n in wrong}
    for each in told:
        assert {each["today"], each["instead"]} == {7, 8}
        assert each["proba"] > 0.9
