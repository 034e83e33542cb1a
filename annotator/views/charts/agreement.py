"""Agreement chart: Krippendorff's alpha per week, or the share of items on which all agree."""

from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from annotator.views import number_format
from annotator.views.charts.base import Chart, Colours, Column, Rows
from annotator.views.charts.data import ChartData
from annotator.views.charts.render import Spec


def agreement_rows(facts: ChartData) -> Rows:
    """Return the agreement of each week with its interval."""
    fields = ("week", "value", "low", "high", "n", "method")
    return [{name: week.get(name) for name in fields} for week in facts.quality.get("weeks", [])]


def _is_share(rows: Rows) -> bool:
    """Return whether these are shares: those have exact intervals, and alpha has none."""
    return bool(rows) and rows[-1].get("method") not in (None, "bootstrap")


def agreement_spec(facts: ChartData, rows: Rows, colours: Colours) -> Spec:
    """Return a dot with its interval for each week."""
    x = {
        "field": "week",
        "type": "ordinal",
        "title": None,
        "axis": {"labelAngle": 0, "labelOverlap": True, "grid": False},
    }
    y = {
        "type": "quantitative",
        "title": None,
        "axis": {"tickCount": 5},
        "scale": {"zero": False, "nice": True},
    }
    return {
        "description": _("Share of items with full agreement by week, with 95 percent interval")
        if _is_share(rows)
        else _("Krippendorff's alpha by week, with 95 percent interval"),
        "data": {"values": rows},
        "layer": [
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


def agreement_words(rows: Rows) -> str:
    """Return the newest week in one sentence."""
    last = rows[-1]
    if _is_share(rows):
        return _(
            "Week %(week)s: full agreement on %(value)s (%(low)s to %(high)s) of %(n)s items."
        ) % {
            "week": last["week"],
            "n": number_format.count(last["n"]),
            **{name: number_format.percent(last[name]) for name in ("value", "low", "high")},
        }
    return _("Week %(week)s: alpha %(value)s (%(low)s to %(high)s) from %(n)s items.") % {
        "week": last["week"],
        "n": number_format.count(last["n"]),
        **{name: number_format.hundredths(last[name]) for name in ("value", "low", "high")},
    }


AGREEMENT = Chart(
    name="agreement",
    title=gettext_lazy("Agreement over time"),
    about=format_lazy(
        "{} {}",
        gettext_lazy(
            "Krippendorff's alpha by the week (UTC) of an item's last annotation, with 95 percent "
            "interval: 1 is perfect agreement, 0 is chance."
        ),
        gettext_lazy(
            "For spans and several labels per item, it is the share of items on which all agree."
        ),
    ),
    empty=gettext_lazy("Available once two annotators have labelled the same item."),
    columns=(
        Column("week", gettext_lazy("week")),
        Column("value", gettext_lazy("agreement"), number_format.hundredths),
        Column("low", pgettext_lazy("end of an interval", "from"), number_format.hundredths),
        Column("high", pgettext_lazy("end of an interval", "to"), number_format.hundredths),
        Column("n", gettext_lazy("items"), number_format.count),
    ),
    rows=agreement_rows,
    spec=agreement_spec,
    words=agreement_words,
    # It has a page of its own.
    on=frozenset(),
)
