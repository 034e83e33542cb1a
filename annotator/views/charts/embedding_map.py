"""Embedding map: the pool in two dimensions, each point a link to its item."""

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from annotator.views import number_format
from annotator.views.charts.base import Chart, Colours, Column, Rows, theme_of
from annotator.views.charts.data import ChartData
from annotator.views.charts.render import PALETTES, Spec

# Numbered as in `evaluation.embedding_map`; the last is drawn on top.
SIZES = [12, 22, 60, 40, 80]
SHAPES = ["circle", "circle", "diamond", "circle", "cross"]


def plane_rows(facts: ChartData) -> Rows:
    """Return position, status and prediction of each shown item."""
    found, kinds = facts.plane, kind_words()
    labels = found.get("labels", [])
    return [
        {
            "x": x,
            "y": y,
            "item": item,
            "kind": kinds[kind],
            "order": kind,
            "predicted": facts.label_name(labels[said]),
            "url": f"{reverse('items', args=[facts.project.pk])}?like={item}&item={item}",
        }
        for x, y, item, kind, said in found.get("points", [])
    ]


def plane_spec(facts: ChartData, rows: Rows, colours: Colours) -> Spec:
    """Return a point per item, the most important ones on top."""
    kinds, palette = kind_words(), PALETTES[theme_of(colours)]
    bare = {"type": "quantitative", "axis": None, "scale": {"domain": [-0.02, 1.02]}}
    colors = [colours["quiet"], palette[1], palette[0], palette[2], palette[3]]
    legend = {"field": "kind", "type": "nominal", "sort": kinds}
    return {
        "description": _("Items of the pool; similar items are close together"),
        "data": {"values": sorted(rows, key=lambda row: row["order"])},
        "mark": {"type": "point", "filled": True, "opacity": 0.85},
        "encoding": {
            "x": {"field": "x", **bare},
            "y": {"field": "y", **bare},
            "color": {**legend, "scale": {"domain": kinds, "range": colors}},
            "shape": {**legend, "scale": {"domain": kinds, "range": SHAPES}},
            "size": {**legend, "scale": {"domain": kinds, "range": SIZES}},
            "href": {"field": "url"},
        },
    }


def plane_words(rows: Rows) -> str:
    """Return the number of items of each kind in one sentence."""
    counts = [(kind, sum(row["kind"] == kind for row in rows)) for kind in kind_words()]
    parts = [f"{kind} {number_format.count(n)}" for kind, n in counts if n]
    return _("Shown: %(parts)s.") % {"parts": ", ".join(parts)}


def kind_words() -> list[str]:
    """Return the names of the kinds of `evaluation.embedding_map`, in order."""
    return [
        _("in the pool"),
        _("labelled"),
        _("newest selected items"),
        _("audit items predicted correctly"),
        _("audit items predicted wrongly"),
    ]


MAP = Chart(
    name="map",
    title=gettext_lazy("Embedding map"),
    about=gettext_lazy(
        "A 2D projection of a random sample of the pool. Items with similar embeddings are "
        "neighbours; large distances have no meaning. Each point opens its item."
    ),
    empty=gettext_lazy("Available after the first round with a model."),
    columns=(
        Column("kind", gettext_lazy("status")),
        Column("predicted", gettext_lazy("predicted")),
        Column("item", gettext_lazy("item"), number_format.count),
    ),
    rows=plane_rows,
    spec=plane_spec,
    words=plane_words,
    newest_first=False,
    # It has a page of its own.
    on=frozenset(),
)
