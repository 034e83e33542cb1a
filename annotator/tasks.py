"""The whole background graph. Each task makes one flow call; the job's row is the truth, so a task
that comes twice does nothing, and one that never comes is sent again by the tick. Their names stand
in messages that wait in the broker through an upgrade, so they stay whatever a module is called.

    run_import -> fit_features -> transform_shard (each) -> learn_if_due
    learn_if_due -> train -> score_shard (each) -> select -> refill -> evaluate
    evaluate -> learn_if_due, report
    plan_delivery -> prove_delivery (after answers) ; freeze_delivery
    simulate -> simulate (one run a message, so that rounds come in between)
    encode_vectors -> encode_vectors (one slice a message, when nothing else waits), fit_features
"""

from typing import Any

from celery import shared_task

from annotator.flow.archiving import jobs as archive_jobs
from annotator.flow.archiving import run as archiving
from annotator.flow.datasets import export_job, importing
from annotator.flow.datasets import undo_import as undoing
from annotator.flow.delivery import freezing, planning, promises, proof
from annotator.flow.evaluation import audit_accuracy
from annotator.flow.features import encode, encoder_costs, vectors
from annotator.flow.items import bulk
from annotator.flow.operations import background_reports, cleanup, sample_history
from annotator.flow.operations import encoders as installed_encoders
from annotator.flow.operations import verify_counts as recounting
from annotator.flow.projects import label_merge
from annotator.flow.queue import orphaned_leases, reassign_idle, releasing
from annotator.flow.queue import refill as refilling
from annotator.flow.queue.assigned import ending
from annotator.flow.simulation import job
from annotator.flow.training import schedule, score
from annotator.flow.training import select as training_select
from annotator.flow.training import train as training
from annotator.jobs.runner import are_any_active, is_any_active, sweep
from annotator.models import (
    ArchiveJob,
    BulkEdit,
    Delivery,
    EncoderImport,
    Export,
    FeatureShard,
    FeatureSpace,
    Import,
    Job,
    LabelEdit,
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


@shared_task(name="annotator.tasks.run_export")
def run_export(pk: int) -> None:
    """Write an export to a file."""
    export_job.run(pk)


@shared_task(name="annotator.tasks.run_archive_job")
def run_archive_job(pk: int) -> None:
    """Write an archive, or make a project of one, which then learns on."""
    work = archiving.run(pk)
    if work is not None and work.made_id is not None:
        learn_if_due.delay(work.made_id)


@shared_task(name="annotator.tasks.edit_items")
def edit_items(pk: int) -> None:
    """Do or undo a bulk edit, then learn from what changed."""
    work = bulk.run(pk)
    if work is not None:
        learn_if_due.delay(work.project_id)


@shared_task(name="annotator.tasks.merge_labels")
def merge_labels(pk: int) -> None:
    """Do or undo a merge of labels, then learn from what changed."""
    work = label_merge.run(pk)
    if work is not None:
        learn_if_due.delay(work.project_id)
        report.delay(work.project_id)


def do_bulk_edit(work: BulkEdit) -> bool:
    """Do or undo a bulk edit now if it is small, and return whether it is done; or let a worker."""
    is_done = bulk.finish_quickly(work)
    if is_done:
        learn_if_due.delay_on_commit(work.project_id)
    else:
        edit_items.delay_on_commit(work.pk)
    work.refresh_from_db()
    return is_done


def do_merge(work: LabelEdit) -> bool:
    """Do or undo a merge now if it is small, and return whether it is done; or let a worker."""
    is_done = label_merge.finish_quickly(work)
    if is_done:
        learn_if_due.delay_on_commit(work.project_id)
        report.delay_on_commit(work.project_id)
    else:
        merge_labels.delay_on_commit(work.pk)
    work.refresh_from_db()
    return is_done


def ask_again(work: LabelEdit) -> None:
    """Have a worker ask the items of a split label again."""
    if work.redo is not None and work.redo.is_active:
        edit_items.delay_on_commit(work.redo.pk)


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


@shared_task(name="annotator.tasks.plan_delivery")
def plan_delivery(pk: int) -> None:
    """Choose what the model may label, and ask for the first checks."""
    if planning.plan(pk) is not None:
        prove_delivery.delay(pk)


@shared_task(name="annotator.tasks.prove_delivery")
def prove_delivery(pk: int) -> None:
    """Work out what the checks of a delivery prove, and ask for more."""
    proof.go_on(pk)


@shared_task(name="annotator.tasks.freeze_delivery")
def freeze_delivery(pk: int) -> None:
    """Write the labels of a proven delivery."""
    freezing.freeze(pk)


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


@shared_task(name="annotator.tasks.fill_sample")
def fill_sample(project_pk: int, import_pk: int) -> None:
    """Import the sample, give it its history, then have it learn on like any project."""
    importing.run(import_pk)
    for space in sample_history.make(project_pk):
        fit_features.delay(space.pk)
    learn_if_due.delay(project_pk)
    report.delay(project_pk)


# Jobs that one task does from beginning to end.
ALONE: dict[type[Job], Any] = {
    Import: run_import,
    Removal: undo_import,
    Export: run_export,
    ArchiveJob: run_archive_job,
    BulkEdit: edit_items,
    LabelEdit: merge_labels,
    Simulation: simulate,
    EncoderImport: add_encoder,
}
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
    ending.end_due()
    cleanup.close_finished()
    cleanup.drop_unused_uploads()
    _sweep_jobs_of_one_task(just_now)
    for space in [*encode.plan_missing(), *vectors.plan_changed()]:
        fit_features.delay(space.pk)
    if vectors.due():
        # One is enough, and one that waits for long is of no use any more.
        encode_vectors.apply_async(expires=15)
    for pk in sweep(FeatureSpace, just_now=just_now, stage=FeatureSpace.Stage.FIT):
        fit_features.delay(pk)
    for pk in sweep(FeatureShard, just_now=just_now, space__stage=FeatureSpace.Stage.TRANSFORM):
        transform_shard.delay(pk)
    _sweep_rounds(just_now)
    _sweep_deliveries(just_now)
    for pk in background_reports.overdue():
        report.delay(pk)
    for round_ in schedule.start_all_due():
        train.delay(round_.pk)


def _sweep_jobs_of_one_task(just_now: bool) -> None:
    # Usually there are none of any kind, which one statement tells.
    if not are_any_active(tuple(ALONE)):
        return
    for model, task in ALONE.items():
        for pk in sweep(model, just_now=just_now):
            task.delay(pk)


def _sweep_deliveries(just_now: bool) -> None:
    if not promises.is_any_under_way():
        return
    promises.mend_failed()
    for pk in sweep(Delivery, just_now=just_now, stage=Delivery.Stage.PLAN):
        plan_delivery.delay(pk)
    for pk in sweep(Delivery, just_now=just_now, stage=Delivery.Stage.FREEZE):
        freeze_delivery.delay(pk)
    for pk in proof.due():
        prove_delivery.delay(pk)


def _sweep_rounds(just_now: bool) -> None:
    # A round waits while its shards are scored.
    if not is_any_active(Round):
        return
    for pk in sweep(RoundShard, just_now=just_now, round__stage=Round.Stage.SCORE):
        score_shard.delay(pk)
    for stage, task in STAGES.items():
        for pk in sweep(Round, just_now=just_now, stage=stage):
            task.delay(pk)


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
    archive_jobs.drop_old()
