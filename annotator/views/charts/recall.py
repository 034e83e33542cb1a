"""Recall chart: the number of random items to read, by the recall that they would prove."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from annotator.flow.progress import recall_standing
from annotator.models import Project
from annotator.views import number_format
from annotator.views.charts.base import Chart, Colours, Column, Rows, Section
from annotator.views.charts.data import ChartData
from annotator.views.charts.legend import ruled
from annotator.views.charts.render import Spec
from annotator.views.dashboard.recall import p_value


def frontier_rows(facts: ChartData) -> Rows:
    """Return for each recall the number of reads that would prove it."""
    found = recall_standing.standing(facts.project, facts.reports.get(recall_standing.KIND))
    steps: list[dict[str, Any]] = found["steps"] if found else []
    return [
        {
            "target": step["target"],
            "reads": step["reads_needed"],
            "p": step["p_value"],
            "proven": "yes" if step["proven"] else "no",
        }
        for step in steps
    ]


def frontier_spec(facts: ChartData, rows: Rows, colours: Colours) -> Spec:
    """Return reads by recall; what is proven lies on the axis, filled."""
    axis = {
        "format": "%",
        "grid": False,
        "values": list(recall_standing.TARGETS),
        "labelOverlap": True,
    }
    x = {
        "field": "target",
        "type": "quantitative",
        "title": _("recall"),
        "axis": axis,
        "scale": {"zero": False, "nice": False, "padding": 12},
    }
    y = {
        "field": "reads",
        "type": "quantitative",
        "title": _("random items read"),
        "axis": {"tickCount": 5, "tickMinStep": 1},
    }
    accent = colours["accent"]
    fill = {"condition": {"test": "datum.proven == 'yes'", "value": accent}, "value": "transparent"}
    points = {"type": "point", "size": 70, "color": accent, "strokeWidth": 2}
    layers: list[Spec] = [
        {"mark": {"type": "line", "color": accent, "strokeWidth": 2}, "encoding": {"x": x, "y": y}},
        {"mark": points, "encoding": {"x": x, "y": y, "fill": fill}},
    ]
    goal = facts.project.target_recall
    if goal:
        words = _("target %(share)s") % {"share": number_format.percent(goal)}
        layers += ruled(colours, words, x={"datum": goal})
    return {
        "description": _("Random items to read, by the recall they would prove"),
        "data": {"values": rows},
        "layer": layers,
    }


def frontier_words(rows: Rows) -> str:
    """Return the frontier in one sentence."""
    proven = [row["target"] for row in rows if row["proven"] == "yes"]
    left = [row for row in rows if row["proven"] == "no"]
    said = (
        _("Proven so far: at least %(share)s.") % {"share": number_format.percent(max(proven))}
        if proven
        else _("Nothing proven yet.")
    )
    if not left:
        return said
    more = _("%(reads)s random unread items, none of them relevant, would prove %(share)s.")
    first = {
        "reads": number_format.count(left[0]["reads"]),
        "share": number_format.percent(left[0]["target"]),
    }
    return f"{said} {more % first}"


def _yes_no(value: str) -> str:
    return _("yes") if value == "yes" else _("no")


def _has_rare_label(project: Project) -> bool:
    return project.rare_label_id is not None


FRONTIER = Chart(
    name="frontier",
    title=gettext_lazy("Proof of recall"),
    about=gettext_lazy(
        "The number of random unread items, none of them relevant, that proves each recall "
        "(confidence 95%). Filled points are proven."
    ),
    empty=gettext_lazy("Available once an item with the rare label is found."),
    columns=(
        Column("target", gettext_lazy("recall"), number_format.percent),
        Column("proven", gettext_lazy("proven"), _yes_no),
        Column("p", gettext_lazy("p-value"), p_value),
        Column("reads", gettext_lazy("random items read"), number_format.count),
    ),
    rows=frontier_rows,
    spec=frontier_spec,
    words=frontier_words,
    newest_first=False,
    is_for=_has_rare_label,
    section=Section.FIRST,
)
