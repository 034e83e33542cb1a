"""Charts as SVG files of their own, drawn on the server: light or dark, wide or narrow."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.core.cache import cache
from django.http import Http404, HttpResponse
from django.utils.formats import get_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from annotator.flow import monitor
from annotator.models import Project, Role
from annotator.views import words
from annotator.views.access import Request, open_project, signed_in

HEADERS = {
    "Cache-Control": "private, max-age=86400",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "X-Content-Type-Options": "nosniff",
}
Spec = dict[str, Any]
# The stylesheet's colours again, as a picture cannot see the page's custom properties.
THEMES = {
    "light": {"ink": "#6b6558", "grid": "#e7e2d6", "accent": "#8a5606", "quiet": "#c9c1ae"},
    "dark": {"ink": "#a9a293", "grid": "#35322b", "accent": "#e5ac50", "quiet": "#5b564a"},
}
SIZES = {"wide": (540, 220), "narrow": (300, 200), "tall": (720, 380), "phone": (320, 360)}
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif"


@require_safe
@signed_in
def chart(request: Request, project_id: int, name: str) -> HttpResponse:
    """Return a chart of the project; `theme` and `size` choose among its drawings."""
    access = open_project(request, project_id, Role.LEAD)
    if name not in CHARTS:
        raise Http404
    theme, size = look(request, "wide")
    return as_picture(CHARTS[name](access.project, THEMES[theme]), theme, size)


def look(request: Request, size: str) -> tuple[str, str]:
    """Return the theme and the size that were asked for."""
    theme, size = request.GET.get("theme", "light"), request.GET.get("size", size)
    if theme not in THEMES or size not in SIZES:
        raise Http404
    return theme, size


def as_picture(spec: Spec, theme: str, size: str) -> HttpResponse:
    """Return the chart as an answer."""
    drawn = drawn_as(spec, theme, size)
    return HttpResponse(drawn, content_type="image/svg+xml", headers=HEADERS)


def drawn_as(spec: Spec, theme: str, size: str) -> str:
    """Return the chart as SVG."""
    spec = _dressed(spec, theme, size)
    numbers = _numbers()
    described = json.dumps([spec, numbers], sort_keys=True)
    key = hashlib.blake2b(described.encode(), digest_size=16).hexdigest()
    kept: str | None = cache.get(f"chart:{key}")
    if kept is None:
        kept = _draw(spec, numbers)
        cache.set(f"chart:{key}", kept, timeout=86_400)
    return kept


def _numbers() -> dict[str, Any]:
    """Return how numbers are written on axes: as in the sentences beside them."""
    return {
        "decimal": get_format("DECIMAL_SEPARATOR"),
        "thousands": words.NARROW,
        "grouping": [3],
        "currency": ["", ""],
        "percent": f"{words.NARROW}%",
    }


def _draw(spec: Spec, numbers: dict[str, Any]) -> str:
    # Loaded at need: the drawing engine takes 60 MB, and most requests draw nothing.
    import vl_convert

    return vl_convert.vegalite_to_svg(spec, vl_version="5.20", format_locale=numbers)


def _dressed(spec: Spec, theme: str, size: str) -> Spec:
    """Return the chart with the size, the type and the colours that all charts share."""
    colours, (width, height) = THEMES[theme], SIZES[size]
    axis = {
        "labelColor": colours["ink"],
        "titleColor": colours["ink"],
        "gridColor": colours["grid"],
        "domainColor": colours["quiet"],
        "tickColor": colours["quiet"],
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "labelFont": FONT,
        "titleFont": FONT,
    }
    shared = {
        "background": None,
        "width": width,
        "height": height,
        "autosize": {"type": "fit", "contains": "padding"},
        "config": {"axis": axis, "view": {"stroke": None}},
    }
    return {**shared, **spec}


def labels_axis() -> Spec:
    """Return the axis of labels spent, which all curves share."""
    return {
        "field": "labels",
        "type": "quantitative",
        "title": _("labels"),
        "axis": {"grid": False, "tickMinStep": 1, "tickCount": 6},
        "scale": {"nice": False},
    }


# The learning curve ------------------------------------------------------------------------------


def curve_spec(project: Project, colours: Mapping[str, str]) -> Spec:
    """Return accuracy against labels, with the interval as a band and the goal as a line."""
    x = labels_axis()
    band = {"type": "area", "color": colours["accent"], "opacity": 0.18}
    line = {
        "type": "line",
        "color": colours["accent"],
        "strokeWidth": 2,
        "point": {"color": colours["accent"], "size": 28, "filled": True},
    }
    goal = {"type": "rule", "color": colours["ink"], "strokeDash": [4, 4]}
    layers: list[Spec] = [
        {
            "mark": band,
            "encoding": {"x": x, "y": {"field": "low", **SHARE}, "y2": {"field": "high"}},
        },
        {"mark": line, "encoding": {"x": x, "y": {"field": "value", **SHARE}}},
    ]
    if project.target_accuracy:
        layers.append({"mark": goal, "encoding": {"y": {"datum": project.target_accuracy}}})
    return {
        "description": _("Accuracy against labels, with its interval"),
        "data": {"values": curve_points(project)},
        "layer": layers,
    }


def curve_points(project: Project) -> list[dict[str, Any]]:
    """Return the measured points of the learning curve."""
    fields = ("labels", "value", "low", "high", "n")
    return [
        {field: point[field] for field in fields}
        for point in monitor.curve(project)
        if point["n"] >= monitor.FIRST_ESTIMATE
    ]


SHARE: dict[str, Any] = {
    "type": "quantitative",
    "title": None,
    "axis": {"format": "%", "tickCount": 5},
    "scale": {"zero": False, "nice": True},
}


def curve_words(points: Sequence[Mapping[str, Any]]) -> str:
    """Return the curve in one sentence, for who does not see it."""
    if not points:
        return ""
    first, last = points[0], points[-1]
    if first is last:
        return _("One point: %(value)s at %(labels)s labels.") % {
            "value": words.percent(last["value"]),
            "labels": words.count(last["labels"]),
        }
    return _("From %(first)s at %(from)s labels to %(last)s at %(to)s labels.") % {
        "first": words.percent(first["value"]),
        "from": words.count(first["labels"]),
        "last": words.percent(last["value"]),
        "to": words.count(last["labels"]),
    }


# Uncertainty of the pool and of what was picked --------------------------------------------------


def uncertainty_spec(project: Project, colours: Mapping[str, str]) -> Spec:
    """Return two histograms over the same bins: the pool filled, the picks outlined."""
    x = {
        "field": "low",
        "bin": "binned",
        "type": "quantitative",
        "title": _("uncertainty (right: asked sooner)"),
        "axis": {"grid": False, "tickCount": 5},
    }
    y = {"type": "quantitative", "title": None, "axis": {"format": "%", "tickCount": 4}}
    pool = {"type": "bar", "color": colours["quiet"], "binSpacing": 1}
    picks = {
        "type": "bar",
        "color": colours["accent"],
        "fillOpacity": 0.25,
        "stroke": colours["accent"],
        "strokeWidth": 1.5,
        "binSpacing": 1,
    }
    return {
        "description": _("Uncertainty of the pool against that of the picks"),
        "data": {"values": uncertainty_rows(monitor.uncertainty(project))},
        "encoding": {"x": x, "x2": {"field": "high"}},
        "layer": [
            {"mark": pool, "encoding": {"y": {"field": "pool_share", **y}}},
            {
                "mark": picks,
                "transform": [{"filter": "datum.picks > 0"}],
                "encoding": {"y": {"field": "picks_share", **y}},
            },
        ],
    }


def uncertainty_rows(measured: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """Return one row for each bin, with counts and shares of the pool and of the picks."""
    if not measured:
        return []
    edges, pool, picks = measured["edges"], measured["pool"], measured["picks"]
    in_pool, picked = sum(pool) or 1, sum(picks) or 1
    return [
        {
            "low": round(low, 4),
            "high": round(high, 4),
            "pool": of_pool,
            "picks": of_picks,
            "pool_share": of_pool / in_pool,
            "picks_share": of_picks / picked,
        }
        for low, high, of_pool, of_picks in zip(edges[:-1], edges[1:], pool, picks, strict=True)
    ]


def uncertainty_words(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the two histograms in one sentence, for who does not see them."""
    upper = rows[len(rows) // 2 :]
    return _("In the uncertain half lie %(picks)s of the picks and %(pool)s of the pool.") % {
        "picks": words.percent(sum(row["picks_share"] for row in upper)),
        "pool": words.percent(sum(row["pool_share"] for row in upper)),
    }


CHARTS: dict[str, Callable[[Project, Mapping[str, str]], Spec]] = {
    "curve": curve_spec,
    "uncertainty": uncertainty_spec,
}
