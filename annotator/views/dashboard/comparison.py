"""Two measured models beside each other."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from annotator.views import number_format
from annotator.views.charts.data import ChartData
from annotator.views.key_figures import Trend

Point = Mapping[str, Any]


def compare(facts: ChartData, one: int | None, other: int | None) -> dict[str, Any] | None:
    """Return the models to choose from and the figures of two; None with fewer than two.

    Without a choice, the newest is compared with the one before.
    """
    points = facts.curve
    if len(points) < 2:
        return None
    by_number = {point["model"]: point for point in points}
    later = by_number.get(other, points[-1])
    before = by_number.get(one, points[-2])
    return {
        "models": [point["model"] for point in reversed(points)],
        "one": before["model"],
        "other": later["model"],
        "rows": [_row(measure, before, later) for measure in _measures()],
    }


def _measures() -> Sequence[tuple[str, Callable[[Point], float | None], Any, Any]]:
    """Return each measure: its title, how it is read, how it and how a change is written."""
    percent, points = number_format.percent, number_format.points
    count = number_format.count
    return [
        (_("labels"), lambda point: point["labels"], count, None),
        (_("accuracy"), lambda point: point["value"], percent, points),
        (_("macro F1"), lambda point: (point["f1"] or {}).get("value"), percent, points),
        (_("audit items"), lambda point: point["n"], count, None),
        (_("hours"), _hours, number_format.decimal, None),
    ]


def _hours(point: Point) -> float | None:
    return point["spent"]["seconds"] / 3600 if point["spent"] else None


def _row(measure: Any, before: Point, later: Point) -> dict[str, Any]:
    title, read, write, write_change = measure
    old, new = read(before), read(later)
    shown = {
        "title": title,
        "one": "–" if old is None else write(old),
        "other": "–" if new is None else write(new),
        "trend": None,
        "change": "",
    }
    if old is None or new is None:
        return shown
    if write_change is not None:
        words = _("%(n)s points") % {"n": write_change(new - old)}
        return {**shown, "trend": Trend.of(round(new - old, 3), words)}
    change = write(abs(new - old))
    return {**shown, "change": f"{'+' if new >= old else '−'}{change}"}
