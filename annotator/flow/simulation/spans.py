"""Simulation data of spans: texts of a file with the spans in them, and a test set.

Needs no database, as that of labels (`dataset`). The spans of the file are the answers.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from annotator.flow.simulation.dataset import HELD_OUT, UnusableData
from annotator.formats import Columns, RejectedRow, Row, SkippedFile
from annotator.formats.registry import READERS, for_file
from annotator.i18n import stored_texts
from annotator.storage import arrays
from annotator.tasktypes.common_marks import most_marks
from annotator.tasktypes.marks import Mark

if TYPE_CHECKING:
    from selection.spans.simulation.dataset import LabelledTexts

Spans = list[tuple[int, int, str]]

SPANS = "spans"
FEWEST = 10
TEXTS, LEXICON, VECTORS = "texts", "lexicon.", "vectors"


@dataclass(frozen=True)
class MarkedTexts:
    """Texts (n) with the spans of each, by the names of labels, and notes on what was left out."""

    texts: list[str]
    spans: list[Spans]
    notes: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, rows: Iterable[int]) -> "MarkedTexts":
        """Return some of the texts."""
        chosen = list(rows)
        texts = [self.texts[row] for row in chosen]
        return replace(self, texts=texts, spans=[self.spans[row] for row in chosen])


@dataclass(frozen=True)
class SpanData:
    """The data of the runs: a pool with its spans, and texts to measure on."""

    known: "LabelledTexts"
    notes: list[str]

    @property
    def facts(self) -> dict[str, Any]:
        """Return the summary of the data."""
        return {
            "task": SPANS,
            "n": len(self.known.texts),
            "n_test": len(self.known.test_texts),
            "n_spans": sum(map(len, self.known.spans)),
            "classes": list(self.known.labels),
            "notes": self.notes,
        }

    def __len__(self) -> int:
        return len(self.known.texts)


# Read ---------------------------------------------------------------------------------------------


def read(path: Path, columns: Columns, kind: str = "", most_bytes: int = 0) -> MarkedTexts:
    """Return the texts of a file that somebody answered, with their spans, each text once.

    Where several people answered, the spans that most of them marked. UnreadableFile if there is
    no span; `most_bytes` bounds the texts, 0 means no bound.
    """
    reader = for_file(path.name, kind) or READERS["jsonl"]
    wanted = replace(columns, spans=True)
    left_out: Counter[str] = Counter()
    found: dict[str, Spans] = {}
    held = 0
    for row in reader.read(path, wanted, reader.look(path, wanted), set()):
        if isinstance(row, SkippedFile):
            continue
        if isinstance(row, RejectedRow) or not isinstance(row.content, str):
            left_out[stored_texts.UNREADABLE_ROWS] += 1
            continue
        spans = _spans(row)
        if spans is None or not _lie_within(spans, row.content):
            why = stored_texts.UNLABELLED_ROWS if spans is None else stored_texts.UNREADABLE_ROWS
            left_out[why] += 1
        elif row.content in found:
            left_out[stored_texts.DUPLICATE_ROWS] += 1
        else:
            found[row.content] = spans
            held += len(row.content.encode(errors="surrogatepass"))
            if 0 < most_bytes < held:
                raise UnusableData("too_large", message="data_too_large", most=most_bytes >> 20)
    if not any(found.values()):
        raise UnusableData("no_labels", message="no_spans")
    notes = [what % {"n": n} for what, n in left_out.items()]
    return MarkedTexts(list(found), list(found.values()), notes)


def _spans(row: Row) -> Spans | None:
    """Return the spans that most people marked; None where nobody answered."""
    said = [
        [Mark(each.start, each.end, each.label) for each in answer.spans]
        for answer in row.answers
        if answer.kind == "answer" and answer.spans is not None and answer.problem is None
    ]
    if not said:
        return None
    return [(mark.start, mark.end, mark.label) for mark in most_marks([(m, True) for m in said])]


def _lie_within(spans: Spans, text: str) -> bool:
    return all(0 <= start < end <= len(text) for start, end, _label in spans)


def sample(answers: MarkedTexts, most: int) -> MarkedTexts:
    """Return at most `most` of the texts, drawn at random, with a note."""
    if len(answers) <= most:
        return answers
    rows = np.sort(np.random.default_rng(0).permutation(len(answers))[:most])
    note = stored_texts.ITEMS_DRAWN % {"n": most, "all": len(answers)}
    return replace(answers.take(rows.tolist()), notes=[*answers.notes, note])


# Prepare ------------------------------------------------------------------------------------------


def prepare(answers: MarkedTexts, test: MarkedTexts | None = None) -> SpanData:
    """Return the simulation data; a random fifth is held out if there is no `test` set.

    The lexicon is learnt from the pool alone. UnreadableFile if the spans allow no simulation.
    """
    from selection.spans.simulation.dataset import LabelledTexts

    notes = list(answers.notes)
    if test is None:
        answers, test = _split(answers)
        notes.append(stored_texts.HELD_OUT % {"n": len(test)})
    else:
        test = _without(test, answers, notes)
    if not any(test.spans) or not any(answers.spans):
        raise UnusableData("no_labels", message="no_spans")
    _check(answers, test)
    pool = answers.texts, answers.spans
    return SpanData(LabelledTexts.of(pool, (test.texts, test.spans), seed=0), notes)


def _split(answers: MarkedTexts) -> tuple[MarkedTexts, MarkedTexts]:
    if len(answers) < FEWEST:
        raise UnusableData("too_few", n=len(answers))
    order = np.random.default_rng(0).permutation(len(answers))
    n = round(HELD_OUT * len(answers))
    return answers.take(sorted(order[n:].tolist())), answers.take(sorted(order[:n].tolist()))


def _without(test: MarkedTexts, answers: MarkedTexts, notes: list[str]) -> MarkedTexts:
    """Return the test set without texts that are also in the pool, which would leak."""
    there = set(answers.texts)
    kept = [row for row, text in enumerate(test.texts) if text not in there]
    if len(kept) < len(test):
        notes.append(stored_texts.TEST_ITEMS_IN_POOL % {"n": len(test) - len(kept)})
    if not kept:
        raise UnusableData("test_in_pool")
    return test.take(kept)


def _check(answers: MarkedTexts, test: MarkedTexts) -> None:
    pool, tested = ({span[2] for each in part.spans for span in each} for part in (answers, test))
    if tested <= pool:
        return
    strange = ", ".join(f"“{name[:60]}”" for name in sorted(tested - pool)[:5])
    raise UnusableData("unknown_label", message="labels_not_in_pool", names=strange)


# Store --------------------------------------------------------------------------------------------


def save(folder: Path, made: SpanData) -> dict[str, Any]:
    """Store the simulation data and return its checksum."""
    known = made.known
    texts = {
        "pool": [known.texts, known.spans],
        "test": [known.test_texts, known.test_spans],
        "labels": known.labels,
    }
    stored: dict[str, Any] = {
        # Not with orjson, which refuses half of a surrogate pair.
        TEXTS: np.frombuffer(json.dumps(texts).encode(), dtype=np.uint8),
        VECTORS: known.vectors,
        **{f"{LEXICON}{name}": array for name, array in known.lexicon.to_arrays().items()},
    }
    return {SPANS: arrays.save_npz(_path(folder), stored)}


def load(folder: Path, facts: Mapping[str, Any]) -> SpanData:
    """Return the stored simulation data; Corrupt if it was changed."""
    from selection.spans.learning.lexicon import Lexicon
    from selection.spans.simulation.dataset import LabelledTexts

    found = arrays.load_npz(_path(folder), facts["checksums"][SPANS])
    texts = json.loads(found[TEXTS].tobytes())
    known = LabelledTexts(
        *_told(texts["pool"]),
        texts["labels"],
        *_told(texts["test"]),
        Lexicon.from_arrays(_part(found)),
        found[VECTORS],
    )
    return SpanData(known, list(facts["notes"]))


def _path(folder: Path) -> Path:
    return folder / "spans.npz"


def _told(stored: Sequence[Any]) -> tuple[list[str], list[Spans]]:
    texts, spans = stored
    return texts, [[(start, end, label) for start, end, label in each] for each in spans]


def _part(found: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    return {
        name.removeprefix(LEXICON): array
        for name, array in found.items()
        if name.startswith(LEXICON)
    }
