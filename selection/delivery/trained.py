"""A trained model with its features, as a folder that predicts on any machine.

It needs NumPy, SciPy and scikit-learn; ONNX Runtime and tokenizers where a pretrained encoder reads
the items, and Pillow for pictures. `model.json` tells what the other files are.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from selection.core.arrays import FloatArray
from selection.encoders import EncoderSpec, PretrainedEncoder, open_encoder
from selection.features import RECIPES, Encoder, VectorBlock
from selection.models.logistic import Model

FILE, MODEL, FEATURES, ENCODER = "model.json", "model.npz", "features.npz", "encoder"


@dataclass(frozen=True)
class Prediction:
    """The labels of one item, how sure the model is of them, and what it thinks of each label."""

    labels: list[str]
    confidence: float
    proba: dict[str, float]


@dataclass(frozen=True)
class Trained:
    """A model, the features that it reads, and the names of its labels."""

    labels: list[str]
    fields: list[str]
    model: Model
    features: Encoder
    block: VectorBlock | None = None
    encoder: PretrainedEncoder | None = None

    @classmethod
    def load(cls, folder: Path) -> Trained:
        """Return the model of a folder."""
        told = json.loads((folder / FILE).read_text("utf-8"))
        arrays = _arrays(folder / FEATURES)
        return cls(
            labels=told["labels"],
            fields=told["fields"],
            model=Model.from_arrays(_arrays(folder / MODEL)),
            features=RECIPES[told["recipe"]].from_arrays(arrays),
            block=VectorBlock.from_arrays(arrays) if told["has_vectors"] else None,
            encoder=_opened(folder, told["encoder"]) if told["encoder"] else None,
        )

    def document(self, row: Mapping[str, Any]) -> Any:
        """Return what the features read of a row: a text, several, or the bytes of a picture."""
        if "image" in row:
            return Path(row["image"]).read_bytes()
        parts = tuple(row[name] for name in self.fields)
        return parts if len(parts) > 1 else parts[0]

    def predict(
        self, documents: Sequence[Any], vectors: ArrayLike | None = None
    ) -> list[Prediction]:
        """Return the prediction of each document (n).

        `vectors` (n, d) are those of an encoder of one's own, where the items came with vectors.
        """
        proba = self.predict_proba(documents, vectors)
        space = self.model.space
        given = space.indicator(space.decide(proba)).astype(bool)
        return [
            Prediction(
                [name for name, is_given in zip(self.labels, row, strict=True) if is_given],
                float(sure),
                {name: float(p) for name, p in zip(self.labels, each, strict=True)},
            )
            for row, sure, each in zip(given, space.confidence(proba), proba, strict=True)
        ]

    def predict_proba(
        self, documents: Sequence[Any], vectors: ArrayLike | None = None
    ) -> FloatArray:
        """Return the probabilities (n, labels) of documents (n)."""
        X = self.features.transform(documents)
        if self.block is not None:
            if vectors is None and self.encoder is None:
                raise ValueError("this model reads vectors: give one for each document")
            found = self.encoder.encode(documents) if vectors is None else vectors  # type: ignore[union-attr]
            # As precise as those that it was trained on.
            X = self.block.extend(X, np.asarray(found, np.float16).astype(np.float32))
        return np.asarray(self.model.predict_proba(X))


def _arrays(path: Path) -> dict[str, Any]:
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def _opened(folder: Path, told: Mapping[str, Any]) -> PretrainedEncoder:
    files = {role: (folder / ENCODER / name).resolve() for role, name in told["files"].items()}
    tuples = {name: tuple(told[name]) for name in ("mean", "std")}
    return open_encoder(EncoderSpec(**{**told, **tuples, "files": files}))
