"""The table of annotators on the quality page."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import Sum
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from annotator.models import Tally, User
from annotator.views import number_format
from annotator.views.charts.base import Column, numeric
from annotator.views.charts.data import ChartData

# Formatted before, with their sample size, and right-aligned as numbers.
PEOPLE = (
    Column("name", gettext_lazy("name")),
    Column("labels", gettext_lazy("labels"), numeric),
    Column("per_hour", gettext_lazy("per hour"), numeric),
    Column("median", gettext_lazy("median time"), numeric),
    Column("skips", gettext_lazy("skipped"), numeric),
    Column("others", gettext_lazy("agreement"), numeric),
    Column("reliability", gettext_lazy("reliability"), numeric),
    Column("gold", gettext_lazy("gold accuracy"), numeric),
    Column("drift", gettext_lazy("self-consistency"), numeric),
)


# Annotators ---------------------------------------------------------------------------------------


def people_rows(facts: ChartData, users: Iterable[User]) -> list[dict[str, Any]]:
    """Return a row per annotator: work done, agreement with others, and accuracy on gold items."""
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
    """Return a share with its sample size and interval; a dash if there is none."""
    if not found or not found["n"]:
        return "–"
    return _("%(share)s of %(n)s (%(low)s to %(high)s)") % {
        "share": number_format.percent(found[name]),
        "n": number_format.count(found["n"]),
        "low": number_format.percent(found["low"]),
        "high": number_format.percent(found["high"]),
    }
