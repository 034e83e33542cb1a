"""The embedding map."""

from collections import Counter
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from annotator.flow.items import criteria
from annotator.models import Role
from annotator.views import number_format
from annotator.views.access import Request, open_project, signed_in
from annotator.views.charts.base import Rows
from annotator.views.charts.data import ChartData
from annotator.views.charts.embedding_map import MAP, kind_words
from annotator.views.items_table import items_table

# The size of the map in user units; the page scales it.
WIDE, HIGH, MARGIN = 720, 440, 12
MISTAKES_SHOWN = 50
# Numbered as in `evaluation.embedding_map`, and named as in the stylesheet.
KINDS = ("pool", "labelled", "picked", "audit", "mistaken")


@require_safe
@signed_in
def embedding_map(request: Request, project_id: int) -> HttpResponse:
    """Show the map of the pool; it is inline SVG because its points are links."""
    access = open_project(request, project_id, Role.LEAD)
    facts = ChartData(access.project)
    drawn, rows = MAP, MAP.rows(facts)
    mistaken = [row for row in rows if KINDS[row["order"]] == "mistaken"]
    context = {
        "access": access,
        "chart": drawn,
        "points": list(map(_point, sorted(rows, key=lambda row: row["order"]))),
        "kinds": _kinds(rows),
        "size": {"wide": WIDE, "high": HIGH},
        "mistaken": items_table(
            [_("predicted")], mistaken, lambda row: [row["predicted"]], most=MISTAKES_SHOWN
        ),
        "most": criteria.MOST_IDS,
        "round": facts.plane.get("round"),
    }
    return render(request, "dashboard/map.html", context)


def _kinds(rows: Rows) -> list[dict[str, str]]:
    """Return the legend: each kind with how many items of it are shown."""
    numbers = Counter(row["order"] for row in rows)
    return [
        {"kind": kind, "name": name, "count": number_format.count(numbers[order])}
        for order, (kind, name) in enumerate(zip(KINDS, kind_words(), strict=True))
    ]


def _point(row: dict[str, Any]) -> dict[str, Any]:
    """Return position and style of a point in an image of WIDE by HIGH."""
    return {
        "x": round(MARGIN + row["x"] * (WIDE - 2 * MARGIN), 1),
        "y": round(MARGIN + (1 - row["y"]) * (HIGH - 2 * MARGIN), 1),
        "kind": KINDS[row["order"]],
        "item": row["item"],
        "url": row["url"],
        "title": f"{row['kind']}: {row['predicted']}",
    }
