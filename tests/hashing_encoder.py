"""Small encoders for tests: they encode for real, by hashing words, and need no model file."""

import hashlib
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import annotator.encoders


@dataclass
class Hashing:
    """An encoder that adds up a random direction for each word."""

    name: str = "hashing"
    medium: str = "text"
    dimensions: int = 16
    languages: tuple[str, ...] = ("en",)
    licence: str = "MIT"
    source: str = "tests"
    seed: int = 0
    max_length: int = 20
    problem: Any = None
    # Whether it was opened before, and so prepared.
    ready: bool = True
    asked: list[int] = field(default_factory=list)

    @property
    def fingerprint(self) -> str:
        return self.sha256 if self.ready else ""

    @property
    def sha256(self) -> str:
        return hashlib.sha256(f"{self.name} {self.seed}".encode()).hexdigest()

    def encode(self, docs: Sequence[Any]) -> NDArray[np.float32]:
        self.asked.append(len(docs))
        rows = np.array([self._sum(doc) for doc in docs], dtype=np.float32)
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        return np.asarray(rows / np.where(lengths == 0, 1, lengths), dtype=np.float32)

    def too_long(self, docs: Sequence[Any]) -> NDArray[np.bool_]:
        return np.array([len(self._words(doc)) > self.max_length for doc in docs], dtype=bool)

    def _words(self, doc: Any) -> list[str]:
        return doc.split() if isinstance(doc, str) else [str(zlib.crc32(doc))]

    def _sum(self, doc: Any) -> NDArray[np.float64]:
        words = self._words(doc)[: self.max_length]
        directions = [
            np.random.default_rng(zlib.crc32(f"{self.seed} {word}".encode())).normal(
                size=self.dimensions
            )
            for word in words
        ]
        return np.sum(directions, axis=0) if directions else np.zeros(self.dimensions)


class Registry:
    """What is installed, in the place of `annotator.encoders`."""

    def __init__(self, *encoders: Any) -> None:
        self.encoders = list(encoders)

    def available(self) -> list[Any]:
        return list(self.encoders)

    def best_for(self, medium: str, language: str) -> str | None:
        fitting = [each for each in self.encoders if each.medium == medium and not each.problem]
        speaking = [each.name for each in fitting if (language or "en") in each.languages]
        return next(iter(speaking), None)

    def load(self, name: str) -> Any:
        found = next(each for each in self.encoders if each.name == name)
        if found.problem:
            raise found.problem
        found.ready = True
        return found


def install(monkeypatch: pytest.MonkeyPatch, *encoders: Any) -> Registry:
    """Have these encoders installed, and no others."""
    registry = Registry(*encoders)
    for name in ("available", "best_for", "load"):
        monkeypatch.setattr(annotator.encoders, name, getattr(registry, name))
    return registry
