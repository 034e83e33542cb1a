"""A tokenizer file (`tokenizer.json`): texts to numbers, long ones cut."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from selection.core.arrays import BoolArray
from selection.encoders.base import UnusableEncoder

if TYPE_CHECKING:
    import tokenizers

# What a text is cut to before it is split into tokens, which takes time and memory: tokens are
# hardly ever longer than this on average.
LETTERS_PER_TOKEN = 32
BLOCK = 512  # texts at once


@dataclass(frozen=True)
class Tokenizer:
    """A tokenizer that reads at most `max_length` tokens of a text, its special ones included."""

    tokenizer: tokenizers.Tokenizer
    max_length: int

    @classmethod
    def open(cls, path: Path, max_length: int) -> Tokenizer:
        """Return the tokenizer in a file; UnusableEncoder if it is damaged.

        Raises ImportError where the package `tokenizers` is not installed.
        """
        # Threads of its own would take the cores of the other workers, and do not survive a fork.
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        import tokenizers

        try:
            tokenizer = tokenizers.Tokenizer.from_file(str(path))
            tokenizer.no_padding()
            # One more than is read tells which texts are longer.
            tokenizer.enable_truncation(max_length + 1)
        except Exception as problem:  # the package raises plain Exception
            raise UnusableEncoder(
                "damaged_tokenizer", file=path.name, problem=str(problem)[:200]
            ) from problem
        return cls(tokenizer, max_length)

    def split(self, texts: Sequence[str], *, special: bool = True) -> list[list[int]]:
        """Return the numbers of the tokens of each text, none for a blank one."""
        found: list[list[int]] = []
        for start in range(0, len(texts), BLOCK):
            block = [self._cut(text) for text in texts[start : start + BLOCK]]
            encoded = self.tokenizer.encode_batch(block, add_special_tokens=special)
            for text, each in zip(block, encoded, strict=True):
                found.append(self._shortened(each.ids, special) if text.strip() else [])
        return found

    def too_long(self, texts: Sequence[str]) -> BoolArray:
        """Return which texts have more tokens than are read (n,)."""
        long = np.zeros(len(texts), dtype=bool)
        for start in range(0, len(texts), BLOCK):
            block = texts[start : start + BLOCK]
            encoded = self.tokenizer.encode_batch([self._cut(text) for text in block])
            for i, (text, each) in enumerate(zip(block, encoded, strict=True)):
                is_cut = len(text) > self.max_length * LETTERS_PER_TOKEN
                long[start + i] = is_cut or len(each.ids) > self.max_length
        return long

    def _cut(self, text: str) -> str:
        return text[: self.max_length * LETTERS_PER_TOKEN]

    def _shortened(self, ids: list[int], special: bool) -> list[int]:
        if len(ids) <= self.max_length:
            return ids
        # The last token of all closes the text, where there are special ones.
        return [*ids[: self.max_length - 1], ids[-1]] if special else ids[: self.max_length]
