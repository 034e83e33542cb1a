"""Pairs of texts, which are compared with each other."""

import hashlib
from collections.abc import Iterator
from typing import Any

import orjson
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from annotator.errors import Invalid
from annotator.formats import Part
from annotator.models import Item, Project
from annotator.tasktypes.base import EVERYTHING, Limits, Media

PARTS = ("a", "b")
# What such columns are called, before the letter or the number.
STEMS = ("text", "response", "answer", "output", "completion", "sentence", "question")


def _names(letter: str, number: str) -> tuple[str, ...]:
    """Return the names that the column of one of the texts may have, the best known first."""
    spelled = [
        f"{stem}{sep}{end}" for end in (letter, number) for stem in STEMS for sep in ("_", " ", "")
    ]
    return (letter, *spelled)


class TextPairs(Media):
    """An item is two texts in a fixed order; `Item.text` has both, for the search."""

    name = "text-pairs"
    formats = ("csv", "jsonl", "xlsx", "parquet", "archive")
    parts = (
        Part(
            "a",
            gettext_lazy("Text A column"),
            _names("a", "1"),
            gettext_lazy("No column found for text A. The columns are: %(there)s."),
        ),
        Part(
            "b",
            gettext_lazy("Text B column"),
            _names("b", "2"),
            gettext_lazy("No column found for text B. The columns are: %(there)s."),
        ),
    )
    # Each item has two texts.
    limits = Limits(fit=10_000, encode=16_384, import_=1000, bulk=0)
    can = EVERYTHING - {"bulk", "simulate"}
    templates = "tasktypes/text-pairs"
    scripts = ("medium/text-pairs/columns.js",)
    style = "medium/text-pairs/desk.css"
    is_read = True
    bulk_class = ""
    has_columns = True
    import_hint = gettext_lazy("CSV or JSON Lines, two texts per row.")
    simulation_hint = import_hint
    fields = PARTS

    def document(self, given: dict[str, Any]) -> Any:
        if set(given) != set(PARTS) or not all(isinstance(text, str) for text in given.values()):
            raise Invalid("pair", detail=_("An item is two texts, “a” and “b”."), field="items")
        return given["a"], given["b"]

    def digest(self, content: Any) -> bytes:
        both = orjson.dumps([content[part] for part in PARTS])
        return hashlib.blake2b(both, digest_size=16).digest()

    def size(self, content: Any) -> int:
        return sum(len(content[part]) for part in PARTS)

    def store(self, project: Project, content: Any, digest: bytes) -> dict[str, Any]:
        both = {part: content[part] for part in PARTS}
        return {"content": both, "text": "\n\n".join(both.values())}

    def documents(self, rows: "QuerySet[Item]") -> Iterator[Any]:
        content: Any
        for content in rows.values_list("content", flat=True).iterator(chunk_size=2000):
            # The place of a removed pair is kept.
            yield (content["a"], content["b"]) if content else ("", "")

    def payload(self, item: Item) -> dict[str, Any]:
        content: Any = item.content
        return {part: content[part] for part in PARTS}

    def listed(self, item: Item) -> dict[str, Any]:
        return self.payload(item)

    def export(self, item: Item) -> dict[str, Any]:
        return self.payload(item)


TEXT_PAIRS = TextPairs()
