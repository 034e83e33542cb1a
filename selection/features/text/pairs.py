"""Encoders of pairs of texts: the difference of what an encoder makes of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from scipy import sparse

from selection.core.arrays import AnyArray
from selection.core.translation import gettext_noop
from selection.features.base import Encoder
from selection.features.matrix import Features
from selection.features.text.encoders import Text, TextQuick

Pair = tuple[str, str]


@dataclass(frozen=True)
class _Pairs:
    """Features of the first text minus those of the second, so that swapped they change sign."""

    of_text: Any

    encoder: ClassVar[type[Encoder]]

    @classmethod
    def fit(cls, docs: Sequence[Pair], *, seed: int) -> Self:
        """Return the encoder that the texts of the sample `docs` (random order) teach.

        >>> pairs = PairsQuick.fit([("good", "bad"), ("bad", "good")], seed=0)
        >>> first, second = pairs.transform([("good", "bad"), ("bad", "good")]).dense
        >>> bool((first == -second).all())
        True
        """
        texts = [text for pair in docs for text in pair]
        return cls(cls.encoder.fit(texts, seed=seed))

    def transform(self, docs: Sequence[Pair]) -> Features:
        """Return the differences (n rows) of the blocks of the two texts."""
        one, other = (self.of_text.transform([pair[side] for pair in docs]) for side in (0, 1))
        difference = sparse.csr_array(one.sparse - other.sparse)
        difference.eliminate_zeros()
        dense = np.subtract(one.dense, other.dense, out=one.dense)
        return Features(difference, dense, one.spread, one.blocks)

    def to_arrays(self) -> dict[str, AnyArray]:
        """Return what was learnt as arrays."""
        arrays: dict[str, AnyArray] = self.of_text.to_arrays()
        return arrays

    @classmethod
    def from_arrays(cls, arrays: dict[str, AnyArray]) -> Self:
        """Return the encoder that `to_arrays` described."""
        return cls(cls.encoder.from_arrays(arrays))


@dataclass(frozen=True)
class PairsQuick(_Pairs):
    """Differences of the quick features of texts: words alone."""

    recipe: ClassVar[str] = "pairs-quick"
    title: ClassVar[str] = gettext_noop("difference of the words, ready at once")
    reads: ClassVar[str] = "text-pairs"

    encoder: ClassVar[type[Encoder]] = TextQuick


@dataclass(frozen=True)
class Pairs(_Pairs):
    """Differences of the full features of texts: words, meaning and neighbours."""

    recipe: ClassVar[str] = "pairs"
    title: ClassVar[str] = gettext_noop("difference of words, embeddings and neighbours")
    reads: ClassVar[str] = "text-pairs"

    encoder: ClassVar[type[Encoder]] = Text
