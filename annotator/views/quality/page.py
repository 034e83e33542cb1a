"""Whom and what to trust, for leads; and for everybody how their own work stands.

Nobody is ranked: people stand in the order of their names, each with what a number rests on.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.db.models import Sum
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_safe

from annotator.flow.labels import naming
from annotator.flow.progress import daily_counts
from annotator.i18n.stored_messages import translated
from annotator.models import Project, Role, Tally, User
from annotator.views import number_format, partials
from annotator.views.access import Access, Request, open_project, signed_in
from annotator.views.charts import registry
from annotator.views.charts.base import Column, numeric
from annotator.views.charts.data import Facts
from annotator.views.items_table import items_table

# Words are made before, with what they rest on; they are set as numbers all the same.
PEOPLE = (
    Column("name", gettext_lazy("name")),
    Column("labels", gettext_lazy("labels"), numeric),
    Column("per_hour", gettext_lazy("an hour"), numeric),
    Column("median", gettext_lazy("median time"), numeric),
    Column("skips", gettext_lazy("skipped"), numeric),
    Column("others", gettext_lazy("same as others"), numeric),
    Column("reliability", gettext_lazy("reliability"), numeric),
    Column("gold", gettext_lazy("hidden checks right"), numeric),
    Column("drift", gettext_lazy("same when asked again"), numeric),
)
PAIRS = (
    Column("a", gettext_lazy("pair")),
    Column("b", gettext_lazy("and")),
    Column("kappa", gettext_lazy("kappa"), numeric),
    Column("n", gettext_lazy("items"), numeric),
)
LABELS = (
    Column("label", gettext_lazy("label")),
    Column("alpha", gettext_lazy("alpha"), numeric),
    Column("n", gettext_lazy("items"), numeric),
)
DAYS_SHOWN, LEAST_DAYS = 28, 7


@require_safe
@signed_in
def quality(request: Request, project_id: int) -> HttpResponse:
    """Show how far people agree, and which labels are in doubt."""
    access = open_project(request, project_id, Role.LEAD)
    context = quality_context(access)
    if partials.is_unchanged(request, context["state"]):
        return partials.nothing_new()
    return partials.show(request, "quality.html", "quality", context)


@require_safe
@signed_in
def own_work(request: Request, project_id: int) -> HttpResponse:
    """Show people their own numbers, and nobody else's."""
    access = open_project(request, project_id)
    facts = Facts(access.project)
    people = people_rows(facts, [request.user])
    days = _days(access.project, request.user)
    context = {
        "access": access,
        # But for the name, which everybody knows of themselves.
        "counts": [(column.title, people[0][column.field]) for column in PEOPLE[1:]],
        "behind": facts.quality_behind,
        "days": days,
        "most": max((n for _day, n in days), default=0) or 1,
    }
    return render(request, "own_work.html", context)


def quality_context(access: Access) -> dict[str, Any]:
    """Return what the page shows."""
    facts = Facts(access.project)
    found = facts.quality
    users = list(User.objects.filter(pk__in=_everybody(access.project, found)).order_by("username"))
    names = {user.pk: user.username for user in users}
    shown = {
        "error": translated(facts.quality_error),
        "behind": facts.quality_behind,
        "sentence": overlap_words(found, access.project.overlap),
        "people": _table(PEOPLE, people_rows(facts, users)),
        "pairs": _table(PAIRS, [_pair(each, names) for each in found.get("pairs", [])]),
        "labels": _table(LABELS, _by_label(facts, found)),
        "confusions": _confusions(facts, found, names),
        "suspects": _suspects(facts, found),
        "otherwise": _otherwise(facts, found),
        "effect": effect_words(found),
        "is_made": bool(found),
    }
    figures = [registry.figure(facts, "agreement")]
    state = partials.state_of(shown, figures[0]["version"])
    return {"access": access, "figures": figures, **shown, "state": state}


