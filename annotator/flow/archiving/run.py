"""What a worker does with an archive job. A project that it makes is there as a whole, or not."""

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.db import transaction

from annotator.archives import checking, package, people, writer
from annotator.archives.problems import BadArchive
from annotator.archives.storing import Arrival
from annotator.db import clock
from annotator.errors import Conflict, NotFound
from annotator.flow.archiving.jobs import SUFFIX, folder, place_of, remove_file
from annotator.flow.operations import cleanup
from annotator.jobs.progress import TELL_SECONDS, Progress
from annotator.jobs.runner import job
from annotator.models import ArchiveJob, LostClaim, Project
from annotator.storage import job_files

TRIES = 3


@job(ArchiveJob)
def run(work: ArchiveJob) -> ArchiveJob:
    """Write an archive, open one, or copy a project; start over what a dead worker left."""
    work.write(done=0, begun_at=clock.now())
    STEPS[work.kind](work)
    return work


def _archive(work: ArchiveJob) -> None:
    path = _new_path(work)
    try:
        manifest = _write(work, path, steps=1)
        steps = sum(manifest["counts"].values())
        found = {"size": path.stat().st_size, "missing": len(manifest["missing"])}
        work.finish(path=path.name, done=steps, total=steps, **found)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _import(work: ArchiveJob) -> None:
    # The end of the job forgets its path.
    received = ArchiveJob(path=work.path)
    try:
        _store(work, place_of(work), done=0)
    except BadArchive:
        # It would not be another one at the next attempt.
        remove_file(received)
        raise
    remove_file(received)


def _clone(work: ArchiveJob) -> None:
    path = _new_path(work)
    try:
        manifest = _write(work, path, steps=3)
        _store(work, path, done=sum(manifest["counts"].values()))
    finally:
        path.unlink(missing_ok=True)


STEPS: dict[str, Callable[[ArchiveJob], None]] = {
    ArchiveJob.Kind.ARCHIVE: _archive,
    ArchiveJob.Kind.IMPORT: _import,
    ArchiveJob.Kind.CLONE: _clone,
}


def _new_path(work: ArchiveJob) -> Path:
    job_files.drop_left(folder(), work.pk)
    return folder() / job_files.new_name(work.pk, SUFFIX)


def _write(work: ArchiveJob, path: Path, steps: int) -> dict[str, Any]:
    """Write the archive of the job's project; again if a file of it went meanwhile."""
    project = work.source
    if project is None or project.deleted_at is not None:
        raise NotFound("not_found", message="unknown_project")
    work.write(total=steps * writer.total(project, work.scope))
    with Progress(work).told() as progress:
        for _attempt in range(TRIES):
            with suppress(writer.Changed):
                return writer.write(project, path, work.scope, progress.tell)
    raise Conflict("archive_changed")


def _store(work: ArchiveJob, path: Path, done: int) -> None:
    """Make a project of an archive; what fails is removed again."""
    _remove_unfinished(work)
    try:
        with package.opened(path) as found:
            work.write(done=done, total=done + 2 * found.steps)
            checked = checking.check(found, _telling(work, done))
            arrival = Arrival(found, checked, work.name)
            arrival.begin(work.write)
            arrival.store(_fencing(work, done + found.steps))
            with transaction.atomic():
                arrival.finish(work.user)
                total = done + 2 * found.steps
                missing = len(found.manifest.missing)
                work.finish(path="", done=total, total=total, missing=missing)
    except LostClaim:
        # Whoever took over has removed it.
        raise
    except Exception:
        _remove_unfinished(work)
        raise


def _telling(work: ArchiveJob, before: int) -> Any:
    told_at = 0.0

    def tell(done: int) -> None:
        nonlocal told_at
        if time.monotonic() - told_at >= TELL_SECONDS:
            told_at = time.monotonic()
            work.write(done=before + done)

    return tell


def _fencing(work: ArchiveJob, before: int) -> Any:
    return lambda done: work.write(done=before + done)


def _remove_unfinished(work: ArchiveJob) -> None:
    """Remove a project that an earlier attempt left, and accounts that only it needed."""
    made = Project.objects.filter(pk=work.made_id or 0).exclude(deleted_at=None).first()
    if made is not None:
        cleanup.remove_project(made)
    people.remove(work.people)
    work.write(made=None, people=[])
