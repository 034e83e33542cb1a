"""What the labels of a project say by their texts, read by the encoder of its features.

The texts are encoded when they changed, and kept beside the features, whose encoder they share.
"""

import hashlib
import logging
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from annotator import tasktypes
from annotator.errors import FlowError
from annotator.models import FeatureSpace, Item, Label, ModelVersion, VectorShard
from annotator.pool import feature_store, new_vectors, vector_store
from annotator.pool.vector_encoder import VectorEncoder
from annotator.storage import arrays

if TYPE_CHECKING:
    from selection.models.label_texts import LabelTexts

SAMPLE = 4_096
# Names such as "A" and "3" say nothing of the items that they stand for.
LEAST_LETTERS = 3

log = logging.getLogger(__name__)


def make(space: FeatureSpace, labels: Sequence[Label]) -> "LabelTexts | None":
    """Return where the texts of `labels` point; None where no encoder reads texts.

    Encodes them if they changed. If the encoder does not answer, its absence is no error: the model
    learns from the labelled items alone.
    """
    if not _are_readable(space, labels):
        return None
    found = find(space, labels)
    if found is not None:
        return found
    from selection.models.label_texts import LabelTexts

    encoder = feature_store.load_encoder(space)
    assert isinstance(encoder, VectorEncoder)
    try:
        vectors = _encoded(space, labels)
    except FlowError as problem:
        log.warning("label texts of project %s are not read: %s", space.project_id, problem.detail)
        return None
    made = LabelTexts.fit(encoder.block, vectors, _sample(space))
    of = {"of": np.array(digest(labels))}
    arrays.save_npz(_path(space), {**made.to_arrays(), **of})
    return made


def find(space: FeatureSpace, labels: Sequence[Label]) -> "LabelTexts | None":
    """Return what `make` stored for these texts; None if they changed since."""
    if not _are_readable(space, labels):
        return None
    from selection.models.label_texts import LabelTexts

    stored = arrays.find_npz(_path(space))
    if stored is None or str(stored["of"]) != digest(labels):
        return None
    return LabelTexts.from_arrays(stored)


def of_model(version: ModelVersion) -> "LabelTexts | None":
    """Return the texts that a model learnt from; None if it had none, or they changed since."""
    there = {label.pk: label for label in version.project.labels.all()}
    if not there.keys() >= set(version.labels):
        return None
    return find(version.space, [there[pk] for pk in version.labels])


def are_described(labels: Sequence[Label]) -> bool:
    """Tell whether each label has a description or an example; a name alone may mislead."""
    return bool(labels) and all(label.description or label.examples for label in labels)


def text_of(label: Label) -> str:
    """Return the text of a label: its name, description and examples; "" where they say nothing."""
    more = [part.strip() for part in (label.description, *label.examples.splitlines())]
    told = " ".join(part for part in more if part)
    if told:
        return f"{label.name}: {told}"
    letters = re.findall(r"[^\W\d_]", label.name)
    says = len(letters) >= LEAST_LETTERS or any(not letter.isascii() for letter in letters)
    return label.name if says else ""


def is_possible(space: FeatureSpace) -> bool:
    """Tell whether texts of labels are read by the encoder of these features."""
    kind = tasktypes.of(space.project)
    reads = space.encoder not in {"", VectorShard.GIVEN}
    return reads and kind.media.pretrained == "text" and not kind.answer.fixed_labels


def _are_readable(space: FeatureSpace, labels: Sequence[Label]) -> bool:
    return is_possible(space) and any(text_of(label) for label in labels)


def _encoded(space: FeatureSpace, labels: Sequence[Label]) -> NDArray[np.float32]:
    """Return the vectors (C, d) of the texts of `labels`, zeros where there is none."""
    texts = [text_of(label) for label in labels]
    vectors = np.array(new_vectors.encode(space, texts), dtype=np.float32)
    vectors[[not text for text in texts]] = 0.0
    return vectors


def _sample(space: FeatureSpace) -> NDArray[np.float32]:
    """Return the vectors (n, d) of a random sample of the items, the same each time."""
    rows = Item.objects.present(space.project).filter(position__lt=space.items)
    positions = rows.order_by("-audit_key").values_list("position", flat=True)[:SAMPLE]
    wanted = np.fromiter(positions, dtype=np.int64)
    return vector_store.gather(space.project, space.encoder, space.encoder_sha256, wanted)


def digest(labels: Sequence[Label]) -> str:
    """Return a sum of the texts of `labels`."""
    told = "\x00".join(f"{label.pk}\x00{text_of(label)}" for label in labels)
    return hashlib.sha256(told.encode()).hexdigest()


def _path(space: FeatureSpace) -> Path:
    return feature_store.space_folder(space) / "label-texts.npz"
