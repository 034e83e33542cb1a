"""The most similar rows: exact however the pool is cut, and the same as by brute force."""

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selection.diversity.nearest_neighbors import nearest


def brute_force(row: Any, X: Any, k: Any) -> Any:
    lengths = np.linalg.norm(X, axis=1) * np.linalg.norm(row)
    there = [i for i in range(len(X)) if lengths[i] > 0]
    cosine = {i: float(X[i] @ row / lengths[i]) for i in there}
    return sorted(there, key=lambda i: (-round(cosine[i], 6), i))[:k]


def cut(X: Any, *at: Any) -> Any:
    return [(int(part[0]), X[part]) for part in np.split(np.arange(len(X)), at) if len(part)]


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("k", [1, 10, 5000])
def test_they_are_those_of_brute_force(rng: Any, kind: Any, k: int) -> None:
    X = rng.normal(size=(5000, 8)).astype(kind)
    X[::7] = 0
    row = X[1].astype(np.float64)
    found = nearest(row, cut(X), k)
    assert found.ids.tolist() == brute_force(row, X.astype(np.float64), k)
    assert found.ids[0] == 1
    assert found.cosines[0] == pytest.approx(1)
    assert (np.diff(found.cosines) <= 1e-6).all()


@given(
    rows=st.lists(st.lists(st.integers(-2, 2), min_size=2, max_size=2), min_size=1, max_size=40),
    at=st.lists(st.integers(0, 40), max_size=4),
    k=st.integers(0, 45),
)
@settings(max_examples=150, deadline=None)
def test_answer_does_not_depend_on_how_the_pool_is_cut(rows: Any, at: Any, k: Any) -> None:
    X = np.array(rows, dtype=np.float32)
    whole = nearest([1, 1], [(0, X)], k)
    parts = cut(X, *sorted(min(place, len(X)) for place in at))
    for order in (parts, parts[::-1]):
        assert nearest([1, 1], order, k).ids.tolist() == whole.ids.tolist()
    assert whole.ids.tolist() == brute_force(np.ones(2), X.astype(np.float64), k)


def test_ties_go_to_the_lower_number_also_across_blocks() -> None:
    copies = np.tile([[0.1, 0.7]], (9000, 1)).astype(np.float32) * np.arange(1, 9001)[:, None]
    assert nearest([0.1, 0.7], [(0, copies)], 4).ids.tolist() == [0, 1, 2, 3]


def test_length_does_not_matter() -> None:
    X = np.array([[1e-20, 0.0], [0.9, 0.1], [1e18, 1e18]])
    assert nearest([5.0, 0.0], [(0, X)], 3).ids.tolist() == [0, 1, 2]


def test_a_zero_row_is_near_nothing() -> None:
    X = np.array([[0.0, 0.0], [-1.0, 0.0]])
    assert nearest([1.0, 0.0], [(0, X)], 2).ids.tolist() == [1]
    assert len(nearest([0.0, 0.0], [(0, X)], 2).ids) == 0


@pytest.mark.parametrize("blocks", [[], [(0, np.zeros((0, 2)))], [(3, np.zeros((2, 2)))]])
def test_nothing_comes_of_nothing(blocks: Any) -> None:
    found = nearest([1.0, 0.0], blocks, 3)
    assert (len(found.ids), found.ids.dtype) == (0, np.int64)  # type: ignore[comparison-overlap]


def test_fewer_than_none_are_none() -> None:
    assert len(nearest([1.0], [(0, np.ones((3, 1)))], -1).ids) == 0


def test_what_is_not_finite_is_named() -> None:
    X = np.ones((5000, 2))
    X[4100, 1] = np.nan
    with pytest.raises(ValueError, match="row 4107"):
        nearest([1.0, 0.0], [(7, X)], 3)
    with pytest.raises(ValueError, match="the row is not finite"):
        nearest([np.inf, 0.0], [(0, X)], 3)
    with pytest.raises(ValueError, match="one dimension"):
        nearest([[1.0, 0.0]], [(0, X)], 3)


def test_input_stays_as_it_is(rng: Any) -> None:
    X = rng.normal(size=(10, 3))
    before = X.copy()
    nearest(X[0], [(0, X)], 3)
    assert (before == X).all()


def test_it_loads_no_learning_library() -> None:
    code = (
        "import sys, numpy as np; from selection.diversity.nearest_neighbors import nearest;"
        "nearest(np.ones(2), [(0, np.ones((3, 2)))], 1);"
        "heavy = [n for n in ('sklearn', 'scipy') if n in sys.modules]; assert not heavy, heavy"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert found.returncode == 0, found.stderr