def _everybody(project: Project, found: Mapping[str, Any]) -> set[int]:
    at_work = Tally.objects.filter(project=project).values_list("user", flat=True).distinct()
    paired = {pair[end] for pair in found.get("pairs", []) for end in ("a", "b")}
    return {*at_work, *paired}


# Sentences ---------------------------------------------------------------------------------------


def overlap_words(found: Mapping[str, Any], overlap: int) -> str:
    """Return how far people agree, in one sentence; or what it takes to know."""
    if not found:
        return _("Nothing was reckoned yet: it comes with the next round.")
    measured = found.get("overlap")
    if not measured or not measured["share"]:
        if overlap < 2:
            return _(
                "No item was answered by two people yet. Set the labels wanted per item to 2 or "
                "more, and agreement can be measured."
            )
        return _("No item was answered by two people yet.")
    share, alpha = measured["share"], measured["alpha"]
    if not alpha:
        return _(
            "People agree on %(share)s (%(low)s to %(high)s) of the %(n)s items that two saw."
        ) % {
            **{name: number_format.percent(share[name]) for name in ("low", "high")},
            "share": number_format.percent(share["value"]),
            "n": number_format.count(share["n"]),
        }
    return ngettext(
        "People agree on %(share)s of the %(n)s item that two saw: alpha %(alpha)s (%(low)s to "
        "%(high)s).",
        "People agree on %(share)s of the %(n)s items that two saw: alpha %(alpha)s (%(low)s to "
        "%(high)s).",
        alpha["n"],
    ) % {
        "share": number_format.percent(share["value"]),
        "n": number_format.count(alpha["n"]),
        "alpha": number_format.hundredths(alpha["value"]),
        "low": number_format.hundredths(alpha["low"]),
        "high": number_format.hundredths(alpha["high"]),
    }


def effect_words(found: Mapping[str, Any]) -> str:
    """Return what suggestions do to labels, in one sentence; or what it takes to know."""
    effect = found.get("effect")
    if not effect:
        return _(
            "What suggestions do to labels is told once some items were served with a suggestion, "
            "and some blind."
        )
    said = _(
        "With the suggestion in sight people say the same %(value)s points more often than blind "
        "(%(low)s to %(high)s, 95 %%; %(shown)s shown, %(blind)s blind)."
    ) % {
        "value": number_format.points(effect["value"]),
        "low": number_format.points(effect["low"]),
        "high": number_format.points(effect["high"]),
        "shown": number_format.count(effect["shown"][1]),
        "blind": number_format.count(effect["blind"][1]),
    }
    if effect["low"] > 0:
        return _("%(said)s Suggestions sway people here: consider to hide them.") % {"said": said}
    return said


def _with_interval(found: Mapping[str, Any]) -> str:
    return _("%(value)s (%(low)s to %(high)s)") % {
        name: number_format.hundredths(found[name]) for name in ("value", "low", "high")
    }


# People ------------------------------------------------------------------------------------------


def people_rows(facts: Facts, users: Iterable[User]) -> list[dict[str, Any]]:
    """Return for each person what they did, and how it stands up to others and to known answers."""
    sums = {
        row["user"]: row
        for row in Tally.objects.filter(project=facts.project)
        .values("user")
        .annotate(labels=Sum("labels"), skips=Sum("skips"), seconds=Sum("seconds"))
    }
    found = facts.quality
    pace, others = _by_user(found, "people"), _by_user(found, "others")
    gold, drift = _by_user(found, "gold"), _by_user(found, "drift")
    reliable = {each["user"]: each for each in found.get("consensus", {}).get("people", [])}
    return [
        {
            **_done(user, sums.get(user.pk, {}), pace.get(user.pk, {})),
            "others": _of(others.get(user.pk), "value"),
            "reliability": _of(reliable.get(user.pk), "reliability"),
            "gold": _of(gold.get(user.username), "value"),
            "drift": _of(drift.get(user.username), "value"),
        }
        for user in users
    ]


def _by_user(found: Mapping[str, Any], part: str) -> dict[Any, Any]:
    return {each["user"]: each for each in found.get(part, [])}


