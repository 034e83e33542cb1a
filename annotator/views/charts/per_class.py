"""Per-class charts: precision, recall and class balance."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

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
from annotator.views.charts.learning_curve import FIRST_POINT, HIGH, LOW
from annotator.views.charts.render import PALETTES, SHARE, Spec, labels_axis

# The last one is of spans, which have no other.
MEASURES = ("precision", "recall", "f1")
LINES_SHOWN = 6
BARS_SHOWN = 25

LABEL = Column("label", gettext_lazy("label"))


# Precision and recall per label -------------------------------------------------------------------


def class_rows(facts: ChartData) -> Rows:
    """Return precision and recall of each label with their intervals, by the newest model."""
    return [
        {
            "label": facts.label_name(found["label"]),
            "measure": measure,
            "measure_words": _measure_words(measure),
            **{name: found[measure][name] for name in ("value", "low", "high", "n")},
        }
        for found in facts.classes
        for measure in MEASURES
        if found.get(measure)
    ]


def class_spec(facts: ChartData, rows: Rows, colours: Colours) -> Spec:
    """Return a dot with its interval for precision and recall of each label."""
    shown = list(dict.fromkeys(row["label"] for row in rows))[:BARS_SHOWN]
    palette = PALETTES[theme_of(colours)]
    there = [name for name in MEASURES if any(row["measure"] == name for row in rows)]
    y = {
        "field": "label",
        "type": "nominal",
        "title": None,
        "sort": shown,
        "axis": {"labelLimit": 120, "grid": True},
    }
    color = {
        "field": "measure_words",
        "type": "nominal",
        "scale": {"domain": [_measure_words(m) for m in there], "range": palette[: len(there)]},
    }
    x = {**SHARE, "axis": {"format": "%", "tickCount": 5, "grid": False}}
    return {
        "description": _("How good the model is per label, with 95 percent intervals"),
        "data": {"values": [row for row in rows if row["label"] in shown]},
        "encoding": {
            "y": y,
            "yOffset": {"field": "measure_words", "type": "nominal"},
            "color": color,
        },
        "layer": [
            {
                "mark": {"type": "rule", "strokeWidth": 2},
                "encoding": {"x": {"field": "low", **x}, "x2": {"field": "high"}},
            },
            {
                "mark": {"type": "point", "filled": True, "size": 45, "opacity": 1},
                "encoding": {"x": {"field": "value", **x}},
            },
        ],
        "height": max(220, 30 * len(shown) + 60),
    }


def class_words(rows: Rows) -> str:
    """Name the label with the lowest recall in one sentence."""
    of_spans = [row for row in rows if row["measure"] == "f1"]
    if of_spans:
        worst = min(of_spans, key=lambda row: row["value"])
        return _("Lowest F1: %(label)s, %(value)s on %(n)s audit items.") % {
            "label": worst["label"],
            "value": number_format.percent(worst["value"]),
            "n": number_format.count(worst["n"]),
        }
    found = [row for row in rows if row["measure"] == "recall"]
    if not found:
        return _("No audit item has a label yet.")
    worst = min(found, key=lambda row: row["value"])
    return _("Lowest recall: %(label)s, %(value)s of %(n)s audit items.") % {
        "label": worst["label"],
        "value": number_format.percent(worst["value"]),
        "n": number_format.count(worst["n"]),
    }


def class_curve_rows(facts: ChartData) -> Rows:
    """Return recall and precision of each label at each measured point."""
    return [
        {
            "labels": point["labels"],
            "label": facts.label_name(found["label"]),
            **{
                f"{measure}{end}": (found[measure] or {}).get(name)
                for measure in MEASURES
                for end, name in (("", "value"), ("_low", "low"), ("_high", "high"), ("_n", "n"))
            },
        }
        for point in facts.class_curves
        for found in point["classes"]
    ]


def class_curve_spec(facts: ChartData, rows: Rows, colours: Colours) -> Spec:
    """Return recall by labels, one line for each of the labels most frequent in audits."""
    last = rows[-1]["labels"] if rows else 0
    newest = [row for row in rows if row["labels"] == last and row["recall_n"]]
    common = sorted(newest, key=lambda row: -row["recall_n"])[:LINES_SHOWN]
    shown = [row["label"] for row in common]
    palette = PALETTES[theme_of(colours)]
    color = {
        "field": "label",
        "type": "nominal",
        "scale": {"domain": shown, "range": palette[: len(shown)]},
    }
    x, there = labels_axis(), [row for row in rows if row["label"] in shown]
    return {
        "description": _("Recall of the most common labels by number of labels"),
        "data": {"values": [row for row in there if row["recall"] is not None]},
        "encoding": {"x": x, "color": color},
        "layer": [
            {
                "mark": {"type": "area", "opacity": 0.1},
                "encoding": {"y": {"field": "recall_low", **SHARE}, "y2": {"field": "recall_high"}},
            },
            {
                "mark": {"type": "line", "strokeWidth": 2, "point": {"size": 20, "filled": True}},
                "encoding": {"y": {"field": "recall", **SHARE}},
            },
        ],
    }


def class_curve_words(rows: Rows) -> str:
    """Describe the chart in one sentence."""
    names = {row["label"] for row in rows}
    return _("Recall of %(n)s labels at %(points)s measurements.") % {
        "n": number_format.count(len(names)),
        "points": number_format.count(len({row["labels"] for row in rows})),
    }


def _measure_words(measure: str) -> str:
    return {"precision": _("precision"), "recall": _("recall"), "f1": _("F1")}[measure]


# Balance -----------------------------------------------------------------------------------------


def balance_rows(facts: ChartData) -> Rows:
    """Return the share of each label among annotations and predictions."""
    found = facts.balance
    labelled = sum(each["labelled"] for each in found) or 1
    predicted = sum(each["predicted"] for each in found) or 1
    return [
        {
            "label": facts.label_name(each["label"]),
            "labelled": each["labelled"],
            "predicted": each["predicted"],
            "labelled_share": each["labelled"] / labelled,
            "predicted_share": each["predicted"] / predicted,
        }
        for each in found
    ]


def balance_spec(facts: ChartData, rows: Rows, colours: Colours) -> Spec:
    """Return two bars per label: its share of the predictions and of the labels."""
    shown, kinds = rows[:BARS_SHOWN], [_("predicted for the pool"), _("labelled")]
    names = [row["label"] for row in shown]
    bars = [
        {
            "label": row["label"],
            "kind": kind,
            "share": row[field],
            "told": f"{row['label']}; {kind}: {number_format.percent(row[field])}",
        }
        for row in shown
        for kind, field in zip(kinds, ("predicted_share", "labelled_share"), strict=True)
    ]
    y = {"field": "label", "type": "nominal", "title": None, "sort": names}
    return {
        "description": _("Share of each label in annotations and predictions"),
        "data": {"values": bars},
        "mark": {"type": "bar"},
        "encoding": {
            "y": {**y, "axis": {"labelLimit": 120}},
            "yOffset": {"field": "kind", "type": "nominal", "sort": kinds},
            "x": {
                "field": "share",
                "type": "quantitative",
                "title": None,
                "axis": {"format": "%", "tickCount": 5},
            },
            "color": {
                "field": "kind",
                "type": "nominal",
                "scale": {"domain": kinds, "range": [colours["quiet"], colours["accent"]]},
            },
        },
        "height": max(220, 30 * len(shown) + 60),
    }


def balance_words(rows: Rows) -> str:
    """Name the label whose shares differ most in one sentence."""
    most = max(rows, key=lambda row: abs(row["labelled_share"] - row["predicted_share"]))
    return _(
        "Largest difference: %(label)s, %(labelled)s of the labels, %(predicted)s of the "
        "predictions."
    ) % {
        "label": most["label"],
        "labelled": number_format.percent(most["labelled_share"]),
        "predicted": number_format.percent(most["predicted_share"]),
    }


CLASSES = Chart(
    name="classes",
    title=gettext_lazy("Precision and recall per label"),
    about=gettext_lazy(
        "Precision: share of predictions of a label that are correct. Recall: share of a "
        "label's items that the model finds. Newest model on audit items, with 95 percent "
        "intervals."
    ),
    empty=FIRST_POINT,
    columns=(
        LABEL,
        Column("measure_words", gettext_lazy("measure")),
        Column("value", gettext_lazy("value"), number_format.percent),
        LOW,
        HIGH,
        Column("n", gettext_lazy("audit items"), number_format.count),
    ),
    rows=class_rows,
    spec=class_spec,
    words=class_words,
    newest_first=False,
    on=DASHBOARD_AND_WEEK,
    section=Section.FIRST,
    leads_to=("label_set", gettext_lazy("Edit labels")),
)

CLASS_CURVES = Chart(
    name="class_curves",
    title=gettext_lazy("Recall per label over time"),
    about=gettext_lazy(
        "Recall of the labels most common in the audit sample, with 95 percent intervals. The "
        "CSV file has all labels and their precision."
    ),
    empty=FIRST_POINT,
    columns=(
        Column("labels", gettext_lazy("labels"), number_format.count),
        LABEL,
        Column("recall", gettext_lazy("recall"), number_format.percent),
        Column("recall_n", gettext_lazy("audit items"), number_format.count),
        Column("precision", gettext_lazy("precision"), number_format.percent),
        Column("precision_n", gettext_lazy("predicted"), number_format.count),
    ),
    rows=class_curve_rows,
    spec=class_curve_spec,
    words=class_curve_words,
)

BALANCE = Chart(
    name="balance",
    title=gettext_lazy("Class balance"),
    about=gettext_lazy(
        "Share of each label among the annotations and among the newest model's predictions "
        "for the pool. They can differ, as strategies select rare labels more often."
    ),
    empty=gettext_lazy("Available after the first round that scored the pool."),
    columns=(
        LABEL,
        Column("labelled", gettext_lazy("labelled"), number_format.count),
        Column("labelled_share", gettext_lazy("share"), number_format.percent),
        Column("predicted", gettext_lazy("predicted"), number_format.count),
        Column("predicted_share", gettext_lazy("share"), number_format.percent),
    ),
    rows=balance_rows,
    spec=balance_spec,
    words=balance_words,
    newest_first=False,
    on=DASHBOARD_AND_WEEK,
    section=Section.FIRST,
)
