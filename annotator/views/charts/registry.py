"""Chart registry: each chart of a project, with rows that are also shown as a table.

Each has stable URLs, `charts/<name>.svg`, `.png`, `.csv`, and `.json` for its Vega-Lite
specification including the data, so that reports elsewhere can embed the current chart.
"""

import csv
import io
from collections.abc import Callable, Mapping
from typing import Any

from django.http import Http404, HttpResponse, JsonResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from annotator.formats.csv import guarded
from annotator.models import Role
from annotator.views import partials
from annotator.views.access import Request, open_project, signed_in
from annotator.views.charts import (
    agreement,
    embedding_map,
    learning_curve,
    per_class,
    recall,
    render,
    rounds,
    selected_items,
)
from annotator.views.charts.base import Chart, Page
from annotator.views.charts.data import ChartData
from annotator.views.charts.date_range import DateRange

# In page order.
CHARTS: dict[str, Chart] = {
    each.name: each
    for each in (
        recall.FRONTIER,
        learning_curve.CURVE,
        rounds.CHANGE,
        per_class.CLASSES,
        per_class.BALANCE,
        selected_items.UNCERTAINTY,
        rounds.MOVED,
        learning_curve.F1,
        learning_curve.COST,
        selected_items.SOURCES,
        rounds.TIMINGS,
        embedding_map.MAP,
        agreement.AGREEMENT,
    )
}


@require_safe
@signed_in
def chart(request: Request, project_id: int, name: str, form: str) -> HttpResponse:
    """Return a chart of the project as a file; `theme` and `size` choose among its drawings."""
    access = open_project(request, project_id, Role.LEAD)
    if name not in CHARTS or form not in FORMS:
        raise Http404
    theme, size = render.theme_and_size(request, "wide")
    chosen = DateRange.of(request.GET)
    facts = ChartData(access.project, chosen.first, chosen.last)
    return FORMS[form](CHARTS[name], facts, theme, size)


def figure(facts: ChartData, name: str) -> dict[str, Any]:
    """Return the context of `charts/_figure.html`."""
    drawn = CHARTS[name]
    rows = drawn.rows(facts)
    return {
        "name": name,
        "section": drawn.section,
        "query": facts.query,
        "title": drawn.title,
        "about": drawn.about,
        "empty": drawn.empty,
        "leads_to": _link(drawn, facts),
        "is_there": bool(rows),
        "words": drawn.words(rows) if rows else "",
        "version": partials.state_of(drawn.spec(facts, rows, render.THEMES["light"])),
        "columns": drawn.columns,
        "table": [[column.cell(row) for column in drawn.columns] for row in drawn.tabled(rows)],
    }


def _link(drawn: Chart, facts: ChartData) -> dict[str, Any] | None:
    if drawn.leads_to is None:
        return None
    view, words = drawn.leads_to
    return {"url": reverse(view, args=[facts.project.pk]), "words": words}


def _svg(drawn: Chart, facts: ChartData, theme: str, size: str) -> HttpResponse:
    return render.as_picture(_spec(drawn, facts, theme), theme, size)


def _png(drawn: Chart, facts: ChartData, theme: str, size: str) -> HttpResponse:
    picture = render.png_of(_spec(drawn, facts, theme), theme, size)
    return HttpResponse(picture, content_type="image/png", headers=render.HEADERS)


def _json(drawn: Chart, facts: ChartData, theme: str, size: str) -> HttpResponse:
    spec = render.with_theme(_spec(drawn, facts, theme), theme, size)
    return JsonResponse(spec, json_dumps_params={"indent": 1}, headers=render.HEADERS)


def _csv(drawn: Chart, facts: ChartData, theme: str, size: str) -> HttpResponse:
    rows = drawn.rows(facts)
    fields = list(rows[0]) if rows else [column.field for column in drawn.columns]
    file = io.StringIO()
    # With a byte order mark, like the annotation export, for spreadsheets.
    file.write("\ufeff")
    writer = csv.DictWriter(file, fields, extrasaction="ignore")
    writer.writeheader()
    writer.writerows(map(_guarded, rows))
    return HttpResponse(file.getvalue(), content_type="text/csv", headers=render.HEADERS)


def _guarded(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: guarded(value) if isinstance(value, str) else value for name, value in row.items()
    }


def _spec(drawn: Chart, facts: ChartData, theme: str) -> render.Spec:
    return drawn.drawn(facts, drawn.rows(facts), render.THEMES[theme])


FORMS: dict[str, Callable[[Chart, ChartData, str, str], HttpResponse]] = {
    "svg": _svg,
    "png": _png,
    "csv": _csv,
    "json": _json,
}


def figures_on(page: Page, facts: ChartData) -> list[dict[str, Any]]:
    """Return the figures that a page shows of a project."""
    shown = [each for each in CHARTS.values() if page in each.on and each.is_for(facts.project)]
    return [figure(facts, each.name) for each in shown]
