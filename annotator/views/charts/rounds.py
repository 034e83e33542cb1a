"""Round charts: accuracy change, changed predictions and duration."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

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
    section=Section.COST,
)
