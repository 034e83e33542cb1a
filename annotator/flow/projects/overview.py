"""Overview of a user's projects; for leads, those that need a decision come first.

Each query covers all projects and reads few rows: tallies, rounds, models, imports, reports.
Nothing here counts annotations, and of items only those skipped by everyone.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from django.db.models import Count, Max, Q, Sum
from django.utils import timezone

from annotator.flow.progress import audit_counts, daily_counts, recall_standing, stopping, summary
from annotator.flow.progress import estimate as estimates
from annotator.models import Import, Item, Job, Project, Report, Role, Round, Tally, User

DAYS = 7
# Share of the budget from which it is nearly spent.
NEARLY = 0.9


@dataclass
class ProjectRow:
    """One project as one user sees it; fields for leads are empty for others."""

    project: Project
    role: Role
    finished: int = 0
    answers: int = 0
    audits: int = 0
    # Audits of a project without an estimate yet (`progress.audit_counts`).
    counted: dict[str, int] = field(default_factory=dict)
    estimate: dict[str, Any] | None = None
    # Labels of the last days, oldest first.
    days: list[int] = field(default_factory=list)
    # Users who labelled today or yesterday.
    people: list[str] = field(default_factory=list)
    round: dict[str, Any] | None = None
    importing: bool = False
    failed_imports: list[dict[str, Any]] = field(default_factory=list)
    set_aside: int = 0
    # Reasons to stop, and the pause if the project is paused.
    reasons: list[stopping.StopReason] = field(default_factory=list)
    pause: stopping.Pause | None = None

    @property
    def leads(self) -> bool:
        """Return whether the user has the rights of a lead."""
        return self.role in Role.at_least(Role.LEAD)

    @property
    def is_running_out(self) -> bool:
        """Return whether little of the budget is left."""
        budget = self.project.budget or 0
        return NEARLY * budget <= self.answers < budget

    @property
    def has_failed_round(self) -> bool:
        """Return whether the newest round failed."""
        return self.round is not None and self.round["state"] == Job.State.FAILED

    @property
    def needs_decision(self) -> bool:
        """Return whether something waits for a decision of the leads."""
        found = (self.reasons, self.failed_imports, self.set_aside)
        return self.leads and bool(any(found) or self.is_running_out or self.has_failed_round)


def rows(user: User, name: str = "") -> list[ProjectRow]:
    """Return the user's projects whose name contains `name`; those that need a decision first."""
    found = list(Project.objects.for_user(user).select_related("rare_label", "paused_by"))
    wanted = name.casefold().strip()
    roles = dict(user.memberships.values_list("project", "role"))
    everything = [
        ProjectRow(each, Role(roles.get(each.pk, Role.ADMIN)))
        for each in found
        if wanted in each.name.casefold()
    ]
    _count(everything)
    led = [row for row in everything if row.leads]
    if led:
        _look_closer(led)
    return sorted(everything, key=lambda row: not row.needs_decision)


def names(user: User, most: int) -> list[Project]:
    """Return up to `most` of the user's projects, by name."""
    return list(Project.objects.for_user(user).order_by("name", "pk")[:most])


def pauses(user: User) -> dict[int, stopping.Pause]:
    """Return the reasons for which the user's projects are paused, by project key."""
    found = Project.objects.for_user(user).select_related("rare_label", "paused_by")
    stopped = [
        ProjectRow(each, Role.ANNOTATOR) for each in found if each.paused_at or each.auto_stop
    ]
    if stopped:
        _count(stopped)
    return {row.project.pk: row.pause for row in stopped if row.pause is not None}


def _count(found: list[ProjectRow]) -> None:
    """Fill in what every member sees: progress and accuracy."""
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
        row.pause = stopping.find_pause(row.project, row.reasons)


# For leads ---------------------------------------------------------------------------------------


def _look_closer(led: list[ProjectRow]) -> None:
    """Fill in active users, running work, and decisions to take."""
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
        row.failed_imports = [
            each for each in imports.get(key, []) if each["state"] == Job.State.FAILED
        ]
        row.set_aside = asides.get(key, 0)


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


def _reports(found: list[ProjectRow]) -> dict[int, dict[str, Any]]:
    wanted = [row.project.pk for row in found if row.project.target_recall is not None]
    newest = Report.objects.filter(project__in=wanted, kind=recall_standing.KIND)
    return dict(newest.values_list("project", "found"))


def _reasons(row: ProjectRow, report: dict[str, Any] | None) -> list[stopping.StopReason]:
    """Return the reasons to stop, as `stopping.reasons_to_stop` does for one project."""
    project = row.project
    found = list(stopping.target_proven(project, row.estimate))
    recall = recall_standing.reached(project, report, str(project.rare_label))
    found += [stopping.StopReason(stopping.TARGET, recall)] if recall else []
    spent = stopping.budget_spent(
        project, row.answers, row.estimate, report or {}, is_proven=bool(found)
    )
    found += [spent] if spent else []
    if project.population and row.finished >= project.population:
        found.append(stopping.StopReason(stopping.DONE, {"set_aside": False}))
    return found
