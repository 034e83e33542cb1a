"""Read-only numbers for people: how far, how good, how healthy."""

import logging
import threading
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import Error, connection
from django.db.models import Count, Exists, OuterRef, Q, Sum
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from annotator.flow.features import encode
from annotator.flow.progress import audit_counts as auditing
from annotator.flow.progress import daily_counts, estimate, recall_standing, stopping
from annotator.flow.queue import skipped_items
from annotator.i18n.stored_messages import translated
from annotator.jobs import damaged_files
from annotator.models import (
    Annotation,
    FeatureShard,
    Import,
    Item,
    Job,
    ModelVersion,
    Project,
    QueueEntry,
    Round,
    Source,
    Tally,
    User,
    WorkerBeat,
)
from annotator.pool import audit_set, feature_store

log = logging.getLogger(__name__)

BEAT_SECONDS = 10
DEAD_SECONDS = 40
FIRST_ESTIMATE = estimate.FIRST_ESTIMATE
LATELY = timedelta(hours=24)

# Why to stop: each reason as its cause and its words.
Reasons = list[tuple[str, str]]


# A project ---------------------------------------------------------------------------------------


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
    measured, mark = _newest_estimate(project)
    answers, set_aside = sums["answers"] or 0, skipped_items.count(project)
    reasons = _reasons_to_stop(project, answers, measured)
    pause = paused(project, reasons)
    return {
        "items": project.items,
        "labelled": sums["finished"] or 0,
        "answers": answers,
        **audit_counts(project, mark),
        "queued": by_state.get(QueueEntry.State.OPEN, 0),
        "leased": by_state.get(QueueEntry.State.LEASED, 0),
        "skipped": sums["skips"] or 0,
        "aside": set_aside,
        "cost": _cost(project, sums["seconds"] or 0.0),
        "model": _model(model),
        "accuracy": measured and {**measured, "words": estimate.in_words(measured)},
        "features": features(project),
        "round": _latest_numbers(project),
        "stop": _advised(reasons),
        "target_proven": any(cause == stopping.TARGET for cause, _words in reasons),
        "paused": None if pause is None else pause.told(),
    }


def progress_for_leads(project: Project) -> dict[str, Any]:
    """Return the same with what the estimate waits for, which would give audits away to others."""
    found = progress(project)
    is_behind = found["audits_answered"] > found["audited"]
    return {**found, "audits_waiting": auditing.waiting(project) if is_behind else None}


def _cost(project: Project, seconds: float) -> float | None:
    """Return what the labels cost, None where no hourly rate is set."""
    rate = project.hourly_rate
    return None if rate is None else round(float(rate) * seconds / 3600, 2)


def audit_counts(project: Project, mark: Mapping[str, Any] | None = None) -> dict[str, int]:
    """Return the same as `audits`, and how many are answered: also behind one that still waits."""
    frontier = audit_set.audit_frontier(project)
    settled = _audits_up_to(project, frontier, mark)
    behind = auditing.beyond(project, frontier).answered
    return {**settled, "audits_answered": settled["audited"] + behind}


def audits(project: Project, mark: Mapping[str, Any] | None = None) -> dict[str, int]:
    """Return how many items of the audit set have their label, and how many were skipped.

    `mark` is what `audits_mark` returned lately: only what came since is counted then.
    """
    return _audits_up_to(project, audit_set.audit_frontier(project), mark)


def _audits_up_to(
    project: Project, frontier: int, mark: Mapping[str, Any] | None
) -> dict[str, int]:
    if frontier < 0:
        return {"audited": 0, "audits_skipped": 0}
    if not mark or mark["items"] != project.items or mark["frontier"] > frontier:
        # Something came, or opened again, among those that were counted.
        return _count_audits(project, -1, frontier)
    since = _count_audits(project, mark["frontier"], frontier)
    skipped = _skipped_below(project, mark["frontier"])
    # What was skipped then and is no more has its label by now.
    return {
        "audited": mark["audited"] + mark["audits_skipped"] - skipped + since["audited"],
        "audits_skipped": skipped + since["audits_skipped"],
    }


