"""Sentences of the status pages: what works, what does not, and what to do."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from annotator.flow.operations import health
from annotator.flow.operations.health import Disk, Failure, Kind, ProjectHealth
from annotator.jobs import damaged_files
from annotator.models import FeatureShard, Job, Round
from annotator.views import number_format

FINE, WORKING, WATCH, ACT = "fine", "working", "watch", "act"
LEVELS = (FINE, WORKING, WATCH, ACT)
MARKS = {
    FINE: gettext_lazy("OK"),
    WORKING: gettext_lazy("busy"),
    WATCH: gettext_lazy("warning"),
    ACT: gettext_lazy("error"),
}
# A job waits a tick or two for its worker, and an old one waits behind those before it.
LONG_DUE = 120.0
MOST_DAMAGED = 5


@dataclass(frozen=True)
class Note:
    """One status line: level, figures or a sentence, and what to do."""

    title: str
    level: str
    words: str = ""
    todo: str = ""
    figures: tuple[tuple[str, str], ...] = ()

    @property
    def mark(self) -> str:
        """Return the level as a word."""
        return str(MARKS[self.level])


def verdict(notes: Iterable[Note]) -> str:
    """Return the headline."""
    notes = list(notes)
    worst = max((note.level for note in notes), key=LEVELS.index)
    told = {
        FINE: _("All systems are running."),
        WORKING: _("All systems are running; jobs are in progress."),
        WATCH: _("Running, with warnings: %(titles)s."),
        ACT: _("Errors: %(titles)s."),
    }[worst]
    return told % {"titles": ", ".join(note.title for note in notes if note.level == worst)}


# A project ---------------------------------------------------------------------------------------


def worker(found: dict[str, Any]) -> Note:
    """Return whether a worker is running."""
    return Note(_("Worker"), FINE if found["alive"] else ACT, found["words"])


def last_round(stands: ProjectHealth) -> Note:
    """Return when the last round ran, or why there is none."""
    round_, title = stands.last, _("Rounds")
    if round_ is None:
        return Note(
            title, FINE, _("None yet. The first round starts once the features are computed.")
        )
    if round_.state == Job.State.FAILED:
        told = _(
            "Round %(n)d failed %(ago)s: %(error)s Labelling continues with the current queue."
        )
        todo = _(
            "It is retried automatically, with pauses of up to half an hour. If it keeps failing, "
            "tell an installation admin the reason."
        )
        return Note(title, ACT, told % {**_when(round_), "error": _sentence(round_.error)}, todo)
    if round_.is_active:
        stage = _("Round %(n)d: %(stage)s.")
        values = {"n": round_.number, "stage": round_.get_stage_display()}
        return Note(title, WORKING, stage % values)
    figures = (
        (_("Newest round"), number_format.count(round_.number)),
        (_("Finished"), _when(round_)["ago"]),
        (_("Queue refilled after"), _took(round_)),
    )
    return Note(title, FINE, figures=figures)


def _when(round_: Round) -> dict[str, Any]:
    ended = round_.finished_at or round_.created_at
    return {"n": round_.number, "ago": number_format.ago(health.seconds_since(ended))}


def _took(round_: Round) -> str:
    return number_format.duration(round_.timings.get("to_refill"))


def model(stands: ProjectHealth) -> Note:
    """Describe the model's age and the labels since."""
    title, taught = _("Model"), stands.taught
    every = stands.project.retrain_every
    if taught is None or taught.model is None:
        told = _("None yet. It needs at least two different labels; there are %(n)s labels so far.")
        return Note(title, FINE, told % {"n": at_most(stands.unseen)})
    figures = (
        (_("Number"), number_format.count(taught.model.number)),
        (_("Trained"), number_format.ago(stands.model_age or 0.0)),
        (_("Labels"), number_format.count(taught.model.trained_on)),
        (_("New labels since"), at_most(stands.unseen)),
    )
    is_waiting = stands.last is not None and stands.last.is_active
    if stands.unseen > 2 * every and not is_waiting:
        todo = _(
            "A round was due after %(every)d labels. See “Rounds” and “Worker” for the reason."
        )
        return Note(title, WATCH, todo=todo % {"every": every}, figures=figures)
    todo = _(
        "The next round starts after %(every)d new labels, or once new labels have waited for "
        "%(pause)s."
    )
    pause = number_format.duration(stands.project.retrain_seconds)
    return Note(title, FINE, todo=todo % {"every": every, "pause": pause}, figures=figures)


def damaged(shards: Sequence[FeatureShard]) -> list[Note]:
    """Describe features found damaged in the last 24 hours, if any."""
    if not shards:
        return []
    told = [_damaged(shard) for shard in shards[:MOST_DAMAGED]]
    level = WORKING if any(shard.is_active for shard in shards) else WATCH
    todo = _("If it happens again, check the disk of this installation.")
    return [Note(_("Features"), level, " ".join(told), todo)]


def _damaged(shard: FeatureShard) -> str:
    if shard.is_active or shard.damaged_at is None:
        return damaged_files.shard_words(shard)
    told = _("Feature shard %(n)d was damaged %(ago)s. It has been computed again.")
    if shard.state == Job.State.FAILED:
        told = _("Feature shard %(n)d was damaged %(ago)s and can't be computed again.")
    ago = number_format.ago(health.seconds_since(shard.damaged_at))
    return told % {"n": shard.number + 1, "ago": ago}


def queue(stands: ProjectHealth) -> Note:
    """Describe queued and leased items."""
    figures = [(_("Queued"), at_most(stands.open)), (_("Leased"), at_most(stands.leased))]
    if stands.oldest_lease is not None:
        figures.append((_("Oldest lease"), number_format.ago(stands.oldest_lease)))
    words = ""
    if not stands.open and stands.project.population:
        words = _("The queue is empty. Annotators get random items until the next round.")
    return Note(_("Queue"), FINE, words, figures=tuple(figures))


