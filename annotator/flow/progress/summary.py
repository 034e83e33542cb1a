"""Progress of a project for API and dashboard: how far, how good, what is next."""

from datetime import timedelta
from typing import Any

from django.db.models import Count, Q, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from annotator.flow.features import encode
from annotator.flow.progress import audit_counts, daily_counts, estimate, stopping
from annotator.flow.queue import skipped_items
from annotator.i18n.stored_messages import translated
from annotator.models import ModelVersion, Project, QueueEntry, Round, Tally, User

LATELY = timedelta(hours=24)


def progress(project: Project) -> dict[str, Any]:
    """Return how far the project is, as the API answers it."""
    sums = Tally.objects.filter(project=project).aggregate(
        answers=Sum("labels"), finished=Sum("finished"), skips=Sum("skips"), seconds=Sum("seconds")
    )
    waiting = QueueEntry.objects.filter(project=project)
    by_state = dict(
        waiting.filter(state__lt=QueueEntry.State.DONE).values_list("state").annotate(n=Count("pk"))
    )
    model = project.models.defer("measured").first()
    measured, mark = estimate.newest_with_mark(project)
    answers, set_aside = sums["answers"] or 0, skipped_items.count(project)
    reasons = stopping.reasons_to_stop(project, answers, measured)
    pause = stopping.paused(project, reasons)
    return {
        "items": project.items,
        "labelled": sums["finished"] or 0,
        "answers": answers,
        **audit_counts.count_with_answered(project, mark),
        "queued": by_state.get(QueueEntry.State.OPEN, 0),
        "leased": by_state.get(QueueEntry.State.LEASED, 0),
        "skipped": sums["skips"] or 0,
        "aside": set_aside,
        "cost": _cost(project, sums["seconds"] or 0.0),
        "model": _model(model),
        "accuracy": measured and {**measured, "words": estimate.in_words(measured)},
        "features": features(project),
        "round": _latest_numbers(project),
        "stop": stopping.advise(reasons),
        "target_proven": any(cause == stopping.TARGET for cause, _words in reasons),
        "paused": None if pause is None else pause.told(),
    }


def progress_for_leads(project: Project) -> dict[str, Any]:
    """Return the same with what the estimate waits for, which would give audits away to others."""
    found = progress(project)
    is_behind = found["audits_answered"] > found["audited"]
    return {**found, "audits_waiting": audit_counts.waiting(project) if is_behind else None}


def _cost(project: Project, seconds: float) -> float | None:
    """Return what the labels cost, None where no hourly rate is set."""
    rate = project.hourly_rate
    return None if rate is None else round(float(rate) * seconds / 3600, 2)


def features(project: Project) -> dict[str, Any]:
    """Return what the model sees the items by, and whether something better is being made."""
    space = encode.current_space(project)
    return {
        "recipe": None if space is None else space.recipe,
        "improving": project.spaces.active().exists(),
    }


def mine(project: Project, user: User) -> dict[str, int]:
    """Return how many labels the person gave today and in all."""
    today = Q(day=daily_counts.today())
    sums = Tally.objects.filter(project=project, user=user).aggregate(
        today=Sum("labels", filter=today), total=Sum("labels")
    )
    return {name: number or 0 for name, number in sums.items()}


def rounds(project: Project, limit: int = 30) -> list[dict[str, Any]]:
    """Return the latest rounds, newest first."""
    return [round_numbers(turn) for turn in project.rounds.select_related("model")[:limit]]


def why_empty(project: Project, user: User, pause: stopping.Pause | None = None) -> str:
    """Return in words why there is nothing to label, and what happens next."""
    pause = pause or stopping.paused(project)
    if pause is not None:
        return pause.words
    if project.imports.active().exists():
        return _("The first items are being imported. This page refreshes automatically.")
    if not project.items:
        return _("There are no items yet. A project admin can import some.")
    if not stopping.has_unlabelled(project):
        if skipped_items.count(project):
            return _(
                "Every item is labelled, except those that every annotator skipped. Thank you!"
            )
        return _("Every item is labelled. Thank you!")
    if stopping.left(project) <= 0:
        return _(
            "The last items of the budget are leased to others. Items that they return appear "
            "here automatically."
        )
    return _(
        "No items are left for you. The remaining ones are leased to others, or you have already "
        "seen them."
    )


def _model(version: ModelVersion | None) -> dict[str, Any] | None:
    if version is None:
        return None
    age = (timezone.now() - version.created_at).total_seconds()
    return {
        "version": version.number,
        "trained_on": version.trained_on,
        "age_seconds": round(age, 1),
    }


def _latest_numbers(project: Project) -> dict[str, Any] | None:
    turn = project.rounds.select_related("model").first()
    return None if turn is None else round_numbers(turn)


def round_numbers(turn: Round) -> dict[str, Any]:
    """Return what there is to say of one round."""
    return {
        "number": turn.number,
        "state": turn.state,
        "stage": turn.stage,
        "trigger": turn.trigger,
        "strategy": turn.strategy,
        "phase": turn.phase,
        "labels": turn.model.trained_on if turn.model else 0,
        "model": turn.model.number if turn.model else None,
        "picks": len(turn.picks),
        "timings": turn.timings,
        "error": translated(turn.error),
        "created_at": turn.created_at,
        "finished_at": turn.finished_at,
    }
