"""Cleanup after crashes, and permanent removal of what is no longer needed."""

import shutil
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from annotator.db.compiled_queries import CompiledSelect
from annotator.flow.datasets import export_job, resumable
from annotator.flow.datasets.buckets import copies
from annotator.flow.datasets.upload import remove_files
from annotator.flow.features import encode, vectors
from annotator.flow.people import sign_ins
from annotator.flow.projects import settings as project_settings
from annotator.flow.simulation import job
from annotator.flow.training import score
from annotator.models import (
    Annotation,
    AnnotationLabel,
    BulkChange,
    DecidedLabel,
    Decision,
    Disagreement,
    Export,
    FeatureShard,
    FeatureSpace,
    FormerContent,
    Import,
    Item,
    Job,
    Lease,
    Project,
    QueueEntry,
    ReviewRequest,
    Revision,
    Round,
    RoundShard,
    SentBack,
    Simulation,
    UnfinishedUpload,
    Upload,
    WorkerBeat,
)
from annotator.pool import feature_store, model_files

GRACE = timedelta(days=7)
UPLOADS_KEPT = timedelta(hours=24)
SPACES_KEPT = 2
ROUNDS_KEPT = 3

FIND_TRANSFORMED = CompiledSelect(
    lambda: FeatureSpace.objects.active().filter(stage=FeatureSpace.Stage.TRANSFORM)
)
FIND_ROUNDS = CompiledSelect(lambda: Round.objects.active().select_related("space"))


def close_finished() -> None:
    """Advance jobs that only wait for their shards, as the worker of the last one may have died."""
    for space in FIND_TRANSFORMED():
        failed = space.shards.filter(state=FeatureShard.State.FAILED).first()
        if failed is not None:
            _give_up(FeatureSpace, space.pk, failed.error)
        else:
            encode.close_space(space)
    for round_ in FIND_ROUNDS():
        if round_.space.state == FeatureSpace.State.FAILED:
            _give_up(Round, round_.pk, round_.space.error)
        elif round_.stage == Round.Stage.SCORE:
            _close_scoring(round_)


def _close_scoring(round_: Round) -> None:
    lost = round_.shards.filter(state=RoundShard.State.FAILED).first()
    if lost is not None:
        _give_up(Round, round_.pk, lost.error)
    else:
        score.close_scoring(round_)


def _give_up(model: type[Job], pk: int, error: str) -> None:
    model.objects.active().filter(pk=pk).update(
        state=Job.State.FAILED, finished_at=timezone.now(), error=error
    )


def tidy() -> None:
    """Remove projects deleted a week ago, files no longer in use, and what has expired."""
    week_ago = timezone.now() - GRACE
    for project in Project.objects.filter(deleted_at__lt=week_ago):
        remove_project(project)
    for project in Project.objects.alive():
        _drop_old_files(project)
    WorkerBeat.objects.filter(seen_at__lt=week_ago).delete()
    sign_ins.drop_ended()
    drop_unused_uploads()
    _drop_old_uploads(week_ago)
    export_job.drop_old()


def drop_unused_uploads() -> None:
    """Remove uploads that nobody imported within a day, with their files."""
    for upload in Upload.objects.filter(created_at__lt=timezone.now() - UPLOADS_KEPT):
        # Not if it was imported in this moment: then the import has its files.
        if Upload.objects.filter(pk=upload.pk).delete()[0]:
            remove_files(*upload.paths)
    for unfinished in UnfinishedUpload.objects.filter(expires_at__lt=timezone.now()):
        resumable.discard(unfinished)


def _drop_old_uploads(before: datetime) -> None:
    """Remove uploaded files that no import will read any more."""
    readers = ((Import, "path"), (Import, "vectors_path"), (Import, "vector_ids_path"))
    wanted = {
        path
        for rows, name in (*readers, (Simulation, "path"))
        for path in rows.objects.active().values_list(name, flat=True)
    }
    for path in (settings.MEDIA_ROOT / "uploads").glob("*.upload"):
        if path.name not in wanted and path.stat().st_mtime < before.timestamp():
            path.unlink(missing_ok=True)
    _drop_old_copies(before, wanted)


def _drop_old_copies(before: datetime, wanted: set[str]) -> None:
    """Remove copies of files in buckets that no import will read any more."""
    uploads = settings.MEDIA_ROOT / "uploads"
    needed = {copies.folder_of(each, uploads) for each in wanted if copies.is_stored_there(each)}
    for path in uploads.glob(f"*{copies.SUFFIX}"):
        if path not in needed and path.stat().st_mtime < before.timestamp():
            shutil.rmtree(path, ignore_errors=True)


def remove_project(project: Project) -> None:
    """Delete a project permanently, with all its rows and files."""
    if project.deleted_at is None:
        project_settings.delete_project(project)
    folders = [
        feature_store.project_folder(project.pk),
        settings.MEDIA_ROOT / "pictures" / str(project.pk),
    ]
    # Django would load all rows first, to find what refers to them; this list is complete.
    for rows in (
        Disagreement.objects.filter(project=project),
        DecidedLabel.objects.filter(decision__project=project),
        Decision.objects.filter(project=project),
        ReviewRequest.objects.filter(project=project),
        BulkChange.objects.filter(edit__project=project),
        SentBack.objects.filter(project=project),
        AnnotationLabel.objects.filter(annotation__project=project),
        Revision.objects.filter(annotation__project=project),
        Annotation.objects.filter(project=project),
        QueueEntry.objects.filter(project=project),
        Lease.objects.filter(project=project),
        FormerContent.objects.filter(item__project=project),
        Item.objects.filter(project=project),
    ):
        rows._raw_delete(rows.db)
    exported = list(Export.objects.filter(project=project).values_list("path", flat=True))
    project.delete()
    for name in filter(None, exported):
        (export_job.folder() / name).unlink(missing_ok=True)
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


def _drop_old_files(project: Project) -> None:
    used = set(project.models.values_list("space_id", flat=True)[:SPACES_KEPT])
    done = project.spaces.filter(state=FeatureSpace.State.DONE, dropped=False)
    newest = set(done.order_by("-quality", "-id").values_list("pk", flat=True)[:SPACES_KEPT])
    # Where the encoder goes, they are at hand; and new ones with vectors are made of them.
    pool = set(done.filter(encoder="").order_by("-quality", "-id").values_list("pk", flat=True)[:1])
    for space in done.exclude(pk__in=used | newest | pool):
        FeatureSpace.objects.filter(pk=space.pk).update(dropped=True)
        space.shards.all().delete()
        shutil.rmtree(feature_store.space_folder(space), ignore_errors=True)
    vectors.drop_old(project)
    old = list(project.rounds.values_list("number", flat=True)[ROUNDS_KEPT:])
    # The export needs the judgements behind the shown estimate.
    estimate = project.models.filter(accuracy__isnull=False).values_list("pk", flat=True).first()
    judged = project.rounds.exclude(model=None).filter(model=estimate)
    for number in set(old).difference(judged.values_list("number", flat=True)):
        shutil.rmtree(model_files.round_folder(project.pk, number), ignore_errors=True)
    # One per shard and round, they would soon be the longest table; the round has their totals.
    if old:
        RoundShard.objects.filter(round__project=project, round__number__lte=old[0]).delete()
    job.drop_old(project)