def _done(user: User, sums: Mapping[str, Any], pace: Mapping[str, Any]) -> dict[str, str]:
    labels, skips = sums.get("labels") or 0, sums.get("skips") or 0
    hours = (sums.get("seconds") or 0.0) / 3600
    return {
        "name": user.username,
        "labels": number_format.count(labels),
        "per_hour": number_format.count(round(labels / hours)) if hours > 0 else "–",
        "median": number_format.duration(pace.get("median")),
        "skips": number_format.percent(skips / (labels + skips)) if labels + skips else "–",
    }


def _of(found: Mapping[str, Any] | None, name: str) -> str:
    """Return a share with what it rests on and its interval; a dash where there is none."""
    if not found or not found["n"]:
        return "–"
    return _("%(share)s of %(n)s (%(low)s to %(high)s)") % {
        "share": number_format.percent(found[name]),
        "n": number_format.count(found["n"]),
        "low": number_format.percent(found["low"]),
        "high": number_format.percent(found["high"]),
    }


def _days(project: Project, user: User) -> list[tuple[Any, int]]:
    today = daily_counts.today()
    first = today - timedelta(days=DAYS_SHOWN - 1)
    given = dict(
        Tally.objects.filter(project=project, user=user, day__gte=first).values_list(
            "day", "labels"
        )
    )
    # Not the empty weeks before somebody began.
    since = min([*given, today - timedelta(days=LEAST_DAYS - 1)])
    days = [since + timedelta(days=n) for n in range((today - since).days + 1)]
    return [(day, given.get(day, 0)) for day in days]


def _table(columns: Sequence[Column], rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what `parts/table.html` shows."""
    return {
        "columns": columns,
        "rows": [[column.cell(row) for column in columns] for row in rows],
    }


# Tables ------------------------------------------------------------------------------------------


def _pair(found: Mapping[str, Any], names: Mapping[int, str]) -> dict[str, str]:
    gone = _("(somebody who is gone)")
    return {
        "a": names.get(found["a"], gone),
        "b": names.get(found["b"], gone),
        "kappa": _with_interval(found),
        "n": number_format.count(found["n"]),
    }


def _by_label(facts: Facts, found: Mapping[str, Any]) -> list[dict[str, str]]:
    return [
        {
            "label": facts.label_name(each["label"]),
            "alpha": _with_interval(each),
            "n": number_format.count(each["n"]),
        }
        for each in found.get("labels", [])
    ]


def _confusions(
    facts: Facts, found: Mapping[str, Any], names: Mapping[int, str]
) -> list[dict[str, Any]]:
    """Return for each person how often they say what where the consensus is what, in tenths."""
    labels = [label.name for label in facts.labels.values()]
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
    """Return the labels in doubt of all kinds, the most doubtful first."""
    kinds = [rows for rows in found.get("doubts", {}).values() if isinstance(rows, list)]
    return sorted((row for rows in kinds for row in rows), key=lambda row: -row["score"])


def _suspects(facts: Facts, found: Mapping[str, Any]) -> dict[str, Any]:
    def cells(row: Mapping[str, Any]) -> list[str]:
        labels = [_names(facts, row[name]) for name in ("given", "instead")]
        return [*labels, naming.words(facts.project, row["why"])]

    return items_table((_("given"), _("instead"), _("why")), _doubted(found), cells)


def _otherwise(facts: Facts, found: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the items where what counts is not the consensus; None before there is one."""

    def cells(row: Mapping[str, Any]) -> list[str]:
        labels = [facts.label_name(row[name]) for name in ("today", "instead")]
        return [*labels, number_format.percent(row["proba"])]

    if not found.get("consensus"):
        return None
    columns = (_("counts today"), _("consensus"), _("probability"))
    return items_table(columns, found["consensus"]["differing"], cells)


def _names(facts: Facts, keys: Iterable[int]) -> str:
    return ", ".join(map(facts.label_name, keys)) or _("none of the labels")
