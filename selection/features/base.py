"""The encoder protocol; `RECIPES` in the package maps names to implementations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Protocol, Self

from selection.core.arrays import AnyArray
from selection.features.matrix import Features

Doc = Any  # str for text; bytes of an image file or a PIL image for pictures


class Encoder(Protocol):
    """An encoder of items as `Features`, fitted once on a sample of the pool and stored."""

    # The stored name: a name never changes its meaning.
    recipe: ClassVar[str]
    # For the setting `features`.
    title: ClassVar[str]
    # The medium whose items it reads (`annotator.tasktypes.media`).
    reads: ClassVar[str]

    @classmethod
    def fit(cls, docs: Sequence[Doc], *, seed: int) -> Self:
        """Learn from an in-memory sample in random order (at most some 30,000 items)."""
        ...

    def transform(self, docs: Sequence[Doc]) -> Features:
        """Return the features of `docs`, row by row; safe to call shard by shard."""
        ...

    def to_arrays(self) -> dict[str, AnyArray]:
        """Return all that was learnt as numeric arrays: nothing is ever pickled."""
        ...

    @classmethod
    def from_arrays(cls, arrays: dict[str, AnyArray]) -> Self:
        """Return the encoder that `to_arrays` described; its transforms are identical."""
        ...
