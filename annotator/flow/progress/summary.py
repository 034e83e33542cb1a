"""Progress numbers of a project, for API and dashboard."""

from datetime import timedelta
from typing import Any

from django.db.models import Count, Q, Sum
from django.utils import timezone

from annotator.flow.features import encode, encoding_state
from annotator.flow.progress import audit_counts, daily_counts, estimate, stopping
from annotator.i18n.stored_messages import translated
from annotator.models import Item, ModelVersion, Project, QueueEntry, Round, Tally, User

LATELY = timedelta(hours=24)


def progress(project: Project) -> dict[str, Any]:
    """Return the project's progress; `messages.progress` words it."""
    sums = Tally.objects.filter(project=project).aggregate(
        answers=Sum("labels"), finished=Sum("finished"), skips=Sum("skips"), seconds=Sum("seconds")
    )
    waiting = QueueEntry.objects.filter(project=project)
    by_state = dict(
        waiting.filter(state__lt=QueueEntry.State.DONE).values_list("state").annotate(n=Count("pk"))
    )
    model = project.models.defer("measured").first()
    measured, mark = estimate.newest_with_mark(project)
    answers, set_aside = sums["answers"] or 0, Item.objects.set_aside(project).count()
    reasons = list(stopping.reasons_to_stop(project, answers, measured))
    return {
        "items": project.population,
        "labelled": sums["finished"] or 0,
        "answers": answers,
        **audit_counts.count_with_answered(project, mark),
        "queued": by_state.get(QueueEntry.State.OPEN, 0),
        "leased": by_state.get(QueueEntry.State.LEASED, 0),
        "skipped": sums["skips"] or 0,
        "aside": set_aside,
        "cost": _cost(project, sums["seconds"] or 0.0),
        "model": _model(model),
        "accuracy": measured,
        "features": features(project),
        "round": _latest_numbers(project),
        "stop": reasons,
        "target_proven": any(reason.cause == stopping.TARGET for reason in reasons),
        "paused": stopping.find_pause(project, reasons),
    }


def progress_for_leads(project: Project) -> dict[str, Any]:
    """Like `progress`, with what the estimate waits for, which would reveal audits to others."""
    found = progress(project)
    is_behind = found["audits_answered"] > found["audited"]
    return {**found, "audits_waiting": audit_counts.waiting(project) if is_behind else None}


def _cost(project: Project, seconds: float) -> float | None:
    """Return what the labels cost, None without an hourly rate."""
    rate = project.hourly_rate
    return None if rate is None else round(float(rate) * seconds / 3600, 2)


def features(project: Project) -> dict[str, Any]:
    """Return the current features, and whether better ones are being computed."""
    space = encode.current_space(project)
    return {
        "recipe": None if space is None else space.recipe,
        "improving": project.spaces.active().exists(),
        "encoder": (space.encoder or None) if space else None,
        "encoding": encoding_state.find(project, space),
    }


def mine(project: Project, user: User) -> dict[str, int]:
    """Return how many labels the user gave today and in total."""
    today = Q(day=daily_counts.today())
    sums = Tally.objects.filter(project=project, user=user).aggregate(
        today=Sum("labels", filter=today), total=Sum("labels")
    )
    return {name: number or 0 for name, number in sums.items()}


def rounds(project: Project, limit: int = 30) -> list[dict[str, Any]]:
    """Return the latest rounds, newest first."""
    return [round_numbers(round_) for round_ in project.rounds.select_related("model")[:limit]]


def why_empty(project: Project) -> str:
    """Return the code of why there is nothing to label in a project that is not paused."""
    if project.imports.active().exists():
        return "importing"
    if not project.population:
        return "no_items"
    if not Item.objects.is_waiting(project):
        return "done_but_skipped" if Item.objects.set_aside(project).exists() else "done"
    if stopping.left(project) <= 0:
        return "budget_held"
    waiting = QueueEntry.objects.filter(project=project, state=QueueEntry.State.OPEN)
    is_assigned = project.has_assignments and waiting.exclude(assignment=None).exists()
    return "assigned" if is_assigned else "nothing_left"


def _model(version: ModelVersion | None) -> dict[str, Any] | None:
    if version is None:
        return None
    age = (timezone.now() - version.created_at).total_seconds()
    return {
        "version": version.number,
        "trained_on": version.trained_on,
        "age_seconds": round(age, 1),
        "leans_on": version.params.get("leans_on", {}),
        "label_texts": bool(version.params.get("block_weights", {}).get("label_texts")),
    }


def _latest_numbers(project: Project) -> dict[str, Any] | None:
    round_ = project.rounds.select_related("model").first()
    return None if round_ is None else round_numbers(round_)


def round_numbers(round_: Round) -> dict[str, Any]:
    """Return the figures of one round."""
    return {
        "number": round_.number,
        "state": round_.state,
        "stage": round_.stage,
        "trigger": round_.trigger,
        "strategy": round_.strategy,
        "phase": round_.phase,
        "labels": round_.model.trained_on if round_.model else 0,
        "model": round_.model.number if round_.model else None,
        "picks": len(round_.picks),
        "timings": round_.timings,
        "error": translated(round_.error),
        "created_at": round_.created_at,
        "finished_at": round_.finished_at,
    }
