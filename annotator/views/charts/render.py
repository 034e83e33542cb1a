"""Chart rendering on the server: Vega-Lite to SVG and PNG, light or dark, wide or narrow."""

import base64
import hashlib
import json
from typing import Any

from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.formats import get_format
from django.utils.translation import gettext as _

from annotator.views import number_format

HEADERS = {
    "Cache-Control": "private, max-age=86400",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "X-Content-Type-Options": "nosniff",
}
Spec = dict[str, Any]
VERSION = "5.20"
# The stylesheet's colours, repeated because an image cannot read custom properties.
THEMES = {
    "light": {"ink": "#6b6558", "grid": "#e7e2d6", "accent": "#8a5606", "quiet": "#8b8473"},
    "dark": {"ink": "#a9a293", "grid": "#35322b", "accent": "#e5ac50", "quiet": "#827b6b"},
}
# A colour-blind-safe palette; from the seventh series on the dashes differ.
PALETTES = {
    "light": ["#8a5606", "#1f6aa5", "#4d7c0f", "#a2336b", "#0f766e", "#6d4bb0"],
    "dark": ["#e5ac50", "#6db3e8", "#a3cc5f", "#ea8bb8", "#5fc7bb", "#b9a3ec"],
}
# The background of an image opened outside a page.
GROUNDS = {"light": "#ffffff", "dark": "#1b1916"}
SIZES = {
    "wide": (540, 220),
    "third": (400, 230),
    "narrow": (300, 200),
    "tall": (720, 380),
    "phone": (320, 360),
}
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif"
PNG_SCALE = 2.0

SHARE: Spec = {
    "type": "quantitative",
    "title": None,
    "axis": {"format": "%", "tickCount": 5},
    "scale": {"zero": False, "nice": True},
}


def theme_and_size(request: HttpRequest, size: str) -> tuple[str, str]:
    """Return the requested theme and size."""
    theme, size = request.GET.get("theme", "light"), request.GET.get("size", size)
    if theme not in THEMES or size not in SIZES:
        raise Http404
    return theme, size


def as_picture(spec: Spec, theme: str, size: str) -> HttpResponse:
    """Return the chart as an HTTP response."""
    drawn = drawn_as(spec, theme, size)
    return HttpResponse(drawn, content_type="image/svg+xml", headers=HEADERS)


def drawn_as(spec: Spec, theme: str, size: str) -> str:
    """Return the chart as SVG."""
    return _kept("svg", with_theme(spec, theme, size), _svg)


def png_of(spec: Spec, theme: str, size: str) -> bytes:
    """Return the chart as PNG, at twice the page's resolution and with a background."""
    spec = {**with_theme(spec, theme, size), "background": GROUNDS[theme]}
    return base64.b64decode(_kept("png", spec, _png))


def with_theme(spec: Spec, theme: str, size: str) -> Spec:
    """Return the chart with the shared size, fonts and colours."""
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
    legend = {
        "title": None,
        "orient": "top",
        "labelColor": colours["ink"],
        "labelFont": FONT,
        "labelFontSize": 12,
        "labelLimit": 180,
        "columns": 3 if width > 400 else 1,
        "symbolStrokeWidth": 2,
        # The engine measures text with a narrower font than browsers use.
        "columnPadding": 36,
    }
    shared = {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "background": None,
        "width": width,
        "height": height,
        "autosize": {"type": "fit", "contains": "padding"},
        "padding": {"left": 14, "right": 12, "top": 5, "bottom": 5},
        "config": {"axis": axis, "legend": legend, "view": {"stroke": None}},
    }
    return {**shared, **spec}


def _kept(kind: str, spec: Spec, draw: Any) -> str:
    numbers = _numbers()
    described = json.dumps([kind, spec, numbers], sort_keys=True)
    key = f"chart:{hashlib.blake2b(described.encode(), digest_size=16).hexdigest()}"
    kept: str | None = cache.get(key)
    if kept is None:
        kept = draw(spec, numbers)
        cache.set(key, kept, timeout=86_400)
    return kept


def _svg(spec: Spec, numbers: dict[str, Any]) -> str:
    # Imported on demand: the drawing engine takes 60 MB, and most requests draw nothing.
    import vl_convert

    return str(vl_convert.vegalite_to_svg(spec, vl_version=VERSION, format_locale=numbers))


def _png(spec: Spec, numbers: dict[str, Any]) -> str:
    import vl_convert

    drawn = vl_convert.vegalite_to_png(
        spec, vl_version=VERSION, format_locale=numbers, scale=PNG_SCALE
    )
    return base64.b64encode(drawn).decode()


def _numbers() -> dict[str, Any]:
    """Return the number format of axes, the same as in sentences."""
    return {
        "decimal": get_format("DECIMAL_SEPARATOR"),
        "thousands": get_format("THOUSAND_SEPARATOR"),
        "grouping": [3],
        "currency": ["", ""],
        "percent": number_format.with_percent_sign(""),
    }


def labels_axis() -> Spec:
    """Return the axis of labels, shared by all curves."""
    return {
        "field": "labels",
        "type": "quantitative",
        "title": _("labels"),
        "axis": {"grid": False, "tickMinStep": 1, "tickCount": 6},
        "scale": {"nice": False, "zero": False},
    }