def audits_mark(project: Project) -> dict[str, int]:
    """Return the audits counted one by one, to go on from: a look at them all grows with them."""
    frontier = audit_set.audit_frontier(project)
    counted = _count_audits(project, -1, frontier) if frontier >= 0 else audits(project)
    return {"items": project.items, "frontier": frontier, **counted}


def _count_audits(project: Project, above: int, frontier: int) -> dict[str, int]:
    # Every state is named, as the index begins with it.
    items = Item.objects.filter(
        project=project,
        state__in=Item.State.values,
        audit_key__gt=above,
        audit_key__lte=frontier,
    )
    in_bulk = Annotation.objects.filter(item=OuterRef("pk"), source=Source.BULK, withdrawn_at=None)
    settled = Q(state=Item.State.LABELLED)
    # Up to there nothing waits but what was skipped.
    return items.aggregate(
        audited=Count("pk", filter=Q(~Exists(in_bulk), settled)),
        audits_skipped=Count("pk", filter=~settled),
    )


def _skipped_below(project: Project, frontier: int) -> int:
    waiting = [state for state in Item.State.values if state != Item.State.LABELLED]
    return Item.objects.filter(
        project=project, state__in=waiting, skips__gt=0, audit_key__lte=frontier
    ).count()


def accuracy(project: Project) -> dict[str, Any] | None:
    """Return the newest estimate from audit items, None while there are too few of them."""
    return estimate.newest(project)


def _newest_estimate(project: Project) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """Return the newest estimate that may be told, and where its audits were counted up to."""
    newest = project.models.filter(accuracy__isnull=False)
    row = newest.values_list(*estimate.FIELDS, "measured__audits").first()
    return (None, None) if row is None else (estimate.told(*row[:3]), row[3])


def features(project: Project) -> dict[str, Any]:
    """Return what the model sees the items by, and whether something better is being made."""
    space = encode.current_space(project)
    return {
        "recipe": None if space is None else space.recipe,
        "improving": project.spaces.active().exists(),
    }


