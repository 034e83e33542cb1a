"""What runs in the background of a project, and what failed there lately."""

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from annotator.flow.features.encoding_state import FAILED, PAUSED
from annotator.flow.operations.activity import Activity, activity
from annotator.i18n.stored_messages import translated
from annotator.jobs import damaged_files
from annotator.models import FeatureSpace, Import, Job, Project, Round


def told(project: Project, progress: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    """Return running background work, and failures of the last 24 hours, each in words.

    With the project's `progress` in words, an encoder that is at work is among them.
    """
    encoding = progress and progress["features"]["encoding"]
    return [*([_encoding(encoding)] if encoding and encoding["words"] else []), *_jobs(project)]


def _jobs(project: Project) -> list[dict[str, Any]]:
    return [_told(each) for each in activity(project)]


def _encoding(found: dict[str, Any]) -> dict[str, Any]:
    return {
        "kind": "encoding",
        "words": found["words"],
        "failed": found["state"] == FAILED,
        "paused": found["state"] == PAUSED,
        "done": found["done"],
        "total": found["items"],
    }


def _told(each: Activity) -> dict[str, Any]:
    words = _recount_words(each.wrong) if each.job is None else WORDS[each.kind](each.job)
    shown = {"kind": each.kind, "id": each.id, "words": words, "failed": each.failed}
    return shown if each.job is None else {**shown, "done": each.done, "total": each.total}


def _import_words(work: Import) -> str:
    if work.state == Job.State.FAILED:
        words = _("Import of %(name)s failed: %(error)s")
    elif work.state == Job.State.QUEUED:
        words = _("%(name)s is waiting for a worker.")
    else:
        words = _("%(name)s is being imported.")
    return words % {"name": work.name, "error": translated(work.error)}


def _space_words(space: FeatureSpace) -> str:
    damage = damaged_files.words_of(space)
    if damage:
        return damage
    if space.state == Job.State.FAILED:
        words = _("The features could not be computed: %(error)s")
        return words % {"error": translated(space.error)}
    if space.stage == space.Stage.FIT:
        return _("Fitting the feature encoder on %(n)d items.") % {"n": space.items}
    return _("Computing the features of %(n)d items.") % {"n": space.items}


def _round_words(round_: Round) -> str:
    if round_.state == Job.State.FAILED:
        words = _("Round %(n)d failed: %(error)s Labelling continues; the round will be retried.")
    else:
        words = _("Round %(n)d: %(stage)s.")
    return words % {
        "n": round_.number,
        "stage": round_.get_stage_display(),
        "error": translated(round_.error),
    }


def _recount_words(wrong: int) -> str:
    words = ngettext(
        "%(n)d counter is wrong. Run “manage.py recount --fix” to correct it.",
        "%(n)d counters are wrong. Run “manage.py recount --fix” to correct them.",
        wrong,
    )
    return words % {"n": wrong}


WORDS: dict[str, Callable[[Any], str]] = {
    "import": _import_words,
    "features": _space_words,
    "round": _round_words,
}
