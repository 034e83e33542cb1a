"""Schedule of rounds: new labels, time, better features, or a manual start."""

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone

from annotator.db.compiled_queries import CompiledSelect
from annotator.errors import Conflict
from annotator.flow.features import encode
from annotator.flow.labels import naming
from annotator.models import FeatureSpace, Project, Round
from annotator.pool import label_texts, training_set

LONGEST_PAUSE = 1800
# After a round, a project rests for three times the round's duration, so rounds get a quarter of
# the time however fast labels arrive. The cap is for rounds that mostly waited, for instance for a
# worker that died: their duration is not their cost.
RESTS = 3
LONGEST_REST = 20

FIND_FILLED = CompiledSelect(
    lambda: Project.objects.alive().exclude(items=0).values_list("pk", flat=True)
)


def start_if_due(project_pk: int) -> Round | None:
    """Start a round if enough was labelled, or enough time has passed, since the last one."""
    project = Project.objects.alive().filter(pk=project_pk).first()
    trigger = "" if project is None else due(project)
    if project is None or not trigger:
        return None
    try:
        return start_round(project, trigger)
    except Conflict:
        return None


def start_all_due() -> list[Round]:
    """Start a round in every project where one is due."""
    return [round_ for round_ in map(start_if_due, FIND_FILLED()) if round_ is not None]


def due(project: Project) -> str:
    """Return the reason to start a round now.

    "first", "features", "labels", "time", "descriptions", or "" if there is none.

    Changes are counted since the last successful round, so a failed one is made up for.
    """
    space = encode.current_space(project)
    last = project.rounds.first()
    if space is None or (last is not None and last.is_active):
        return ""
    now = timezone.now()
    failed_at = last.finished_at if last and last.state == Round.State.FAILED else None
    # Times in the future were stored before the clock was set back, and delay nothing.
    if failed_at is not None and failed_at <= now < failed_at + _pause(project):
        return ""
    done = project.rounds.filter(state=Round.State.DONE).first()
    if done is None:
        return "first"
    if done.space_id != space.pk:
        return "features"
    if is_resting(done, now):
        return ""
    new = training_set.label_revision(project) - done.seq
    if new >= project.retrain_every:
        return "labels"
    just_now = timedelta() <= now - done.created_at < timedelta(seconds=project.retrain_seconds)
    if new > 0 and not just_now:
        return "time"
    return "descriptions" if _are_texts_new(project, done, space) else ""


def _are_texts_new(project: Project, done: Round, space: FeatureSpace) -> bool:
    """Return whether texts of labels, from which the model learns, changed since a round."""
    if done.label_texts is None or not label_texts.is_possible(space):
        return False
    return label_texts.digest(naming.labels_of(project)) != done.label_texts


def is_resting(done: Round, now: datetime) -> bool:
    """Return whether it is too early for labels to start a round after `done`, the newest one."""
    if done.finished_at is None:
        return False
    took = (done.finished_at - done.created_at).total_seconds()
    rest = timedelta(seconds=min(max(RESTS * took, 0.0), LONGEST_REST))
    # Not if the clock was set back since.
    return done.finished_at <= now < done.finished_at + rest


def start_round(project: Project, trigger: str) -> Round:
    """Store a new round; Conflict if one is running or there are no features yet."""
    space = encode.current_space(project)
    if space is None:
        raise Conflict("no_features")
    newest = project.rounds.aggregate(n=Max("number"))["n"] or 0
    try:
        with transaction.atomic():
            return Round.objects.create(
                project=project,
                number=newest + 1,
                trigger=trigger,
                strategy=project.strategy,
                space=space,
                seq=training_set.label_revision(project),
            )
    except IntegrityError as problem:
        raise Conflict("round_running") from problem


def _pause(project: Project) -> timedelta:
    """Return the pause after failures: doubled with each consecutive one."""
    states = list(project.rounds.values_list("state", flat=True)[:10])
    row = next((i for i, state in enumerate(states) if state != Round.State.FAILED), len(states))
    return timedelta(seconds=min(15 * 2**row, LONGEST_PAUSE))