def advice(project: Project, answers: int, measured: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return whether to stop, with the reasons in words; `measured` is what `accuracy` returns."""
    return _advised(_reasons_to_stop(project, answers, measured))


def _advised(reasons: Reasons) -> dict[str, Any]:
    return {
        "advice": "stop" if reasons else "go_on",
        "reasons": [words for _cause, words in reasons],
    }


def _reasons_to_stop(project: Project, answers: int, measured: Mapping[str, Any] | None) -> Reasons:
    """Return each reason to stop with its cause; it is enough only where the target is proven."""
    proven = _target_proven(project, measured)
    found = [(stopping.TARGET, words) for words in proven]
    spent = stopping.budget_spent(project, answers, measured, is_proven=bool(proven))
    if spent:
        found.append((stopping.BUDGET, spent))
    if project.items and answers and not _unlabelled(project):
        found.append((stopping.DONE, _all_done(project)))
    return found


def _target_proven(project: Project, measured: Mapping[str, Any] | None) -> list[str]:
    target, said = project.target_accuracy, []
    if target and measured and measured.get("proven", 0.0) >= target:
        said.append(goal_reached(measured["proven"], target))
    return said + recall_standing.reasons_to_stop(project)


def goal_reached(proven: float, target: float) -> str:
    """Return in words that the accuracy aimed for is proven."""
    words = _("The audits prove an accuracy of %(low)s %%; the target is %(target)s %%.")
    return words % {"low": estimate.bound(proven), "target": percent(target)}


def outlook(project: Project, measured: Mapping[str, Any] | None) -> str:
    """Return in words how many more audits would prove the target (estimates.needed_in_words)."""
    return estimate.needed_in_words(project, measured)


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


def paused(
    project: Project, reasons: Reasons | None = None, *, answers: int | None = None
) -> stopping.Pause | None:
    """Return why the project hands out nothing; None while it does.

    A lead paused it, or it stopped by itself: `reasons` are those to stop, `answers` how many
    labels there are, where that is known.
    """
    by_lead = stopping.by_lead(project)
    if by_lead is not None or not project.auto_stop:
        return by_lead
    if reasons is None:
        given = stopping.answers(project) if answers is None else answers
        reasons = _reasons_to_stop(project, given, accuracy(project))
    return stopping.by_itself(reasons) if reasons else None


def why_empty(project: Project, user: User, pause: stopping.Pause | None = None) -> str:
    """Return in words why there is nothing to label, and what happens next."""
    pause = pause or paused(project)
    if pause is not None:
        return pause.words
    if project.imports.active().exists():
        return _("The first items are being imported. They appear here by themselves.")
    if not project.items:
        return _("There are no items yet. An admin of the project can import some.")
    if not _unlabelled(project):
        if skipped_items.count(project):
            return _("Every item is labelled, but for those that everybody skipped. Thank you!")
        return _("Every item is labelled. Thank you!")
    if stopping.left(project) <= 0:
        return _(
            "The last labels of the budget are with others. What they give back appears here "
            "by itself."
        )
    return _(
        "Nothing is left for you: the items that still need a label are with others, "
        "or you have seen them already."
    )


def _unlabelled(project: Project) -> bool:
    # One state at a time and in their order, or PostgreSQL may look for the one in the whole table.
    items = Item.objects.filter(project=project).order_by("audit_key").values_list("pk", flat=True)
    return any(items.filter(state=state)[:1] for state in (Item.State.POOL, Item.State.QUEUED))


def _all_done(project: Project) -> str:
    if skipped_items.count(project):
        return _("Every item is labelled, but for those that everybody skipped.")
    return _("Every item is labelled.")


def percent(share: float) -> str:
    """Return a share as a number of hundredths, with a decimal where it needs one."""
    return estimate.number(share)


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


# What is under way -------------------------------------------------------------------------------


def activity(project: Project) -> list[dict[str, Any]]:
    """Return what is under way in the background, and what failed in the last day."""
    return [
        *map(_import_activity, _current(project.imports)),
        *map(_space_activity, _current(project.spaces)),
        *map(_round_activity, _latest_round(project)),
        *_recount_activity(project),
    ]


def _current(jobs: Any) -> list[Any]:
    failed = Q(state=Job.State.FAILED, finished_at__gte=timezone.now() - LATELY)
    under_way = Q(state__in=[Job.State.QUEUED, Job.State.RUNNING])
    found = list(jobs.filter(under_way | failed).order_by("-pk")[:50])
    # What is under way first and in its order, then the newest failures.
    return [
        *[job for job in reversed(found) if job.is_active][:20],
        *[job for job in found if not job.is_active][:5],
    ]


def _latest_round(project: Project) -> list[Round]:
    turn = project.rounds.first()
    interesting = turn is not None and (turn.is_active or turn.state == Job.State.FAILED)
    return [turn] if interesting and turn is not None else []


def _import_activity(work: Import) -> dict[str, Any]:
    if work.state == Job.State.FAILED:
        words = _("The import of %(name)s failed: %(error)s")
    elif work.state == Job.State.QUEUED:
        words = _("%(name)s waits for a worker.")
    else:
        words = _("%(name)s is being imported.")
    return {
        **_job(work, "import", words % {"name": work.name, "error": translated(work.error)}),
        "done": work.done,
        "total": work.total,
    }


def _space_activity(space: Any) -> dict[str, Any]:
    if space.state == Job.State.FAILED:
        words = _("The features could not be computed: %(error)s") % {
            "error": translated(space.error)
        }
    elif space.stage == space.Stage.FIT:
        words = _("Learning what to look at in %(n)d items.") % {"n": space.items}
    else:
        words = _("Computing the features of %(n)d items.") % {"n": space.items}
    words = damaged_files.words_of(space) or words
    done = space.shards.filter(state=FeatureShard.State.DONE).count()
    # The fit takes about as long as one shard, so the bar moves evenly.
    total = 1 + -(-space.items // feature_store.SHARD_ITEMS)
    fitted = int(space.stage == space.Stage.TRANSFORM)
    return {**_job(space, "features", words), "done": done + fitted, "total": total}


def _round_activity(turn: Round) -> dict[str, Any]:
    stages = list(Round.Stage.values)
    if turn.state == Job.State.FAILED:
        words = _("Round %(n)d failed: %(error)s Labelling goes on, and it is tried again.")
    else:
        words = _("Round %(n)d: %(stage)s.")
    values = {"n": turn.number, "stage": turn.get_stage_display(), "error": translated(turn.error)}
    return {
        **_job(turn, "round", words % values),
        "done": stages.index(turn.stage),
        "total": len(stages),
    }


def _recount_activity(project: Project) -> list[dict[str, Any]]:
    """Return what the last recount left wrong; nothing where all counters are right."""
    left = project.recounted.get("left", 0)
    if not left:
        return []
    words = ngettext(
        "%(n)d counter is not what its rows say. “manage.py recount --fix” mends it.",
        "%(n)d counters are not what their rows say. “manage.py recount --fix” mends them.",
        left,
    )
    return [{"kind": "recount", "id": project.pk, "words": words % {"n": left}, "failed": True}]


def _job(work: Any, kind: str, words: str) -> dict[str, Any]:
    return {"kind": kind, "id": work.pk, "words": words, "failed": work.state == Job.State.FAILED}


# The installation --------------------------------------------------------------------------------


def report_worker(name: str, over: threading.Event) -> None:
    """Say every few seconds that the worker called `name` lives, until `over` is set."""
    while True:
        try:
            WorkerBeat.objects.update_or_create(name=name, defaults={"seen_at": timezone.now()})
        except Error as problem:
            # A database that was away for a while must not make the worker look dead for ever.
            log.warning("%s could not report itself: %s", name, problem)
        connection.close()
        if over.wait(BEAT_SECONDS):
            break
    WorkerBeat.objects.filter(name=name).delete()
    connection.close()


def workers() -> dict[str, Any]:
    """Return whether any worker lives, and in words what that means."""
    newest = WorkerBeat.objects.order_by("-seen_at").first()
    seconds = None if newest is None else (timezone.now() - newest.seen_at).total_seconds()
    alive = seconds is not None and seconds < DEAD_SECONDS
    if alive:
        words = _("The worker is there.")
    elif seconds is None:
        words = _(
            "No worker is running: labels are saved, but nothing is imported and the model does "
            "not learn. Start Winnow with “manage.py up”, or a worker with "
            "“celery -A annotator worker -B”."
        )
    else:
        words = _(
            "No worker seen for %(ago)s: labels are saved, but nothing is imported and the model "
            "does not learn. Start one with “celery -A annotator worker -B”."
        ) % {"ago": _ago(seconds)}
    return {"alive": alive, "seconds": seconds, "words": words}


def _ago(seconds: float) -> str:
    if seconds < 120:
        return ngettext("%(n)d s", "%(n)d s", int(seconds)) % {"n": int(seconds)}
    return ngettext("%(n)d minute", "%(n)d minutes", int(seconds // 60)) % {"n": int(seconds // 60)}


def readiness() -> dict[str, str]:
    """Return for each part of the installation "ok" or what is wrong with it."""
    return {"database": _database(), "broker": _broker(), "worker": _worker()}


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Exception as problem:
        return f"not reachable ({type(problem).__name__})"
    return "ok"


def _broker() -> str:
    from kombu.connection import Connection

    try:
        with Connection(settings.BROKER_URL, connect_timeout=1) as broker:  # type: ignore[no-untyped-call]
            broker.ensure_connection(max_retries=0, timeout=1)
    except Exception as problem:
        return f"not reachable ({type(problem).__name__})"
    return "ok"


def _worker() -> str:
    return "ok" if workers()["alive"] else "no heartbeat"
