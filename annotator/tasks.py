"""The whole background graph. Each task makes one flow call; the job's row is the truth, so a task
that comes twice does nothing, and one that never comes is sent again by the tick. Their names stand
in messages that wait in the broker through an upgrade, so they stay whatever a module is called.

    run_import -> fit_features -> transform_shard (each) -> learn_if_due
    learn_if_due -> train -> score_shard (each) -> select -> refill -> evaluate
    evaluate -> learn_if_due, report
    simulate -> simulate (one run a message, so that rounds come in between)
    encode_vectors -> encode_vectors (one slice a message, when nothing else waits), fit_features
"""

from celery import shared_task

from annotator.flow.datasets import importing
from annotator.flow.datasets import undo_import as undoing
from annotator.flow.evaluation import audit_accuracy
from annotator.flow.features import encode, encoder_costs, vectors
from annotator.flow.operations import background_reports, cleanup
from annotator.flow.operations import encoders as installed_encoders
from annotator.flow.operations import verify_counts as recounting
from annotator.flow.queue import orphaned_leases, reassign_idle, releasing
from annotator.flow.queue import refill as refilling
from annotator.flow.simulation import job
from annotator.flow.training import schedule, score
from annotator.flow.training import select as training_select
from annotator.flow.training import train as training
from annotator.jobs.runner import sweep
from annotator.models import (
    EncoderImport,
    FeatureShard,
    FeatureSpace,
    Import,
    Project,
    Removal,
    Round,
    RoundShard,
    Simulation,
)


@shared_task(name="annotator.tasks.run_import")
def run_import(pk: int) -> None:
    """Import a file into the pool, then have its features computed."""
    work = importing.run(pk)
    if work is not None:
        for space in encode.plan(work.project):
            fit_features.delay(space.pk)
        _plan_vectors(work.project)


@shared_task(name="annotator.tasks.undo_import")
def undo_import(pk: int) -> None:
    """Remove what an import brought, then learn without it."""
    work = undoing.run(pk)
    if work is not None:
        learn_if_due.delay(work.project_id)


@shared_task(name="annotator.tasks.fit_features")
def fit_features(pk: int) -> None:
    """Fit the encoder, then have every shard encoded."""
    space = encode.fit(pk)
    if space is not None:
        for shard in space.shards.all():
            transform_shard.delay(shard.pk)


@shared_task(name="annotator.tasks.transform_shard")
def transform_shard(pk: int) -> None:
    """Compute one shard's features; with the last one, a round may start."""
    space = encode.transform(pk)
    if space is not None:
        learn_if_due.delay(space.project_id)
        _plan_vectors(space.project)


@shared_task(name="annotator.tasks.encode_vectors")
def encode_vectors() -> None:
    """Encode one slice, then queue up again behind whatever else is to be done."""
    project = vectors.encode_next()
    if project is not None:
        _plan_vectors(project)


@shared_task(name="annotator.tasks.measure_encoders")
def measure_encoders(project_pk: int) -> None:
    """Find out how long each encoder would take for a project's items."""
    project = Project.objects.alive().filter(pk=project_pk).first()
    if project is not None:
        encoder_costs.measure(project)


def _plan_vectors(project: Project) -> None:
    """Have made what the project's encoder is to make next, and what can be made of its vectors."""
    space = vectors.plan(project)
    if space is not None:
        fit_features.delay(space.pk)
    if vectors.due():
        encode_vectors.delay()


@shared_task(name="annotator.tasks.learn_if_due")
def learn_if_due(project_pk: int) -> None:
    """Start a round if one is due."""
    round_ = schedule.start_if_due(project_pk)
    if round_ is not None:
        train.delay(round_.pk)


@shared_task(name="annotator.tasks.train")
def train(pk: int) -> None:
    """Fit the model, then have every shard scored."""
    round_ = training.train(pk)
    if round_ is not None:
        for scoring in round_.shards.all():
            score_shard.delay(scoring.pk)


