"""A new chart is one declaration: its files, its table and its page follow it."""

from dataclasses import replace
from typing import Any

import pytest
from django.urls import reverse

from annotator.models import Project, User
from annotator.views.charts import registry
from annotator.views.charts.base import Chart, Column, Page
from annotator.views.charts.data import ChartData
from tests.given import SignedIn

pytestmark = pytest.mark.django_db


def spec(_facts: ChartData, rows: Any, colours: Any) -> Any:
    return {
        "description": "Cups by day",
        "data": {"values": rows},
        "mark": {"type": "bar", "color": colours["accent"]},
        "encoding": {
            "x": {"field": "day", "type": "nominal"},
            "y": {"field": "cups", "type": "quantitative"},
        },
    }


CUPS = Chart(
    name="cups",
    title="Coffee",
    about="Cups by day.",
    empty="Nobody had any.",
    columns=(Column("day", "day"), Column("cups", "cups")),
    rows=lambda _facts: [{"day": "Monday", "cups": 3}],
    spec=spec,
    words=lambda rows: f"{len(rows)} day with coffee.",
    on=frozenset({Page.WEEK, Page.DASHBOARD}),
)


def test_it_has_files_and_stands_on_its_pages(
    monkeypatch: pytest.MonkeyPatch, signed_in: SignedIn, lea: User, project: Project
) -> None:
    monkeypatch.setitem(registry.CHARTS, "cups", CUPS)
    client = signed_in(lea)
    for form, start in (("svg", b"<svg"), ("png", b"\x89PNG"), ("csv", b"\xef\xbb\xbfday,cups")):
        answer = client.get(reverse("chart", args=[project.pk, "cups", form]))
        assert answer.content.startswith(start), form
    for name in ("dashboard", "summary"):
        page = client.get(reverse(name, args=[project.pk])).content.decode()
        assert "1 day with coffee." in page, name
        assert "/charts/cups.svg" in page


def test_it_stands_only_on_pages_and_in_projects_that_it_names(
    monkeypatch: pytest.MonkeyPatch, project: Project
) -> None:
    facts = ChartData(project)

    def shown(page: Page) -> list[str]:
        return [each["name"] for each in registry.figures_on(page, facts)]

    monkeypatch.setitem(registry.CHARTS, "cups", replace(CUPS, on=frozenset({Page.WEEK})))
    assert "cups" in shown(Page.WEEK)
    assert "cups" not in shown(Page.DASHBOARD)
    elsewhere = replace(CUPS, is_for=lambda project: False)
    monkeypatch.setitem(registry.CHARTS, "cups", elsewhere)
    assert "cups" not in shown(Page.WEEK)


def test_pages_show_what_they_did(project: Project) -> None:
    facts = ChartData(project)
    on_dashboard = [each["name"] for each in registry.figures_on(Page.DASHBOARD, facts)]
    assert on_dashboard == (
        "curve change classes balance uncertainty moved f1 cost sources timings".split()
    )
    on_paper = [each["name"] for each in registry.figures_on(Page.WEEK, facts)]
    assert on_paper == "curve change classes balance cost sources".split()
    project.rare_label = project.labels.first()
    searched = [each["name"] for each in registry.figures_on(Page.DASHBOARD, ChartData(project))]
    assert searched == ["frontier", *on_dashboard]
