"""Table of items with extra columns."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from annotator.models import Item
from annotator.views.snippets import excerpt, line

SHOWN = 20


def items_table(
    columns: Sequence[str],
    found: Sequence[Mapping[str, Any]],
    cells: Callable[[Mapping[str, Any]], list[str]],
    most: int = SHOWN,
) -> dict[str, Any]:
    """Return the context of `components/_item_table.html` for rows that each name an `item`."""
    shown = found[:most]
    items = Item.objects.filter(pk__in=[row["item"] for row in shown])
    texts = {
        pk: line(text, parts) for pk, text, parts in items.values_list("pk", "text", "content")
    }
    rows = [
        {
            "item": row["item"],
            "text": excerpt(texts.get(row["item"], "")),
            "cells": cells(row),
        }
        for row in shown
    ]
    return {"columns": columns, "rows": rows, "more": len(found) - len(shown)}
