"""A committee whose members differ, however few labels of a class there are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from selection import scores
from selection.features import Features
from selection.models import MultiLabel, SingleLabel
from selection.models.committee import fit_committee, predict_committee


def test_members_differ_and_repeat_by_seed(blobs: Any) -> None:
    X, y = blobs
    few = X.take(slice(0, 30)), y[:30]
    first, again, other = (
        predict_committee(fit_committee(*few, SingleLabel(3), seed=seed), X) for seed in (1, 1, 2)
    )
    assert first.shape == (5, 300, 3)
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0.01
    assert scores.bald(first).max() > 0.01


def test_every_member_knows_every_class_of_twenty_single_examples() -> None:
    X = Features(None, np.eye(20, dtype=np.float32))
    committee = fit_committee(X, np.arange(20), SingleLabel(20), members=3, seed=0)
    assert [member.n_seen for member in committee] == [20, 20, 20]


@pytest.mark.parametrize("n", [1, 2])
def test_very_few_labels(n: int) -> None:
    X = Features(None, np.eye(n, dtype=np.float32))
    assert len(fit_committee(X, np.arange(n), SingleLabel(3), seed=0)) == 5


def test_several_labels_per_item() -> None:
    X = Features(None, np.eye(6, dtype=np.float32))
    table = np.array([[1, 0], [0, 1], [1, 1], [0, 0], [0, 0], [0, 0]])
    committee = fit_committee(X, table, MultiLabel(2), seed=0)
    assert all(member.n_seen == 2 for member in committee)
