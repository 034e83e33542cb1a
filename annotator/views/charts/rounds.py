"""Round charts: accuracy change, prediction churn, selected items and duration."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from annotator.models import Source
from annotator.views import number_format
from annotator.views.charts.base import DASHBOARD_AND_WEEK, Chart, Colours, Column, Rows, theme_of
from annotator.views.charts.data import ChartData
from annotator.views.charts.learning_curve import AUDITS, LABELS
from annotator.views.charts.render import PALETTES, Spec, labels_axis

NO_SCORED_ROUND = gettext_lazy("Available after the first round that scored the pool.")
SECOND_POINT = gettext_lazy("Available after the second measured model.")
STAGES = ("train", "score", "select", "refill", "evaluate")


# Accuracy change ----------------------------------------------------------------------------------


def change_rows(facts: ChartData) -> Rows:
    """Return each model's accuracy change, on the audits shared with the previous one."""
    return [
        {
            "labels": point["labels"],
            "model": point["model"],
            **{name: point["change"][name] for name in ("value", "low", "high", "n")},
        }
        for point in facts.curve
        if point["change"]
    ]


def change_spec(facts: ChartData, rows: Rows, colours: Colours) -> Spec:
    """Return a dot with its interval per model, around the zero line."""
    x = labels_axis()
    y = {
        "type": "quantitative",
        "title": None,
        "axis": {"format": "+.0%", "tickCount": 5},
    }
    return {
        "description": _("Accuracy change per round, with 95 percent interval"),
        "data": {"values": rows},
        "layer": [
            {
                "mark": {"type": "rule", "color": colours["ink"], "strokeDash": [4, 4]},
                "encoding": {"y": {"datum": 0}},
            },
            {
                "mark": {"type": "rule", "color": colours["quiet"], "strokeWidth": 3},
                "encoding": {"x": x, "y": {"field": "low", **y}, "y2": {"field": "high"}},
            },
            {
                "mark": {"type": "point", "filled": True, "size": 45, "color": colours["accent"]},
                "encoding": {"x": x, "y": {"field": "value", **y}},
            },
        ],
    }


def change_words(rows: Rows) -> str:
    """Describe the accuracy change of the newest round in one sentence."""
    last = rows[-1]
    return _(
        "Newest round: %(value)s percentage points (95%% CI %(low)s to %(high)s) on %(n)s audit "
        "items."
    ) % {
        "value": number_format.points(last["value"]),
        "low": number_format.points(last["low"]),
        "high": number_format.points(last["high"]),
        "n": number_format.count(last["n"]),
    }


# Prediction churn ---------------------------------------------------------------------------------


def moved_rows(facts: ChartData) -> Rows:
    """Return the prediction churn of each model on a fixed sample."""
    return [
        {
            "labels": point["labels"],
            "model": point["model"],
            "share": point["moved"]["share"],
            "kappa": round(point["moved"]["kappas"][-1], 4),
            "n": point["moved"]["n"],
        }
        for point in facts.curve
        if point["moved"]
    ]


def moved_spec(facts: ChartData, rows: Rows, colours: Colours) -> Spec:
    """Return the share of changed predictions by labels."""
    y = {
        "field": "share",
        "type": "quantitative",
        "title": None,
        "axis": {"format": "%", "tickCount": 5},
    }
    line = {
        "type": "line",
        "color": colours["accent"],
        "strokeWidth": 2,
        "point": {"color": colours["accent"], "size": 28, "filled": True},
    }
    return {
        "description": _("Share of predictions that changed, by number of labels"),
        "data": {"values": rows},
        "mark": line,
        "encoding": {"x": labels_axis(), "y": y},
    }


