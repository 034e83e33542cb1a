"""Plain texts."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy

from annotator import formats as formats_base
from annotator.formats import Paragraph
from annotator.models import Item, Project
from annotator.tasktypes.base import EVERYTHING, MARKS, Limits, Media
from annotator.tasktypes.paragraphs import around


class Text(Media):
    """An item is one text, as it was imported."""

    name = "text"
    formats = ("csv", "jsonl", "xlsx", "parquet", "text", "archive")
    pretrained = "text"
    parts = (replace(formats_base.TEXT, title=gettext_lazy("Text column")),)
    limits = Limits(fit=20_000, encode=65_536, import_=2000, bulk=20)
    can = EVERYTHING | {MARKS}
    templates = "tasktypes/text"
    is_read = True
    bulk_class = "bulk-texts"
    has_columns = True
    import_hint = gettext_lazy(
        "A table with one text per row (CSV, Excel, JSON Lines), or an export of another tool."
    )
    simulation_hint = gettext_lazy("CSV or JSON Lines, one text with its label per row.")

    def document(self, given: dict[str, Any]) -> Any:
        return given["text"]

    def digest(self, content: Any) -> bytes:
        place = f"{content.place}\x00" if isinstance(content, Paragraph) else ""
        return hashlib.blake2b(f"{place}{content}".encode(), digest_size=16).digest()

    def size(self, content: Any) -> int:
        return len(content)

    def store(self, project: Project, content: Any, digest: bytes) -> dict[str, Any]:
        return {"text": str(content)}

    def documents(self, rows: "QuerySet[Item]") -> Iterator[Any]:
        yield from rows.values_list("text", flat=True).iterator(chunk_size=5000)

    def payload(self, item: Item) -> dict[str, Any]:
        return {"text": item.text, **around(item)}

    def listed(self, item: Item) -> dict[str, Any]:
        return {"text": item.text}

    def export(self, item: Item) -> dict[str, Any]:
        return {"text": item.text}


TEXT = Text()
