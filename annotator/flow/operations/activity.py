"""Background activity of a project: running jobs, and failures of the last 24 hours."""

from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from annotator.flow.features import encoding_state
from annotator.flow.progress.summary import LATELY
from annotator.i18n.stored_messages import translated
from annotator.jobs import damaged_files
from annotator.models import FeatureShard, Import, Job, Project, Round
from annotator.pool import feature_store


def activity(project: Project) -> list[dict[str, Any]]:
    """Return running background work, and failures of the last 24 hours."""
    return [
        *map(_import_activity, _current(project.imports)),
        *map(_space_activity, _current(project.spaces)),
        *_encoding_activity(project),
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
    round_ = project.rounds.first()
    interesting = round_ is not None and (round_.is_active or round_.state == Job.State.FAILED)
    return [round_] if interesting and round_ is not None else []


def _import_activity(work: Import) -> dict[str, Any]:
    if work.state == Job.State.FAILED:
        words = _("Import of %(name)s failed: %(error)s")
    elif work.state == Job.State.QUEUED:
        words = _("%(name)s is waiting for a worker.")
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
        words = _("Fitting the feature encoder on %(n)d items.") % {"n": space.items}
    else:
        words = _("Computing the features of %(n)d items.") % {"n": space.items}
    words = damaged_files.words_of(space) or words
    done = space.shards.filter(state=FeatureShard.State.DONE).count()
    # The fit takes about as long as one shard, so the bar moves evenly.
    total = 1 + -(-space.items // feature_store.shard_items(space))
    fitted = int(space.stage == space.Stage.TRANSFORM)
    return {**_job(space, "features", words), "done": done + fitted, "total": total}


def _encoding_activity(project: Project) -> list[dict[str, Any]]:
    """Return how far the project's encoder is, where it is at work, paused or stopped."""
    found = encoding_state.find(project)
    if found is None:
        return []
    return [
        {
            "kind": "encoding",
            "id": project.pk,
            "words": encoding_state.words(project, found),
            "failed": found.state == encoding_state.FAILED,
            "paused": found.state == encoding_state.PAUSED,
            "done": found.done,
            "total": found.items,
        }
    ]


def _round_activity(round_: Round) -> dict[str, Any]:
    stages = list(Round.Stage.values)
    if round_.state == Job.State.FAILED:
        words = _("Round %(n)d failed: %(error)s Labelling continues; the round will be retried.")
    else:
        words = _("Round %(n)d: %(stage)s.")
    values = {
        "n": round_.number,
        "stage": round_.get_stage_display(),
        "error": translated(round_.error),
    }
    return {
        **_job(round_, "round", words % values),
        "done": stages.index(round_.stage),
        "total": len(stages),
    }


def _recount_activity(project: Project) -> list[dict[str, Any]]:
    """Return the counters that the last recount left wrong; empty if there are none."""
    left = project.recounted.get("left", 0)
    if not left:
        return []
    words = ngettext(
        "%(n)d counter is wrong. Run “manage.py recount --fix” to correct it.",
        "%(n)d counters are wrong. Run “manage.py recount --fix” to correct them.",
        left,
    )
    return [{"kind": "recount", "id": project.pk, "words": words % {"n": left}, "failed": True}]


def _job(work: Any, kind: str, words: str) -> dict[str, Any]:
    return {"kind": kind, "id": work.pk, "words": words, "failed": work.state == Job.State.FAILED}
