"""Simulation data with the vectors of a pretrained encoder beside the features of the pool."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from annotator.errors import FlowError
from annotator.formats import UnreadableFile
from annotator.models import Label
from annotator.pool import label_texts, pretrained
from annotator.projectsettings.item_selection import AUTO, POOL

if TYPE_CHECKING:
    from selection.features.vectors import VectorBlock
    from selection.models.label_texts import LabelTexts
    from selection.simulation.dataset import LabelledDataset

BATCH = 256
FITTED = 8_192

Progress = Callable[[int, int], None]


def resolve(names: Sequence[str], documents: Sequence[Any]) -> list[str]:
    """Return the features that `names` mean, each once: "pool", or the name of an encoder.

    "auto" is the best encoder for the documents, or "pool" where none is installed. UnreadableFile
    for an encoder that is not there.
    """
    medium = "text" if isinstance(documents[0], str) else "image"
    return list(dict.fromkeys(_resolved(name, medium, documents) for name in names))


def _resolved(name: str, medium: str, documents: Sequence[Any]) -> str:
    if name == POOL:
        return POOL
    if name == AUTO:
        best = pretrained.best_for(medium, _language(medium, documents))
        return POOL if best is None else best.name
    if pretrained.find(medium, name) is None:
        there = ", ".join([POOL, AUTO, *(each.name for each in pretrained.available(medium))])
        raise UnreadableFile("unknown_features", name=name[:60], names=there)
    return name


def _language(medium: str, documents: Sequence[Any]) -> str:
    from selection.core.language import CHARACTERS, TEXTS, guess_language

    if medium != "text":
        return ""
    return guess_language([text[:CHARACTERS] for text in documents[:TEXTS]])


def with_encoder(
    known: "LabelledDataset",
    name: str,
    pool: Sequence[Any],
    test: Sequence[Any],
    texts: Sequence[str],
    show: Progress,
) -> "LabelledDataset":
    """Return `known` with the vectors of an encoder beside its features, as a project has them.

    `texts` of the classes teach where the encoder reads texts. UnreadableFile if it fails.
    """
    from selection.features.vectors import VectorBlock

    vectors = _encoded(name, [*pool, *test], show)
    own, others = vectors[: len(pool)], vectors[len(pool) :]
    order = np.random.default_rng(0).permutation(len(own))[:FITTED]
    block = VectorBlock.fit(own[order], seed=0)
    extended = replace(
        known,
        X=block.extend(known.X, own),
        test=None if known.test is None else block.extend(known.test, others),
    )
    if not isinstance(pool[0], str):
        return extended
    return extended.taught_by(_label_texts(name, block, own[order], texts))


def texts_of(classes: Sequence[str], labels: Sequence[Label] = ()) -> list[str]:
    """Return the text of each class: of the project's label of that name, or the name alone."""
    there: Mapping[str, Label] = {label.name: label for label in labels}
    return [label_texts.text_of(there.get(name) or Label(name=name)) for name in classes]


def _encoded(name: str, documents: list[Any], show: Progress) -> NDArray[np.float32]:
    try:
        encoder = pretrained.load(name)
        parts = []
        for start in range(0, len(documents), BATCH):
            parts.append(encoder.encode(documents[start : start + BATCH]))
            show(min(start + BATCH, len(documents)), len(documents))
    except FlowError as problem:
        raise UnreadableFile(problem.code, message=problem.message, **problem.values) from problem
    # What a project stores has this precision.
    return np.concatenate(parts).astype(np.float16).astype(np.float32)


def _label_texts(
    name: str, block: "VectorBlock", sample: NDArray[np.float32], texts: Sequence[str]
) -> "LabelTexts":
    from selection.models.label_texts import LabelTexts

    vectors = np.array(pretrained.load(name).encode(texts), dtype=np.float32)
    vectors[[not text for text in texts]] = 0.0
    return LabelTexts.fit(block, vectors, sample)
