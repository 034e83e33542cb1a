"""Learning curve charts: accuracy, macro F1 and cost by number of labels."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from annotator.flow.evaluation import label_savings
from annotator.models import Project
from annotator.projectsettings.currency import CURRENCY
from annotator.views import number_format
from annotator.views.charts.base import (
    DASHBOARD_AND_WEEK,
    Chart,
    Colours,
    Column,
    Row,
    Rows,
    Section,
)
from annotator.views.charts.data import ChartData
from annotator.views.charts.legend import Legend, ruled, target_line
from annotator.views.charts.render import SHARE, Spec, labels_axis

LABELS = Column("labels", gettext_lazy("labels"), number_format.count)
LOW = Column("low", pgettext_lazy("end of an interval", "from"), number_format.percent)
HIGH = Column("high", pgettext_lazy("end of an interval", "to"), number_format.percent)
AUDITS = Column("n", gettext_lazy("audit items"), number_format.count)
FIRST_POINT = gettext_lazy(
    "Available after the first accuracy estimate, once a few audit items are labelled."
)


# Accuracy ----------------------------------------------------------------------------------------


def curve_rows(facts: ChartData) -> Rows:
    """Return the measured points of the learning curve."""
    fields = ("labels", "value", "low", "high", "n")
    return [{field: point[field] for field in fields} for point in facts.curve]


def curve_spec(facts: ChartData, rows: Rows, colours: Colours) -> Spec:
    """Return accuracy by labels with its interval, the random baseline, target and budget."""
    project = facts.project
    shown = Legend({_("accuracy"): colours["accent"], _("random sampling"): colours["ink"]})
    layers = banded(colours["accent"], shown(_("accuracy")))
    layers += _baseline(facts, colours, shown(_("random sampling")))
    if project.target_accuracy:
        layers += target_line(colours, project.target_accuracy)
    if project.budget:
        words = _("budget %(n)s") % {"n": number_format.count(project.budget)}
        layers += ruled(colours, words, x={"datum": project.budget})
    return {
        "description": _("Accuracy by number of labels, with 95 percent interval"),
        "data": {"values": rows},
        "layer": layers,
    }


def _baseline(facts: ChartData, colours: Colours, named: Spec) -> list[Spec]:
    """Return the random baseline: measured as points, extrapolated beyond."""
    random = label_savings.baseline(facts.reports.get("worth", {})) or {}
    fitted, measured = (
        [{**each, "told": _random_words(each)} for each in random.get(name, [])]
        for name in ("curve", "measured")
    )
    x, quiet = labels_axis(), colours["ink"]
    return (
        [
            {
                "data": {"values": fitted},
                "mark": {"type": "area", "color": quiet, "opacity": 0.12},
                "encoding": {"x": x, "y": {"field": "low", **SHARE}, "y2": {"field": "high"}},
            },
            {
                "data": {"values": fitted},
                "mark": {"type": "line", "color": quiet, "strokeDash": [6, 4], "strokeWidth": 1.5},
                "encoding": {"x": x, "y": {"field": "value", **SHARE}, "color": named},
            },
            {
                "data": {"values": measured},
                "mark": {"type": "point", "color": quiet, "size": 28, "strokeWidth": 1.5},
                "encoding": {"x": x, "y": {"field": "value", **SHARE}},
            },
        ]
        if fitted
        else []
    )


def _random_words(each: Row) -> str:
    words = _("random sampling: %(value)s at %(labels)s labels")
    shown = {"value": number_format.percent(each["value"])}
    return words % {**shown, "labels": number_format.count(round(each["labels"]))}


def banded(colour: str, named: Spec) -> list[Spec]:
    """Return a line through `value` with its interval as a band; `named` puts it in the legend."""
    x = labels_axis()
    line = {
        "type": "line",
        "color": colour,
        "strokeWidth": 2,
        "point": {"color": colour, "size": 28, "filled": True},
    }
    return [
        {
            "mark": {"type": "area", "color": colour, "opacity": 0.18},
            "encoding": {"x": x, "y": {"field": "low", **SHARE}, "y2": {"field": "high"}},
        },
        {"mark": line, "encoding": {"x": x, "y": {"field": "value", **SHARE}, "color": named}},
    ]


def from_to(rows: Rows) -> str:
    """Return the first and last values of a curve in one sentence."""
    first, last = rows[0], rows[-1]
    if first is last:
        return _("%(value)s at %(labels)s labels.") % {
            "value": number_format.percent(last["value"]),
            "labels": number_format.count(last["labels"]),
        }
    return _("From %(first)s at %(from)s labels to %(last)s at %(to)s labels.") % {
        "first": number_format.percent(first["value"]),
        "from": number_format.count(first["labels"]),
        "last": number_format.percent(last["value"]),
        "to": number_format.count(last["labels"]),
    }


# Macro F1 ----------------------------------------------------------------------------------------


def f1_rows(facts: ChartData) -> Rows:
    """Return macro F1 at each measured point, where its interval is known."""
    return [
        {
            "labels": point["labels"],
            **{name: point["f1"][name] for name in ("value", "low", "high", "n")},
        }
        for point in facts.curve
        if point["f1"]
    ]


def f1_spec(facts: ChartData, rows: Rows, colours: Colours) -> Spec:
    """Return macro F1 by labels with its interval, and the target if it is one for F1."""
    project, shown = facts.project, Legend({_("macro F1"): colours["accent"]})
    layers = banded(colours["accent"], shown(_("macro F1")))
    if project.target_metric == project.Metric.MACRO_F1 and project.target_value:
        layers += target_line(colours, project.target_value)
    return {
        "description": _("Macro F1 by number of labels, with 95 percent interval"),
        "data": {"values": rows},
        "layer": layers,
    }


# Cost --------------------------------------------------------------------------------------------


def cost_rows(facts: ChartData) -> Rows:
    """Return the cost at each measured point, and per percentage point since the previous one.

    In money with an hourly rate, always in hours. The cost per point is None if accuracy rose by no
    more than noise.
    """
    rate = facts.project.hourly_rate
    rows: Rows = []
    for point in facts.curve:
        spent = point["spent"]
        if not spent:
            continue
        hours = spent["seconds"] / 3600
        rows.append(
            {
                "labels": point["labels"],
                "answers": spent["answers"],
                "hours": round(hours, 3),
                "cost": None if rate is None else round(float(rate) * hours, 2),
                "currency": "" if rate is None else CURRENCY.value(facts.project),
                "value": point["value"],
            }
        )
    for place, row in enumerate(rows):
        row |= _since(row, rows[place - 1] if place else None)
    return rows


def _since(row: Row, before: Row | None) -> Row:
    """Return the cost per label and per percentage point since the previous measurement."""
    unit = "hours" if row["cost"] is None else "cost"
    spent = row[unit] - (before[unit] if before else 0)
    labels = row["answers"] - (before["answers"] if before else 0)
    points = 100 * (row["value"] - before["value"]) if before else 0
    return {
        "per_label": round(spent / labels, 4) if labels > 0 else None,
        "per_point": round(spent / points, 3) if points > 0 else None,
    }


def cost_spec(facts: ChartData, rows: Rows, colours: Colours) -> Spec:
    """Return accuracy by money, or by hours without a rate."""
    is_money = facts.project.hourly_rate is not None
    x = {
        "field": "cost" if is_money else "hours",
        "type": "quantitative",
        "title": _cost_title(facts.project) if is_money else _("hours of labelling"),
        "axis": {"grid": False, "tickCount": 6},
    }
    line = {
        "type": "line",
        "color": colours["accent"],
        "strokeWidth": 2,
        "point": {"color": colours["accent"], "size": 28, "filled": True},
    }
    return {
        "description": _("Accuracy by cost"),
        "data": {"values": rows},
        "mark": line,
        "encoding": {"x": x, "y": {"field": "value", **SHARE}},
    }


def _cost_title(project: Project) -> str:
    currency = CURRENCY.value(project)
    return _("cost (%(currency)s)") % {"currency": currency} if currency else _("cost")


def cost_words(rows: Rows) -> str:
    """Return the cost so far in one sentence."""
    last = rows[-1]
    if last["cost"] is None:
        return _("Accuracy %(value)s after %(hours)s hours.") % {
            "hours": number_format.decimal(last["hours"]),
            "value": number_format.percent(last["value"]),
        }
    return _("Accuracy %(value)s at a cost of %(cost)s.") % {
        "cost": number_format.money(last["cost"], last["currency"]),
        "value": number_format.percent(last["value"]),
    }


CURVE = Chart(
    name="curve",
    title=gettext_lazy("Learning curve"),
    about=gettext_lazy(
        "Accuracy on audit items, each predicted by a model that was not trained on it. Band: "
        "95 percent interval. Dashed: estimate for random sampling."
    ),
    empty=FIRST_POINT,
    columns=(
        LABELS,
        Column("value", pgettext_lazy("share of right answers", "accuracy"), number_format.percent),
        LOW,
        HIGH,
        AUDITS,
    ),
    rows=curve_rows,
    spec=curve_spec,
    words=from_to,
    on=DASHBOARD_AND_WEEK,
    section=Section.FIRST,
)

F1 = Chart(
    name="f1",
    title=gettext_lazy("Macro F1"),
    about=gettext_lazy(
        "The mean F1 of all labels; rare and common labels count alike. Band: 95 percent interval."
    ),
    empty=FIRST_POINT,
    columns=(
        LABELS,
        Column("value", gettext_lazy("macro F1"), number_format.percent),
        LOW,
        HIGH,
        AUDITS,
    ),
    rows=f1_rows,
    spec=f1_spec,
    words=from_to,
)

COST = Chart(
    name="cost",
    title=gettext_lazy("Cost"),
    about=gettext_lazy(
        "Accuracy by annotation time, in money if an hourly rate is set. Costs per label and "
        "per percentage point are relative to the previous row."
    ),
    empty=FIRST_POINT,
    columns=(
        LABELS,
        Column("hours", gettext_lazy("hours"), number_format.decimal),
        Column("cost", gettext_lazy("cost"), number_format.money, "currency"),
        Column("value", pgettext_lazy("share of right answers", "accuracy"), number_format.percent),
        Column("per_label", gettext_lazy("per label"), number_format.small_price, "currency"),
        Column(
            "per_point",
            gettext_lazy("per percentage point"),
            number_format.small_price,
            "currency",
        ),
    ),
    rows=cost_rows,
    spec=cost_spec,
    words=cost_words,
    on=DASHBOARD_AND_WEEK,
    section=Section.COST,
)
