"""Quality page for leads: agreement, annotators, likely label errors.

Annotators are not ranked: they are sorted by name, each with the sample size of every figure.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from annotator.flow.labels import naming
from annotator.i18n.stored_messages import translated
from annotator.models import Project, Role, Tally, User
from annotator.views import number_format, partials
from annotator.views.access import Access, Request, open_project, signed_in
from annotator.views.charts import registry
from annotator.views.charts.base import Column, numeric
from annotator.views.charts.data import ChartData
from annotator.views.items_table import items_table
from annotator.views.quality.figures import key_figures
from annotator.views.quality.people import PEOPLE, people_rows
from annotator.views.quality.text import with_interval

PAIRS = (
    Column("a", gettext_lazy("pair")),
    Column("b", gettext_lazy("and")),
    Column("kappa", gettext_lazy("kappa"), numeric),
    Column("n", gettext_lazy("items"), numeric),
)
SPAN_PAIRS = (
    Column("a", gettext_lazy("pair")),
    Column("b", gettext_lazy("and")),
    Column("exact", gettext_lazy("F1, exact borders"), numeric),
    Column("overlapping", gettext_lazy("F1, overlapping"), numeric),
    Column("position", gettext_lazy("F1, without labels"), numeric),
    Column("n", gettext_lazy("items"), numeric),
)
LABELS = (
    Column("label", gettext_lazy("label")),
    Column("alpha", gettext_lazy("alpha"), numeric),
    Column("n", gettext_lazy("items"), numeric),
)


@require_safe
@signed_in
def quality(request: Request, project_id: int) -> HttpResponse:
    """Show agreement, and suspicious labels."""
    access = open_project(request, project_id, Role.LEAD)
    context = quality_context(access)
    if partials.is_unchanged(request, context["state"]):
        return partials.not_modified()
    return partials.render_partial(request, "quality/page.html", "quality", context)


def quality_context(access: Access) -> dict[str, Any]:
    """Return the context of the quality page."""
    facts = ChartData(access.project)
    found = facts.quality
    users = list(User.objects.filter(pk__in=_everybody(access.project, found)).order_by("username"))
    names = {user.pk: user.username for user in users}
    shown = {
        "error": translated(facts.quality_error),
        "behind": facts.quality_behind,
        "people": _linked(access, _table(PEOPLE, people_rows(facts, users)), users),
        "pairs": _pairs(found, names),
        "labels": _table(LABELS, _by_label(facts, found)),
        "confusions": _confusions(facts, found, names),
        "suspects": _suspects(facts, found),
        "otherwise": _otherwise(facts, found),
        "key_figures": key_figures(
            found,
            access.project.overlap,
            suspects=len(_doubted(found)),
            otherwise=len(found["consensus"]["differing"]) if found.get("consensus") else None,
        ),
    }
    figures = [registry.figure(facts, "agreement")]
    state = partials.state_of(shown, figures[0]["version"])
    return {"access": access, "figures": figures, **shown, "state": state}


def _everybody(project: Project, found: Mapping[str, Any]) -> set[int]:
    at_work = Tally.objects.filter(project=project).values_list("user", flat=True).distinct()
    pairs = [*found.get("pairs", []), *found.get("span_pairs", [])]
    paired = {pair[end] for pair in pairs for end in ("a", "b")}
    return {*at_work, *paired}


def _table(columns: Sequence[Column], rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the context of `charts/_table.html`."""
    return {
        "columns": columns,
        "rows": [[column.cell(row) for column in columns] for row in rows],
    }


def _linked(access: Access, table: dict[str, Any], users: Sequence[User]) -> dict[str, Any]:
    """Let each name lead to that person's labels in the item list."""
    address = reverse("items", args=[access.project.pk])
    for cells, user in zip(table["rows"], users, strict=True):
        cells[0]["url"] = f"{address}?{urlencode({'annotator': user.username})}"
    return table


# Tables ------------------------------------------------------------------------------------------


def _pairs(found: Mapping[str, Any], names: Mapping[int, str]) -> dict[str, Any]:
    of_spans = found.get("span_pairs", [])
    if of_spans:
        return _table(SPAN_PAIRS, [_span_pair(each, names) for each in of_spans])
    return _table(PAIRS, [_pair(each, names) for each in found.get("pairs", [])])


def _span_pair(found: Mapping[str, Any], names: Mapping[int, str]) -> dict[str, str]:
    gone = _("(former user)")
    return {
        "a": names.get(found["a"], gone),
        "b": names.get(found["b"], gone),
        **{
            name: _f1(found[name], found.get(f"{name}_chance"))
            for name in ("exact", "overlapping", "position")
        },
        "n": number_format.count(found["n"]),
    }


def _f1(value: float | None, chance: float | None) -> str:
    if value is None:
        return "–"
    told = number_format.hundredths(value)
    if chance is None:
        return told
    return _("%(value)s (by chance %(chance)s)") % {
        "value": told,
        "chance": number_format.hundredths(chance),
    }


def _pair(found: Mapping[str, Any], names: Mapping[int, str]) -> dict[str, str]:
    gone = _("(former user)")
    return {
        "a": names.get(found["a"], gone),
        "b": names.get(found["b"], gone),
        "kappa": with_interval(found),
        "n": number_format.count(found["n"]),
    }


def _by_label(facts: ChartData, found: Mapping[str, Any]) -> list[dict[str, str]]:
    return [
        {
            "label": facts.label_name(each["label"]),
            "alpha": with_interval(each),
            "n": number_format.count(each["n"]),
        }
        for each in found.get("labels", [])
    ]


def _confusions(
    facts: ChartData, found: Mapping[str, Any], names: Mapping[int, str]
) -> list[dict[str, Any]]:
    """Return for each person how often they say what where the consensus is what, in tenths."""
    labels = naming.titles(facts.project, facts.labels)
    return [
        {
            "name": names.get(person["user"], ""),
            "n": number_format.count(person["n"]),
            "labels": labels,
            "rows": [
                {
                    "label": label,
                    "cells": [
                        {"words": number_format.percent(share), "tenth": round(10 * share)}
                        for share in row
                    ],
                }
                for label, row in zip(labels, person["confusion"], strict=False)
            ],
        }
        for person in found.get("consensus", {}).get("people", [])
        if person["confusion"] and len(person["confusion"]) == len(labels)
    ]


def _doubted(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return suspicious labels of all kinds, the most doubtful first."""
    kinds = [rows for rows in found.get("doubts", {}).values() if isinstance(rows, list)]
    return sorted((row for rows in kinds for row in rows), key=lambda row: -row["score"])


def _suspects(facts: ChartData, found: Mapping[str, Any]) -> dict[str, Any]:
    def cells(row: Mapping[str, Any]) -> list[str]:
        labels = [_names(facts, row[name]) for name in ("given", "instead")]
        return [*labels, naming.words(facts.project, row["why"])]

    return items_table((_("label"), _("predicted"), _("reason")), _doubted(found), cells)


def _otherwise(facts: ChartData, found: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the items whose label differs from the consensus; None before there is one."""

    def cells(row: Mapping[str, Any]) -> list[str]:
        labels = [facts.label_name(row[name]) for name in ("today", "instead")]
        return [*labels, number_format.percent(row["proba"])]

    if not found.get("consensus"):
        return None
    columns = (_("current label"), _("consensus"), _("probability"))
    return items_table(columns, found["consensus"]["differing"], cells)


def _names(facts: ChartData, keys: Iterable[int]) -> str:
    return ", ".join(map(facts.label_name, keys)) or _("no label")
