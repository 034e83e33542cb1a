"""Small pools for all tests of the library; no database, no server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from selection.features import Features

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
TOPICS = (
    "match goal team coach season striker league cup win",
    "market shares profit bank stock trade dollar price investor",
    "court vote minister law election party senate crime",
    "chip software phone computer internet robot code server",
)


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """Use one thread per test process: with more threads than cores, threads spin."""
    with threadpool_limits(1):
        yield


@pytest.fixture(scope="session")
def shared_data() -> Path:
    if not DATA.exists():
        pytest.skip("the shared data sets are not here")
    return DATA


@pytest.fixture(scope="session")
def topics() -> tuple[list[str], np.ndarray]:
    """400 synthetic short texts of four topics, and the topic of each."""
    rng = np.random.default_rng(0)
    y = rng.integers(4, size=400)
    filler = ["the", "a", "of", "and", "in", "to", "for", "with", "on", "by"]
    texts = []
    for topic in y:
        words = [*rng.choice(TOPICS[topic].split(), 4), *rng.choice(filler, 5)]
        texts.append(" ".join(rng.permutation(words)))
    return texts, y


@pytest.fixture(scope="session")
def blobs() -> tuple[Features, np.ndarray]:
    """300 points around three centres in five dimensions, and the centre of each."""
    rng = np.random.default_rng(1)
    y = rng.integers(3, size=300)
    centres = 3 * np.eye(3, 5)
    points = centres[y] + rng.normal(scale=0.7, size=(300, 5))
    return Features(None, points.astype(np.float32), (0, 5)), y


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)
