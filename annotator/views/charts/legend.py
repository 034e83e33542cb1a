"""Names of lines in a chart: in its legend, or beside the line."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from annotator.views import number_format
from annotator.views.charts.base import Colours
from annotator.views.charts.render import FONT, Spec


@dataclass(frozen=True)
class Legend:
    """The series of a chart with their colours."""

    series: Mapping[str, str]

    def __call__(self, name: str) -> Spec:
        """Return the encoding that draws a layer in the colour of a series and names it."""
        scale = {"domain": list(self.series), "range": list(self.series.values())}
        return {"datum": name, "type": "nominal", "scale": scale}


def target_line(colours: Colours, share: float) -> list[Spec]:
    """Return the horizontal line of a target, with its value."""
    words = _("target %(share)s") % {"share": number_format.percent(share)}
    return ruled(colours, words, y={"datum": share})


def ruled(colours: Colours, words: str, **where: Any) -> list[Spec]:
    """Return a dashed line across the chart, named at its end."""
    ink, told = colours["ink"], {"description": {"value": words}}
    beside = {"x": {"value": 4}, **where} if "y" in where else {"y": {"value": 8}, **where}
    text = {"type": "text", "align": "left", "dx": 4, "dy": -6, "color": ink, "font": FONT}
    rule = {"type": "rule", "color": ink, "strokeDash": [4, 4]}
    # One row, or it would be drawn once for each row of the chart.
    one: Spec = {"data": {"values": [{}]}}
    return [
        {**one, "mark": rule, "encoding": {**where, **told}},
        {**one, "mark": text, "encoding": {**beside, **told, "text": {"value": words}}},
    ]
