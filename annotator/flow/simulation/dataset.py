"""Simulation data: texts or images of a labelled file, their labels, features and a test set.

Needs no database. Unusable data is refused with a sentence, as an import would refuse it.
"""

import hashlib
import zipfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from annotator.flow.simulation import encoded
from annotator.formats import Columns, RejectedRow, Row, SkippedFile, UnreadableFile, image_zip
from annotator.formats.registry import READERS, for_file
from annotator.i18n import stored_texts
from annotator.models import Label
from annotator.projectsettings.item_selection import POOL
from annotator.tasktypes.media.image import IMAGE
from annotator.tasktypes.media.text import TEXT

if TYPE_CHECKING:
    from selection.models import LabelSpace
    from selection.simulation.dataset import LabelledDataset

HELD_OUT = 0.2
NAMES_SHOWN = 5


class UnusableData(UnreadableFile):
    """The file can be read, but is no use for a simulation."""


@dataclass(frozen=True)
class LabelledDocuments:
    """Documents (texts, or image bytes) with the labels of each, and notes on what was left out.

    With `several`, an item may have any number of labels, including none.
    """

    documents: list[Any]
    labels: list[list[str]]
    notes: list[str] = field(default_factory=list)
    several: bool = False

    def __len__(self) -> int:
        return len(self.documents)


@dataclass(frozen=True)
class SimulationData:
    """The data of the runs: the pool with our features, and plain ones for the baseline.

    `features` are "pool" or an encoder's name. Where there are several, `compared` has the pool
    with each, `known` with the first.
    """

    known: "LabelledDataset"
    plain: "LabelledDataset"
    classes: list[str]
    notes: list[str]
    compared: "dict[str, LabelledDataset]" = field(default_factory=dict)
    features: Sequence[str] = (POOL,)

    @property
    def facts(self) -> dict[str, Any]:
        """Return the summary of the data."""
        known = self.known
        return {
            "n": len(known.X),
            "n_test": 0 if known.truth is None else len(known.truth),
            "classes": self.classes,
            "rare": {
                "label": self.classes[known.rare_class],
                "n": int(known.rare.sum()),
                "declared": known.rare_class_declared,
            },
            "notes": self.notes,
            "features": list(self.features),
        }


# Read ---------------------------------------------------------------------------------------------


def read(path: Path, columns: Columns, kind: str = "", most_bytes: int = 0) -> LabelledDocuments:
    """Return the labelled items of a file without exact duplicates; UnreadableFile if none.

    `most_bytes` bounds the memory used; 0 means no bound.
    """
    reader = for_file(path.name, kind) or READERS["jsonl"]
    rows = reader.read(path, columns, reader.look(path, columns), _folders(path))
    documents: list[Any] = []
    labels: list[list[str]] = []
    seen: set[bytes] = set()
    left_out: Counter[str] = Counter()
    held = 0
    for row in rows:
        if isinstance(row, SkippedFile):
            continue
        document = _document(row)
        if isinstance(row, RejectedRow) or document is None:
            left_out[stored_texts.UNREADABLE_ROWS] += 1
        elif not row.labels:
            left_out[stored_texts.UNLABELLED_ROWS] += 1
        elif (digest := _digest(document)) in seen:
            left_out[stored_texts.DUPLICATE_ROWS] += 1
        else:
            seen.add(digest)
            documents.append(document)
            labels.append(list(dict.fromkeys(row.labels)))
            held += len(document)
            if 0 < most_bytes < held:
                most = most_bytes >> 20
                raise UnusableData("too_large", message="data_too_large", most=most)
    if not documents:
        raise _nothing(left_out)
    return LabelledDocuments(documents, labels, [what % {"n": n} for what, n in left_out.items()])


def _folders(path: Path) -> set[str]:
    """Return the folders of a ZIP file, one per label; none for another file."""
    if not zipfile.is_zipfile(path):
        return set()
    with zipfile.ZipFile(path) as archive:
        return {PurePosixPath(name).parent.name for name in archive.namelist()} - {""}