def at_most(number: int) -> str:
    """Return a count that may have been cut off."""
    if number > health.MOST:
        return _("more than %(n)s") % {"n": number_format.count(health.MOST)}
    return number_format.count(number)


def disk(found: Disk) -> Note:
    """Describe the free disk space."""
    figures = (
        (_("Free"), number_format.file_size(found.free)),
        (_("Total"), number_format.file_size(found.total)),
    )
    if not found.is_low:
        return Note(_("Disk"), FINE, figures=figures)
    todo = _("Free space soon: when the disk is full, imports, rounds and saving stop.")
    return Note(_("Disk"), ACT, todo=todo, figures=figures)


# Failures -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Failed:
    """A failure: what failed, why, and what to do."""

    what: str
    ago: str
    reason: str
    todo: str
    project: Any


WHAT: dict[str, tuple[Callable[[Any], Any], Any]] = {
    "import": (
        lambda job: _("Import of %(name)s") % {"name": job.name},
        gettext_lazy("Correct the error and import the file again. Items are not duplicated."),
    ),
    "export": (
        lambda job: _("Export as %(name)s") % {"name": job.format},
        gettext_lazy("Start the export again."),
    ),
    "features": (
        lambda job: _("Features of %(n)s items") % {"n": number_format.count(job.items)},
        gettext_lazy("It is retried every five minutes. The items can be labelled meanwhile."),
    ),
    "vectors": (
        lambda job: (
            _("Encoding of items %(first)s to %(last)s")
            % {
                "first": number_format.count(job.start + 1),
                "last": number_format.count(job.stop),
            }
        ),
        gettext_lazy("It is retried every ten minutes. Labelling continues without the encoder."),
    ),
    "round": (
        lambda job: _("Round %(n)d") % {"n": job.number},
        gettext_lazy("It is retried automatically. Labelling continues with the current queue."),
    ),
    "simulation": (
        lambda job: _("Simulation of %(name)s") % {"name": _tried(job)},
        gettext_lazy("Fix the cause and start it again under “Simulate”."),
    ),
}


def _tried(job: Any) -> str:
    return job.name or _("the project's own labels")


def failed(failures: Iterable[Failure]) -> list[Failed]:
    """Describe a failure in words."""
    return [
        Failed(
            what=str(WHAT[each.kind][0](each.job)),
            ago=number_format.ago(health.seconds_since(each.job.finished_at)),
            reason=_sentence(each.job.error),
            todo=str(WHAT[each.kind][1]),
            project=each.project,
        )
        for each in failures
    ]


def failed_note(rows: list[Failed]) -> Note:
    """Return whether anything failed."""
    title = _("Failures")
    if not rows:
        return Note(title, FINE, _("No unresolved failures in the last 24 hours."))
    return Note(title, ACT, _("Failures and remedies are listed below."))


def _sentence(error: str) -> str:
    text = error.strip() or _("No reason was recorded.")
    return text if text.endswith((".", "!", "?")) else f"{text}."


# The installation --------------------------------------------------------------------------------


def part(title: str, state: str, todo: str) -> Note:
    """Return whether a part of the installation is available."""
    if state == "ok":
        return Note(title, FINE, _("Connected."))
    return Note(title, ACT, f"{state[:1].upper()}{state[1:]}.", todo)


def jobs(kinds: Iterable[Kind], *, worker_alive: bool) -> Note:
    """Return whether workers start jobs in time."""
    kinds = list(kinds)
    active = sum(kind.queued + kind.running for kind in kinds)
    # Vectors wait for whatever else there is to do, and for those of other projects.
    prompt = [kind for kind in kinds if kind.name != "vectors"]
    waited = max((kind.oldest_due or 0.0 for kind in prompt), default=0.0)
    title = _("Jobs")
    if waited > LONG_DUE:
        told = _("A job due %(ago)s has not started.") % {"ago": number_format.ago(waited)}
        todo = _("The workers are busy, or no scheduler is running (celery beat).")
        return Note(title, WATCH if worker_alive else ACT, told, todo if worker_alive else "")
    if not active:
        return Note(title, FINE, _("No jobs are running."))
    return Note(title, WORKING, _("%(n)s running.") % {"n": number_format.count(active)})


KINDS = {
    "import": gettext_lazy("Imports"),
    "export": gettext_lazy("Exports"),
    "features": gettext_lazy("Features"),
    "feature_shard": gettext_lazy("Feature shards"),
    "vectors": gettext_lazy("Vectors"),
    "round": gettext_lazy("Rounds"),
    "round_shard": gettext_lazy("Round shards"),
    "simulation": gettext_lazy("Simulations"),
}


def kind_row(kind: Kind) -> tuple[str, list[str]]:
    """Return a kind of job with its figures."""
    waited = "–" if kind.oldest_due is None else number_format.ago(kind.oldest_due)
    counts = [number_format.count(n) for n in (kind.queued, kind.running, kind.failed)]
    return str(KINDS[kind.name]), [*counts, waited]


def project_row(stands: ProjectHealth) -> dict[str, Any]:
    """Return one row of the table of projects."""
    round_ = stands.last
    return {
        "project": stands.project,
        "figures": [at_most(n) for n in (stands.open, stands.leased, stands.unseen)],
        "round": "–" if round_ is None else f"{round_.number}: {round_.get_state_display()}",
        "is_bad": round_ is not None and round_.state == Job.State.FAILED,
        "model": "–" if stands.model_age is None else number_format.ago(stands.model_age),
    }
