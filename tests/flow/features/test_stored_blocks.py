"""Blocks of stored features are checked against the columns that are there."""

from typing import Any

import numpy as np
import pytest

from annotator.pool import feature_store
from selection.features import Blocks, Features


@pytest.fixture
def arrays() -> Any:
    dense = np.ones((3, 6), dtype=np.float32)
    stored = Features(None, dense, (2, 4), Blocks((1, 2), (2, 4), (4, 6))).to_arrays()
    return {**stored, "audit_key": np.arange(3)}


def test_blocks_that_fit_are_no_misfits(arrays: Any) -> None:
    assert list(feature_store._misfits(3, arrays)) == []
    assert list(feature_store._misfits(4, arrays)) == ["audit_key", "dense"]


@pytest.mark.parametrize("name", ["spread", "neighbours", "encoder", "encoder_neighbours"])
@pytest.mark.parametrize("columns", [[0, 7], [5, 4], [-1, 2]])
def test_columns_that_are_not_there_are_misfits(arrays: Any, name: str, columns: Any) -> None:
    arrays[name] = np.array(columns)
    assert list(feature_store._misfits(3, arrays)) == [name]


def test_features_of_before_have_no_encoder(arrays: Any) -> None:
    del arrays["encoder"], arrays["encoder_neighbours"]
    assert list(feature_store._misfits(3, arrays)) == []
    arrays.pop("audit_key")
    assert Features.from_arrays(arrays).blocks == Blocks(neighbours=(1, 2))
