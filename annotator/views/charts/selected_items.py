"""Charts of what was selected: annotations by source, and the uncertainty of selected items."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from annotator.models import Source
from annotator.views import number_format
from annotator.views.charts.base import (
    DASHBOARD_AND_WEEK,
    Chart,
    Colours,
    Column,
    Rows,
    Section,
    theme_of,
)
from annotator.views.charts.data import ChartData
from annotator.views.charts.learning_curve import LABELS
from annotator.views.charts.legend import Legend
from annotator.views.charts.render import PALETTES, Spec, labels_axis
from annotator.views.charts.rounds import NO_SCORED_ROUND

# Annotations by source ----------------------------------------------------------------------------


def source_rows(facts: ChartData) -> Rows:
    """Return the number of annotations by source at each measured point."""
    return [
        {
            "labels": point["labels"],
            "model": point["model"],
            "source": _source_words(source),
            "n": n,
        }
        for point in facts.curve
        for source, n in sorted((point["spent"] or {}).get("sources", {}).items())
    ]


def source_spec(facts: ChartData, rows: Rows, colours: Colours) -> Spec:
    """Return the annotations stacked by source, by labels."""
    palette, names = PALETTES[theme_of(colours)], sorted({row["source"] for row in rows})
    encoding = {
        "x": labels_axis(),
        "y": {
            "field": "n",
            "type": "quantitative",
            "stack": "zero",
            "title": None,
            "axis": {"tickCount": 5},
        },
        "color": {
            "field": "source",
            "type": "nominal",
            "scale": {"domain": names, "range": palette},
        },
    }
    about = _("Annotations by source, by number of labels")
    # Words of its own would part the area at each row.
    area = {**encoding, "description": {"value": about}}
    return {
        "description": about,
        "data": {"values": rows},
        "layer": [
            {"mark": {"type": "area", "opacity": 0.75}, "encoding": area},
            {"mark": {"type": "point", "filled": True, "size": 12}, "encoding": encoding},
        ],
    }


def source_words(rows: Rows) -> str:
    """Return the newest counts in one sentence."""
    # Two models may have learnt from as many labels.
    last = rows[-1]["model"]
    parts = [
        f"{row['source']} {number_format.count(row['n'])}" for row in rows if row["model"] == last
    ]
    return _("So far: %(parts)s.") % {"parts": ", ".join(parts)}


def _source_words(source: str) -> str:
    return str(Source(source).label) if source in Source.values else source


# Uncertainty of the pool and of the picks ---------------------------------------------------------


def uncertainty_rows(facts: ChartData) -> Rows:
    """Return one row per bin, with counts and shares of the pool and of the picks."""
    measured = facts.uncertainty
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


def uncertainty_spec(facts: ChartData, rows: Rows, colours: Colours) -> Spec:
    """Return two histograms over the same bins: the pool filled, the picks outlined."""
    x = {
        "field": "low",
        "bin": "binned",
        "type": "quantitative",
        "title": _("uncertainty (higher is selected sooner)"),
        "axis": {"grid": False, "tickCount": 5},
    }
    y = {"type": "quantitative", "title": None, "axis": {"format": "%", "tickCount": 4}}
    names = [_("pool"), _("selected items")]
    shown = Legend(dict(zip(names, (colours["quiet"], colours["accent"]), strict=True)))
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
        "description": _("Uncertainty of the pool and of the selected items"),
        "data": {"values": rows},
        "encoding": {"x": x, "x2": {"field": "high"}},
        "layer": [
            {
                "mark": pool,
                "encoding": {"y": {"field": "pool_share", **y}, "color": shown(names[0])},
            },
            {
                "mark": picks,
                "transform": [{"filter": "datum.picks > 0"}],
                "encoding": {"y": {"field": "picks_share", **y}, "color": shown(names[1])},
            },
        ],
    }


def uncertainty_words(rows: Rows) -> str:
    """Return the two histograms in one sentence, for users who cannot see them."""
    upper = rows[len(rows) // 2 :]
    return _(
        "%(picks)s of selected items have uncertainty above 0.5, and %(pool)s of the pool."
    ) % {
        "picks": number_format.percent(sum(row["picks_share"] for row in upper)),
        "pool": number_format.percent(sum(row["pool_share"] for row in upper)),
    }


UNCERTAINTY = Chart(
    name="uncertainty",
    title=gettext_lazy("Uncertainty of selected items"),
    about=gettext_lazy(
        "Share of the pool (grey) and of the newest selected items (outlined) by uncertainty."
    ),
    empty=NO_SCORED_ROUND,
    columns=(
        Column("low", pgettext_lazy("end of an interval", "from"), number_format.precise),
        Column("high", pgettext_lazy("end of an interval", "to"), number_format.precise),
        Column("pool", gettext_lazy("pool"), number_format.count),
        Column("picks", gettext_lazy("selected items"), number_format.count),
    ),
    rows=uncertainty_rows,
    spec=uncertainty_spec,
    words=uncertainty_words,
    newest_first=False,
    section=Section.SELECTION,
)

SOURCES = Chart(
    name="sources",
    title=gettext_lazy("How items were selected"),
    about=gettext_lazy(
        "Annotations by source: strategy, audit sample, gold items, seed labels, bulk pages."
    ),
    empty=gettext_lazy("Available after the first measured model."),
    columns=(
        LABELS,
        Column("source", gettext_lazy("source")),
        Column("n", gettext_lazy("answers"), number_format.count),
    ),
    rows=source_rows,
    spec=source_spec,
    words=source_words,
    on=DASHBOARD_AND_WEEK,
    section=Section.SELECTION,
)