@shared_task(name="annotator.tasks.score_shard")
def score_shard(pk: int) -> None:
    """Score one shard; with the last one, select."""
    round_ = score.score_shard(pk)
    if round_ is not None:
        select.delay(round_.pk)


@shared_task(name="annotator.tasks.select")
def select(pk: int) -> None:
    """Choose the picks, then refill the queue with them."""
    round_ = training_select.select(pk)
    if round_ is not None:
        refill.delay(round_.pk)


@shared_task(name="annotator.tasks.refill")
def refill(pk: int) -> None:
    """Put the picks into the queue, then evaluate the model."""
    round_ = refilling.refill(pk)
    if round_ is not None:
        evaluate.delay(round_.pk)


@shared_task(name="annotator.tasks.evaluate")
def evaluate(pk: int) -> None:
    """Evaluate the model; labels saved meanwhile may make the next round due."""
    round_ = audit_accuracy.evaluate(pk)
    if round_ is not None:
        learn_if_due.delay(round_.project_id)
        report.delay(round_.project_id)


@shared_task(name="annotator.tasks.report")
def report(project_pk: int) -> None:
    """Compute the reports that are due."""
    background_reports.make_all(project_pk)


@shared_task(name="annotator.tasks.simulate")
def simulate(pk: int) -> None:
    """Do one run of a simulation, then queue the next one behind all other tasks."""
    work = job.go_on(pk)
    if work is not None:
        simulate.delay(pk)


@shared_task(name="annotator.tasks.add_encoder")
def add_encoder(pk: int) -> None:
    """Copy an encoder from a folder of the server."""
    installed_encoders.add(pk)


STAGES = {
    Round.Stage.TRAIN: train,
    Round.Stage.SELECT: select,
    Round.Stage.REFILL: refill,
    Round.Stage.EVALUATE: evaluate,
}


@shared_task(name="annotator.tasks.tick")
def tick(just_now: bool = False) -> None:
    """Find due jobs that are not running, and send their tasks.

    With `just_now`, all waiting jobs: a worker that starts may have replaced a dead one, whose
    messages were lost.
    """
    releasing.release_expired()
    orphaned_leases.release_orphaned()
    reassign_idle.reopen_idle_audits()
    cleanup.close_finished()
    cleanup.drop_unused_uploads()
    for pk in sweep(Import, just_now=just_now):
        run_import.delay(pk)
    for pk in sweep(Removal, just_now=just_now):
        undo_import.delay(pk)
    for space in [*encode.plan_missing(), *vectors.plan_changed()]:
        fit_features.delay(space.pk)
    if vectors.due():
        # One is enough, and one that waits for long is of no use any more.
        encode_vectors.apply_async(expires=15)
    for pk in sweep(FeatureSpace, just_now=just_now, stage=FeatureSpace.Stage.FIT):
        fit_features.delay(pk)
    for pk in sweep(FeatureShard, just_now=just_now, space__stage=FeatureSpace.Stage.TRANSFORM):
        transform_shard.delay(pk)
    for pk in sweep(RoundShard, just_now=just_now, round__stage=Round.Stage.SCORE):
        score_shard.delay(pk)
    for stage, task in STAGES.items():
        for pk in sweep(Round, just_now=just_now, stage=stage):
            task.delay(pk)
    for pk in sweep(Simulation, just_now=just_now):
        simulate.delay(pk)
    for pk in sweep(EncoderImport, just_now=just_now):
        add_encoder.delay(pk)
    for pk in background_reports.overdue():
        report.delay(pk)
    for round_ in schedule.start_all_due():
        train.delay(round_.pk)


@shared_task(name="annotator.tasks.recount_all")
def recount_all() -> None:
    """Send one task per project to verify its counters."""
    for pk in recounting.projects():
        recount.delay(pk)


@shared_task(name="annotator.tasks.recount")
def recount(project_pk: int) -> None:
    """Verify the counters of one project, and store the differences; nothing is changed."""
    recounting.prove(project_pk)


@shared_task(name="annotator.tasks.tidy")
def tidy() -> None:
    """Delete what is no longer needed."""
    cleanup.tidy()