def moved_words(rows: Rows) -> str:
    """Describe the newest model's prediction churn in one sentence."""
    last = rows[-1]
    return _("The newest model changed %(share)s of %(n)s predictions.") % {
        "share": number_format.percent(last["share"]),
        "n": number_format.count(last["n"]),
    }


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
    return {
        "description": _("Annotations by source, by number of labels"),
        "data": {"values": rows},
        "mark": {"type": "area", "opacity": 0.75},
        "encoding": {
            "x": labels_axis(),
            "y": {
                "field": "n",
                "type": "quantitative",
                "stack": True,
                "title": None,
                "axis": {"tickCount": 5},
            },
            "color": {
                "field": "source",
                "type": "nominal",
                "scale": {"domain": names, "range": palette},
            },
        },
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


# Timings -----------------------------------------------------------------------------------------


def timing_rows(facts: ChartData) -> Rows:
    """Return the seconds of each stage of the latest rounds, oldest first."""
    return [
        {
            "round": round_["number"],
            "stage": _stage_words(stage),
            "seconds": round_["timings"][stage],
        }
        for round_ in reversed(facts.rounds)
        for stage in STAGES
        if stage in round_["timings"]
    ]


def timing_spec(facts: ChartData, rows: Rows, colours: Colours) -> Spec:
    """Return a bar per round, stacked by stage."""
    palette, names = PALETTES[theme_of(colours)], [_stage_words(stage) for stage in STAGES]
    return {
        "description": _("Seconds per stage of the latest rounds"),
        "data": {"values": rows},
        "mark": {"type": "bar"},
        "encoding": {
            "x": {
                "field": "round",
                "type": "ordinal",
                "title": _("round"),
                "axis": {"labelAngle": 0, "labelOverlap": True},
            },
            "y": {
                "field": "seconds",
                "type": "quantitative",
                "title": None,
                "axis": {"format": ".3~r", "tickCount": 5},
            },
            "color": {
                "field": "stage",
                "type": "nominal",
                "scale": {"domain": names, "range": palette},
            },
        },
    }


def timing_words(rows: Rows) -> str:
    """Describe the duration of the newest round in one sentence."""
    last = rows[-1]["round"]
    spent = sum(row["seconds"] for row in rows if row["round"] == last)
    return _("Round %(n)s took %(time)s.") % {"n": last, "time": number_format.duration(spent)}


def _stage_words(stage: str) -> str:
    return {
        "train": _("Train"),
        "score": _("Score"),
        "select": _("Select"),
        "refill": _("Refill"),
        "evaluate": _("Measure"),
    }[stage]


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
            {"mark": pool, "encoding": {"y": {"field": "pool_share", **y}}},
            {
                "mark": picks,
                "transform": [{"filter": "datum.picks > 0"}],
                "encoding": {"y": {"field": "picks_share", **y}},
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


CHANGE = Chart(
    name="change",
    title=gettext_lazy("Accuracy change per round"),
    about=gettext_lazy(
        "Accuracy change between consecutive models, on audit items that neither was trained "
        "on, with 95 percent interval. An interval that contains zero may be noise."
    ),
    empty=SECOND_POINT,
    columns=(
        LABELS,
        Column("model", gettext_lazy("model"), number_format.count),
        Column("value", pgettext_lazy("of accuracy", "change"), number_format.points),
        Column("low", pgettext_lazy("end of an interval", "from"), number_format.points),
        Column("high", pgettext_lazy("end of an interval", "to"), number_format.points),
        AUDITS,
    ),
    rows=change_rows,
    spec=change_spec,
    words=change_words,
    on=DASHBOARD_AND_WEEK,
)

MOVED = Chart(
    name="moved",
    title=gettext_lazy("Prediction churn"),
    about=gettext_lazy(
        "Share of a fixed random sample of the pool whose prediction differs from the "
        "previous model's. Low churn means a stable model, not necessarily an accurate one."
    ),
    empty=SECOND_POINT,
    columns=(
        LABELS,
        Column("share", gettext_lazy("changed"), number_format.percent),
        Column("kappa", gettext_lazy("kappa"), number_format.precise),
        Column("n", gettext_lazy("items"), number_format.count),
    ),
    rows=moved_rows,
    spec=moved_spec,
    words=moved_words,
)

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
)

TIMINGS = Chart(
    name="timings",
    title=gettext_lazy("Round duration"),
    about=gettext_lazy("Seconds per stage. Labelling never waits for a round."),
    empty=gettext_lazy("Available after the first round."),
    columns=(
        Column("round", gettext_lazy("Round"), number_format.count),
        Column("stage", gettext_lazy("stage")),
        Column("seconds", gettext_lazy("time"), number_format.duration),
    ),
    rows=timing_rows,
    spec=timing_spec,
    words=timing_words,
)