def _document(row: Row | RejectedRow) -> str | bytes | None:
    if isinstance(row, RejectedRow) or not isinstance(row.content, bytes):
        return row.content if isinstance(row, Row) and isinstance(row.content, str) else None
    try:
        # The app stores and trains on its own re-encoded image as well.
        return image_zip.clean(row.content)[0]
    except image_zip.BadPicture:
        return None


def _digest(document: str | bytes) -> bytes:
    data = document.encode() if isinstance(document, str) else document
    return hashlib.blake2b(data, digest_size=16).digest()


def _nothing(left_out: Counter[str]) -> UnusableData:
    if left_out[stored_texts.UNLABELLED_ROWS]:
        return UnusableData("no_labels")
    return UnusableData("no_labels", message="no_rows")


def sample(answers: LabelledDocuments, most: int) -> LabelledDocuments:
    """Return at most `most` of the items, drawn at random, with a note."""
    if len(answers) <= most:
        return answers
    rows = np.sort(np.random.default_rng(0).permutation(len(answers))[:most])
    note = stored_texts.ITEMS_DRAWN % {"n": most, "all": len(answers)}
    return replace(_take(answers, rows.tolist()), notes=[*answers.notes, note])


# Prepare ------------------------------------------------------------------------------------------


def prepare(
    answers: LabelledDocuments,
    test: LabelledDocuments | None = None,
    *,
    rare: str = "",
    hold_out: bool = True,
    features: Sequence[str] = (POOL,),
    labels: Sequence[Label] = (),
    show: encoded.Progress = lambda _done, _all: None,
) -> SimulationData:
    """Return the simulation data; a fifth of the items is held out if there is no `test` set.

    `rare` is the declared rare label; without one, the rarest label is measured. Everything is
    fitted on the pool alone. `features` are "pool", "auto" or names of encoders, whose progress
    `show` gets; `labels` may have descriptions. UnreadableFile if the labels allow no simulation.
    """
    notes = list(answers.notes)
    if test is None and hold_out:
        answers, test = _split(answers)
        notes.append(stored_texts.HELD_OUT % {"n": len(test)})
    elif test is not None:
        test = _without(test, answers, notes)
    classes = sorted({name for names in answers.labels for name in names})
    _check(classes, test, rare)
    space = _label_space(answers, test, classes)
    y, truth = _numbers(answers, test, classes, space)
    known = _known(answers, test, y, truth, classes, rare, space)
    from selection.simulation import baseline

    tested = [] if test is None else test.documents
    plain = baseline.plain(known, answers.documents, tested)
    texts = encoded.texts_of(classes, labels)
    sets = {
        name: known
        if name == POOL
        else encoded.with_encoder(known, name, answers.documents, tested, texts, show)
        for name in encoded.resolve(features, answers.documents)
    }
    first = next(iter(sets.values()))
    compared = sets if len(sets) > 1 else {}
    return SimulationData(first, plain, classes, notes, compared, list(sets))


def _split(answers: LabelledDocuments) -> tuple[LabelledDocuments, LabelledDocuments]:
    """Return (pool, test): a random fifth of each label, at least one left in the pool."""
    if len(answers) < 5:
        raise UnusableData("too_few", n=len(answers))
    order = np.random.default_rng(0).permutation(len(answers))
    groups: dict[str, list[int]] = {}
    for row in order:
        groups.setdefault("|".join(sorted(answers.labels[row])), []).append(int(row))
    held = [row for rows in groups.values() for row in rows[: round(HELD_OUT * len(rows))]]
    out = held or [int(order[0])]
    inside = sorted(set(range(len(answers))) - set(out))
    return _take(answers, inside), _take(answers, sorted(out))


