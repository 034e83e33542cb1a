"""Search criteria of the item list, by the names of their parameters."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any

from annotator.errors import Invalid
from annotator.flow.datasets.outgoing.choices import moment
from annotator.flow.labels import naming
from annotator.models import Item, Project, Source

STATES = {state.name.lower(): state for state in Item.State if state is not Item.State.REMOVED}
WORDS, MEANING = "words", "meaning"
WAYS = (WORDS, MEANING)
SORTS = ("position", "-position", "newest", "key", "-key", "confidence", "-confidence")
FLAGS = ("unsure", "has_note", "disagreed", "suspect", "skipped", "gold", "corrected", "returned")
NAMES = ("q", "label", "predicted", "state", "annotator", "source", "from", "to", *FLAGS, "ids")
# Chosen one by one or on the map; an address holds no more.
MOST_IDS = 400
# Those that any member may use; the others tell what people and models say.
FOR_MEMBERS = ("q", "label", "state", "by", "like", "sort", "cursor", "page_size")


@dataclass(frozen=True)
class Criteria:
    """What to find; empty criteria do not apply.

    `label`, `annotator`, `source`, `since`, `until`, `unsure`, `has_note` and `corrected` hold of
    one and the same annotation. `label` and `predicted` are ids, -1 for a label that is not there.
    """

    text: str = ""
    by: str = WORDS
    label: int | None = None
    predicted: int | None = None
    state: Item.State | None = None
    annotator: str = ""
    source: str = ""
    since: datetime | None = None
    until: datetime | None = None
    unsure: bool = False
    has_note: bool = False
    corrected: bool = False
    disagreed: bool = False
    suspect: bool = False
    skipped: bool = False
    gold: bool = False
    returned: bool = False
    ids: tuple[int, ...] = ()

    @property
    def is_by_meaning(self) -> bool:
        """Tell whether items are ranked by how close they are to the text in meaning."""
        return self.by == MEANING and bool(self.text)

    @property
    def of_annotations(self) -> bool:
        """Tell whether an annotation has to match."""
        return any(getattr(self, name) for name in OF_ANNOTATIONS) or self.label is not None

    @property
    def active(self) -> tuple[str, ...]:
        """Return the names of the criteria that apply."""
        there = (each for each in fields(self) if each.name != "by")
        return tuple(each.name for each in there if getattr(self, each.name) != each.default)

    def without_text(self) -> "Criteria":
        """Return the same without the text."""
        return replace(self, text="", by=WORDS)


OF_ANNOTATIONS = ("annotator", "source", "since", "until", "unsure", "has_note", "corrected")


def parsed(project: Project, given: Mapping[str, str]) -> Criteria:
    """Return the criteria by the names of their parameters; Invalid names the first bad one."""
    state, by, source = (given.get(name, "") for name in ("state", "by", "source"))
    if state and state not in STATES:
        raise Invalid("unknown_state", field="state", names=", ".join(STATES))
    if by and by not in WAYS:
        raise Invalid("unknown_search", field="by", names=", ".join(WAYS))
    if source and source not in Source.values:
        raise Invalid("choice", field="source", name="source", names=", ".join(Source.values))
    return Criteria(
        text=_cleaned(given.get("q", ""), 500),
        by=by or WORDS,
        label=_label(project, given.get("label", "")),
        predicted=_label(project, given.get("predicted", "")),
        state=STATES.get(state),
        annotator=_cleaned(given.get("annotator", ""), 150),
        source=source,
        since=moment("from", given.get("from")),
        until=moment("to", given.get("to")),
        ids=_ids(given.get("ids", "")),
        **{name: _is_on(name, given.get(name, "")) for name in FLAGS},
    )


def sort_of(given: Mapping[str, str]) -> str:
    """Return the order; Invalid if there is no such order."""
    sort = given.get("sort", "") or SORTS[0]
    if sort not in SORTS:
        raise Invalid("unknown_sort", field="sort", names=", ".join(SORTS))
    return sort


def _cleaned(text: str, most: int) -> str:
    # No database accepts NUL in a text.
    return text.replace("\x00", "")[:most].strip()


def _label(project: Project, name: str) -> int | None:
    if not name:
        return None
    label = naming.by_name(project).get(_cleaned(name, 200))
    return -1 if label is None else label.pk


def _ids(listed: str) -> tuple[int, ...]:
    """Return the ids of a list such as “17.4.32”."""
    parts = [each for each in listed.split(".") if each]
    if len(parts) > MOST_IDS:
        raise Invalid("too_many_ids", field="ids", most=MOST_IDS)
    if not all(each.isascii() and each.isdigit() and len(each) < 19 for each in parts):
        raise Invalid("bad_ids", field="ids")
    return tuple(dict.fromkeys(map(int, parts)))


def _is_on(name: str, given: Any) -> bool:
    if given in ("1", True):
        return True
    if given in ("", "0", None, False):
        return False
    raise Invalid("choice", field=name, name=name, names="1, 0")
