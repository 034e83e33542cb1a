"""All projects of a person at a glance: for leads with what needs a decision, that first.

Each thing is asked once for all projects, of rows that are few: tallies, rounds, models, imports,
reports. Nothing here counts annotations, and of items only those that are set aside.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from django.db.models import Count, Max, Q, Sum
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from annotator.flow.progress import audit_counts, daily_counts, recall_standing, stopping, summary
from annotator.flow.progress import estimate as estimates
from annotator.i18n.stored_messages import translated
from annotator.models import Import, Item, Job, Project, Report, Role, Round, Tally, User

DAYS = 7
# Of the budget, from which on it is nearly spent.
NEARLY = 0.9


@dataclass
class Row:
    """One project as one person sees it; what only leads see is empty for others."""

    project: Project
    role: Role
    finished: int = 0
    answers: int = 0
    audits: int = 0
    # Of the audits of a project that has no estimate yet (monitor.audit_counts).
    counted: dict[str, int] = field(default_factory=dict)
    estimate: dict[str, Any] | None = None
    # Labels of the last days, the oldest first.
    days: list[int] = field(default_factory=list)
    # Who labelled today or yesterday.
    people: list[str] = field(default_factory=list)
    round: dict[str, Any] | None = None
    importing: bool = False
    decisions: list[str] = field(default_factory=list)
    # Why to stop, each with its cause; and why nothing is handed out, where nothing is.
    reasons: list[tuple[str, str]] = field(default_factory=list)
    pause: stopping.Pause | None = None

    @property
    def leads(self) -> bool:
        """Tell whether the person may do what leads do."""
        return self.role in Role.at_least(Role.LEAD)


def rows(user: User, name: str = "") -> list[Row]:
    """Return the person's projects whose name holds `name`; those that need a decision first."""
    found = list(Project.objects.for_user(user).select_related("rare_label", "paused_by"))
    wanted = name.casefold().strip()
    roles = dict(user.memberships.values_list("project", "role"))
    everything = [
        Row(each, Role(roles.get(each.pk, Role.ADMIN)))
        for each in found
        if wanted in each.name.casefold()
    ]
    _count(everything)
    led = [row for row in everything if row.leads]
    if led:
        _look_closer(led)
    return sorted(everything, key=lambda row: not row.decisions)


def pauses(user: User) -> dict[int, stopping.Pause]:
    """Return why projects of the person hand out nothing, by their keys; only those."""
    found = Project.objects.for_user(user).select_related("rare_label", "paused_by")
    stopped = [Row(each, Role.ANNOTATOR) for each in found if each.paused_at or each.auto_stop]
    if stopped:
        _count(stopped)
    return {row.project.pk: row.pause for row in stopped if row.pause is not None}


def _count(found: list[Row]) -> None:
    """Fill in what everybody sees: how far each project is, and how good."""
    keys = [row.project.pk for row in found]
    tallies = Tally.objects.filter(project__in=keys).order_by().values("project")
    sums = {
        each["project"]: each
        for each in tallies.annotate(n=Sum("labels"), f=Sum("finished"), a=Sum("audits"))
    }
    told, reports = estimates.of_all(keys), _reports(found)
    for row in found:
        own = sums.get(row.project.pk, {"n": 0, "f": 0, "a": 0})
        row.answers, row.finished, row.audits = own["n"], own["f"], own["a"]
        row.estimate = told.get(row.project.pk)
        row.reasons = _reasons(row, reports.get(row.project.pk))
        row.pause = stopping.by_lead(row.project) or _by_itself(row)


def _by_itself(row: Row) -> stopping.Pause | None:
    if not row.project.auto_stop or not row.reasons:
        return None
    return stopping.by_itself(row.reasons)


# For leads ---------------------------------------------------------------------------------------


def _look_closer(led: list[Row]) -> None:
    """Fill in who is active, what runs, and what needs a decision."""
    keys = [row.project.pk for row in led]
    today = daily_counts.today()
    days, people, rounds = _days(keys, today), _people(keys, today), _rounds(keys)
    imports, asides = _imports(keys), _asides(keys)
    for row in led:
        key = row.project.pk
        row.days = [days[key].get(today - timedelta(days=n), 0) for n in reversed(range(DAYS))]
        if row.estimate is None and row.audits:
            row.counted = audit_counts.count_with_answered(row.project)
        row.people, row.round = people.get(key, []), rounds.get(key)
        active = [each for each in imports.get(key, []) if each["state"] != Job.State.FAILED]
        row.importing = bool(active)
        row.decisions = [
            *[words for _cause, words in row.reasons],
            *_running_out(row),
            *_failed(row, imports.get(key, [])),
            *_skipped(asides.get(key, 0)),
        ]


