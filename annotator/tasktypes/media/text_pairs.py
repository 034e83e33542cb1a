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


class TextPairs(Media):
    """An item is two texts in a fixed order; `Item.text` has both, for the search."""

    name = "text-pairs"
    formats = ("csv", "jsonl")
    parts = (
        Part(
            "a",
            ("a", "text_a"),
            gettext_lazy("There is no column for the first text (a). The columns are: %(there)s."),
        ),
        Part(
            "b",
            ("b", "text_b"),
            gettext_lazy("There is no column for the second text (b). The columns are: %(there)s."),
        ),
    )
    # Each is two texts.
    limits = Limits(fit=10_000, encode=16_384, import_=1000, bulk=0)
    can = EVERYTHING - {"bulk", "simulate"}
    templates = "tasktypes/text-pairs"
    scripts = ("medium/text-pairs/columns.js",)
    styles = ("medium/text-pairs/columns.css",)
    is_read = True
    bulk_class = ""
    has_columns = False
    import_hint = gettext_lazy(
        "CSV or JSON Lines with two texts per row, in the columns a and b or text_a and text_b."
    )
    simulation_hint = import_hint
    fields = PARTS

    def document(self, given: dict[str, Any]) -> Any:
        if set(given) != set(PARTS) or not all(isinstance(text, str) for text in given.values()):
            raise Invalid("pair", _("An item is two texts, “a” and “b”."), field="items")
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
            yield content["a"], content["b"]

    def payload(self, item: Item) -> dict[str, Any]:
        content: Any = item.content
        return {part: content[part] for part in PARTS}

    def listed(self, item: Item) -> dict[str, Any]:
        return self.payload(item)

    def export(self, item: Item) -> dict[str, Any]:
        return self.payload(item)


TEXT_PAIRS = TextPairs()
