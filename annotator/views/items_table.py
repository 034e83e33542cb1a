"""Table of items with extra columns."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from annotator.models import Item
from annotator.views.snippets import excerpt

SHOWN = 20
EXCERPT = 160


def items_table(
    columns: Sequence[str],
    found: Sequence[Mapping[str, Any]],
    cells: Callable[[Mapping[str, Any]], list[str]],
    most: int = SHOWN,
) -> dict[str, Any]:
    """Return the context of `components/_item_table.html` for rows that each name an `item`."""
    shown = found[:most]
    texts = dict(
        Item.objects.filter(pk__in=[row["item"] for row in shown]).values_list("pk", "text")
    )
    rows = [
        {
            "item": row["item"],
            "text": excerpt(texts.get(row["item"], "")[:EXCERPT]),
            "cells": cells(row),
        }
        for row in shown
    ]
    return {"columns": columns, "rows": rows, "more": len(found) - len(shown)}