def _take(answers: LabelledDocuments, rows: Sequence[int]) -> LabelledDocuments:
    documents, labels = ([part[i] for i in rows] for part in (answers.documents, answers.labels))
    return replace(answers, documents=documents, labels=labels)


def _without(
    test: LabelledDocuments, answers: LabelledDocuments, notes: list[str]
) -> LabelledDocuments:
    """Return the test set without items that are also in the pool, which would leak."""
    there = {_digest(document) for document in answers.documents}
    kept = [i for i, document in enumerate(test.documents) if _digest(document) not in there]
    if len(kept) < len(test):
        notes.append(stored_texts.TEST_ITEMS_IN_POOL % {"n": len(test) - len(kept)})
    if not kept:
        raise UnusableData("test_in_pool")
    return _take(test, kept)


def _check(classes: list[str], test: LabelledDocuments | None, rare: str) -> None:
    if len(classes) < 2:
        raise UnusableData("one_class", name=classes[0][:60])
    if rare and rare not in classes:
        raise UnusableData("unknown_label", message="label_not_in_pool", name=rare[:60])
    strange = (
        sorted({name for names in test.labels for name in names} - set(classes)) if test else []
    )
    if strange:
        shown = ", ".join(f"“{name[:60]}”" for name in strange[:NAMES_SHOWN])
        more = ", …" if len(strange) > NAMES_SHOWN else ""
        raise UnusableData("unknown_label", message="labels_not_in_pool", names=shown + more)


def _label_space(
    answers: LabelledDocuments, test: LabelledDocuments | None, classes: list[str]
) -> "LabelSpace":
    from selection.models import MultiLabel, SingleLabel

    both = [*answers.labels, *(test.labels if test else [])]
    several = answers.several or any(len(names) > 1 for names in both)
    return (MultiLabel if several else SingleLabel)(len(classes))


def _numbers(
    answers: LabelledDocuments,
    test: LabelledDocuments | None,
    classes: list[str],
    space: "LabelSpace",
) -> tuple[NDArray[np.int64], NDArray[np.int64] | None]:
    """Return the targets (y, truth) of pool and test set."""
    both = [*answers.labels, *(test.labels if test else [])]
    number = {name: column for column, name in enumerate(classes)}
    table = np.zeros((len(both), len(classes)), dtype=np.int64)
    for row, names in enumerate(both):
        table[row, [number[name] for name in names]] = 1
    y = space.from_indicator(table)
    return y[: len(answers)], y[len(answers) :] if test else None


def _known(
    answers: LabelledDocuments,
    test: LabelledDocuments | None,
    y: NDArray[np.int64],
    truth: NDArray[np.int64] | None,
    classes: list[str],
    rare: str,
    space: "LabelSpace",
) -> "LabelledDataset":
    from selection.features import RECIPES
    from selection.simulation.dataset import LabelledDataset

    of_texts = isinstance(answers.documents[0], str)
    if test is not None and isinstance(test.documents[0], str) != of_texts:
        raise UnusableData("wrong_type", message="two_media")
    media = TEXT if of_texts else IMAGE
    rows = np.random.default_rng(0).permutation(len(answers))[: media.limits.fit]
    encoder = RECIPES[list(media.encoders)[-1]].fit([answers.documents[i] for i in rows], seed=0)
    counts = space.class_counts(y)
    return LabelledDataset(
        encoder.transform(answers.documents),
        y,
        space,
        classes.index(rare) if rare else int(np.argmin(counts)),
        None if test is None else encoder.transform(test.documents),
        truth,
        rare_class_declared=bool(rare),
        words=_words(answers.documents) if rare and of_texts else None,
    )


def _words(texts: list[str]) -> Any:
    """Return what a search ranks the texts by, as `annotator.pool.words` does; None for many."""
    from selection.features.text import word_hashes

    if len(texts) > word_hashes.MOST:
        return None
    return word_hashes.weigh(word_hashes.count_words(texts))