def _days(projects: list[int], today: date) -> dict[int, dict[date, int]]:
    recent = Tally.objects.filter(project__in=projects, day__gt=today - timedelta(days=DAYS))
    found: dict[int, dict[date, int]] = defaultdict(dict)
    for project, day, labels in (
        recent.order_by().values_list("project", "day").annotate(n=Sum("labels"))
    ):
        found[project][day] = labels
    return found


def _people(projects: list[int], today: date) -> dict[int, list[str]]:
    yesterday = today - timedelta(days=1)
    recent = Tally.objects.filter(project__in=projects, day__gte=yesterday, labels__gt=0)
    named = recent.values_list("project", "user__username").distinct()
    found: dict[int, list[str]] = defaultdict(list)
    for project, name in named.order_by("user__username"):
        found[project].append(name)
    return found


def _rounds(projects: list[int]) -> dict[int, dict[str, Any]]:
    turns = Round.objects.filter(project__in=projects).order_by()
    newest = turns.values("project").annotate(newest=Max("pk")).values("newest")
    fields = ("project", "number", "state", "stage", "error", "created_at", "finished_at")
    return {each["project"]: each for each in Round.objects.filter(pk__in=newest).values(*fields)}


def _imports(projects: list[int]) -> dict[int, list[dict[str, Any]]]:
    """Return the imports that wait, run, or failed in the last day."""
    recent = timezone.now() - summary.LATELY
    active = Q(state__in=[Job.State.QUEUED, Job.State.RUNNING])
    failed = Q(state=Job.State.FAILED, finished_at__gte=recent)
    told = Import.objects.filter(active | failed, project__in=projects).order_by("-pk")
    return _by_project(told.values("project", "name", "state", "error"))


def _by_project(found: Iterable[Any]) -> dict[int, list[dict[str, Any]]]:
    sorted_out: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for each in found:
        sorted_out[each["project"]].append(each)
    return sorted_out


def _asides(projects: list[int]) -> dict[int, int]:
    aside = Item.objects.filter(project__in=projects, state=Item.State.ASIDE).order_by()
    return dict(aside.values_list("project").annotate(n=Count("pk")))


def _reports(found: list[Row]) -> dict[int, dict[str, Any]]:
    wanted = [row.project.pk for row in found if row.project.target_recall is not None]
    newest = Report.objects.filter(project__in=wanted, kind=recall_standing.KIND)
    return dict(newest.values_list("project", "found"))


def _reasons(row: Row, report: dict[str, Any] | None) -> list[tuple[str, str]]:
    """Return why to stop, as `monitor.advice` says it: each cause with its words."""
    project, found = row.project, []
    target, estimate = project.target_accuracy, row.estimate
    if target and estimate and estimate.get("proven", 0.0) >= target:
        found.append((stopping.TARGET, stopping.goal_reached(estimate["proven"], target)))
    recall = recall_standing.reached(project, report, str(project.rare_label))
    found += [(stopping.TARGET, words) for words in recall]
    spent = stopping.budget_spent(
        project, row.answers, estimate, report or {}, is_proven=bool(found)
    )
    if spent:
        found.append((stopping.BUDGET, spent))
    if project.items and row.finished >= project.items:
        found.append((stopping.DONE, _("Every item is labelled.")))
    return found


def _running_out(row: Row) -> list[str]:
    """Return in words that little of the budget is left."""
    budget = row.project.budget
    if not budget or not NEARLY * budget <= row.answers < budget:
        return []
    words = ngettext(
        "%(n)d of %(budget)d labels in the budget is left.",
        "%(n)d of %(budget)d labels in the budget are left.",
        budget - row.answers,
    )
    return [words % {"n": budget - row.answers, "budget": budget}]


def _failed(row: Row, imports: list[dict[str, Any]]) -> list[str]:
    said = [
        _("The import of %(name)s failed: %(error)s")
        % {"name": each["name"], "error": translated(each["error"])}
        for each in imports
        if each["state"] == Job.State.FAILED
    ]
    if row.round and row.round["state"] == Job.State.FAILED:
        words = _("Round %(n)d failed: %(error)s Labelling continues; the round will be retried.")
        values = {"n": row.round["number"], "error": translated(row.round["error"])}
        said.append(words % values)
    return said


def _skipped(number: int) -> list[str]:
    words = ngettext(
        "%(n)d item was skipped by every annotator and is parked.",
        "%(n)d items were skipped by every annotator and are parked.",
        number,
    )
    return [words % {"n": number}] if number else []
