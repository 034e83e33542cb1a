"""Chart of a delivery: the expected error of the labels that the model would give."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from annotator.i18n import numbers
from annotator.views.charts import render

Point = dict[str, float]


def spec(points: Sequence[Point], max_error: float, theme: str) -> render.Spec:
    """Return the error by share of the items, its interval, and the promise as a line."""
    colours = render.THEMES[theme]
    x = {
        "field": "share",
        "type": "quantitative",
        "title": _("share of the items that the model labels"),
        # In a narrow chart, six labels touch where a space stands before the percent sign.
        "axis": {"format": "%", "grid": False, "values": [0, 0.25, 0.5, 0.75, 1]},
        "scale": {"domain": [0, 1]},
    }
    top = _top(points, max_error)
    y = {**render.SHARE, "scale": {"domain": [0, top], "clamp": True}}
    return {
        "description": _("Expected share of wrong labels by share of the items"),
        "data": {"values": list(points)},
        "layer": [
            {
                "mark": {"type": "area", "color": colours["accent"], "opacity": 0.18},
                "encoding": {"x": x, "y": {"field": "low", **y}, "y2": {"field": "high"}},
            },
            {
                "mark": {"type": "line", "color": colours["accent"], "strokeWidth": 2},
                "encoding": {"x": x, "y": {"field": "error", **y}},
            },
            *_promise(max_error, colours),
        ],
    }


def _top(points: Sequence[Point], max_error: float) -> float:
    """Return the end of the axis: beyond it, nothing would be promised."""
    return min(1.0, max(1.3 * max(point["error"] for point in points), 1.5 * max_error))


def _promise(max_error: float, colours: Any) -> list[render.Spec]:
    words = _("at most %(share)s wrong") % {
        "share": numbers.with_percent_sign(numbers.number(max_error))
    }
    return [
        {
            "data": {"values": [{}]},
            "mark": {"type": "rule", "color": colours["ink"], "strokeDash": [4, 4]},
            "encoding": {"y": {"datum": max_error}},
        },
        {
            "data": {"values": [{}]},
            "mark": {
                "type": "text",
                # Where few items are labelled, the curve is below the line.
                "align": "left",
                "baseline": "bottom",
                "dx": 4,
                "dy": -2,
                "color": colours["ink"],
                "font": render.FONT,
                "fontSize": 12,
                "text": words,
            },
            "encoding": {"x": {"datum": 0}, "y": {"datum": max_error}},
        },
    ]
