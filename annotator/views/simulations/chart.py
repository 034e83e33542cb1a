"""Simulation chart: accuracy of each strategy by number of labels."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from annotator.views.charts import render
from annotator.views.simulations import span_text, text

BASELINE = "baseline"
DASHES = [[1, 0], [8, 3], [2, 3]]
# The reference curves are grey and dashed.
RANDOM_DASHES = [[6, 4], [12, 4], [8, 2, 2, 2]]
BASELINE_DASHES = [2, 3]
METRICS = ("accuracy", "macro_f1", "rare_found", "f1")


def metric_of(summary: Mapping[str, Any]) -> str:
    """Return what the curves of a simulation are of."""
    return "f1" if span_text.is_of_spans(summary) else "accuracy"


def file_svg(summary: Mapping[str, Any]) -> str:
    """Return the chart as a file, with a background that keeps it readable anywhere."""
    spec = curves_spec(summary, metric_of(summary), "light", {})
    titled = {**spec, "title": _caption(summary), "background": "#ffffff"}
    return render.drawn_as(titled, "light", "tall")


def _caption(summary: Mapping[str, Any]) -> render.Spec:
    """Return one line per strategy as the title of a standalone chart."""
    return {
        "text": (span_text if span_text.is_of_spans(summary) else text).captions(summary, {}),
        "anchor": "start",
        "font": render.FONT,
        "fontSize": 12,
        "fontWeight": "normal",
        "color": render.THEMES["light"]["ink"],
    }


def curves_spec(
    summary: Mapping[str, Any], metric: str, theme: str, titles: Mapping[str, str]
) -> render.Spec:
    """Return one line with its 95 % band per strategy and for the baseline.

    `titles` are the strategies' titles; an unknown name stays as it is.
    """
    of_spans = span_text.is_of_spans(summary)
    names = [*summary["strategies"], *([] if of_spans else [BASELINE])]
    known = {**titles, BASELINE: _("TF-IDF, random labels")}
    shown = [text.title_of(name, known) for name in names]
    ends = dict(zip(names, shown, strict=True))
    colours, dashes = _looks(names, theme)
    axis = render.labels_axis()
    about = _("Accuracy of each strategy by number of labels")
    if of_spans:
        axis, about = {**axis, "title": _("texts")}, _("F1 of each strategy by number of texts")
    return {
        "description": about,
        "data": {"values": _points(summary, metric, ends)},
        "encoding": {"x": axis, "color": _scale(shown, colours, _legend(theme))},
        "layer": [
            {
                "mark": {"type": "area", "opacity": 0.13},
                "transform": [{"filter": "isValid(datum.low)"}],
                "encoding": {"y": {"field": "low", **render.SHARE}, "y2": {"field": "high"}},
            },
            {
                "mark": {"type": "line", "strokeWidth": 2},
                "encoding": {
                    "y": {"field": "mean", **render.SHARE},
                    "strokeDash": _scale(shown, dashes, _legend(theme)),
                },
            },
        ],
    }


def _points(
    summary: Mapping[str, Any], metric: str, titles: Mapping[str, str]
) -> list[dict[str, Any]]:
    curves = {**summary["strategies"], BASELINE: summary.get("baseline")}
    return [
        {"name": titles[name], "labels": labels, "mean": mean, "low": low, "high": high}
        for name, curve in curves.items()
        if curve
        for labels, mean, low, high in zip(
            curve["labels"], *(curve[metric][end] for end in ("mean", "low", "high")), strict=True
        )
        if mean is not None
    ]


def _looks(names: list[str], theme: str) -> tuple[list[str], list[list[int]]]:
    """Return colour and dashes of each line."""
    palette, quiet = render.PALETTES[theme], render.THEMES[theme]["ink"]
    randoms = [name for name in names if text.is_random(name)]
    loud = [name for name in names if name not in {*randoms, BASELINE}]
    colours, dashes = [], []
    for name in names:
        if name in loud:
            place = loud.index(name)
            colours.append(palette[place % len(palette)])
            dashes.append(DASHES[place // len(palette) % len(DASHES)])
            continue
        colours.append(quiet)
        if name == BASELINE:
            dashes.append(BASELINE_DASHES)
        else:
            dashes.append(RANDOM_DASHES[randoms.index(name) % len(RANDOM_DASHES)])
    return colours, dashes


def _scale(names: list[str], values: list[Any], legend: dict[str, Any]) -> dict[str, Any]:
    scale = {"domain": names, "range": values}
    return {"field": "name", "type": "nominal", "scale": scale, "legend": legend}


def _legend(theme: str) -> dict[str, Any]:
    return {
        "title": None,
        "orient": "bottom",
        "columns": 2,
        "labelFont": render.FONT,
        "labelFontSize": 12,
        "labelColor": render.THEMES[theme]["ink"],
        "labelLimit": 220,
        "symbolType": "stroke",
        # Otherwise it would be as faint as the bands.
        "symbolOpacity": 1,
        "symbolSize": 400,
    }
