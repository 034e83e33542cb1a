"""Features made of the pool's own and of a pretrained encoder's vectors, side by side."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from annotator.models import FeatureSpace

if TYPE_CHECKING:
    from selection.features import Encoder, Features
    from selection.features.vectors import VectorBlock

RECIPE_ENDING = "+vectors"

Vectors = Callable[[Sequence[Any]], NDArray[np.float32]]


def recipe_of(base: str) -> str:
    """Return the recipe of features that add vectors to those of another recipe."""
    return f"{base}{RECIPE_ENDING}"


def base_recipe(recipe: str) -> str:
    """Return the recipe of the features that vectors were added to."""
    return recipe.removesuffix(RECIPE_ENDING)


@dataclass(frozen=True)
class VectorEncoder:
    """An encoder of documents by what was learnt from the pool, and by their vectors."""

    base: "Encoder"
    block: "VectorBlock"
    # Returns the vectors (n, d) of documents that are not stored.
    vectors: Vectors

    def transform(self, docs: Sequence[Any]) -> "Features":
        """Return the features of documents, which are read by the pretrained encoder first."""
        return self.extend(self.base.transform(docs), self.vectors(docs))

    def extend(self, features: "Features", vectors: NDArray[np.float32]) -> "Features":
        """Return the pool's features of some items with their vectors (n, d) beside them."""
        return self.block.extend(features, vectors)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return all that was learnt; the pretrained encoder is no part of it."""
        return {**self.base.to_arrays(), **self.block.to_arrays()}


def from_arrays(
    space: FeatureSpace, arrays: dict[str, NDArray[Any]], vectors: Vectors
) -> VectorEncoder:
    """Return the encoder of a space that `to_arrays` described."""
    from selection.features import RECIPES
    from selection.features.vectors import VectorBlock

    base = RECIPES[base_recipe(space.recipe)].from_arrays(arrays)
    return VectorEncoder(base, VectorBlock.from_arrays(arrays), vectors)
