"""Exports in the background: a file that is offered only when it is whole."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone

from annotator.db import clock
from annotator.errors import Conflict, NotFound
from annotator.flow.datasets import export
from annotator.flow.datasets.outgoing import choices
from annotator.jobs.progress import Progress
from annotator.jobs.runner import job
from annotator.models import Export, Project, User
from annotator.storage import job_files


def start(project: Project, user: User, format: str, given: Mapping[str, Any]) -> Export:
    """Store an export for a worker to write; Invalid names what is wrong with it."""
    writer, wanted = export.checked(project, format, given)
    return Export.objects.create(
        project=project, user=user, format=writer.kind, options=wanted.stored()
    )


def find(project: Project, number: int) -> Export:
    """Return one of the project's exports."""
    found: Export | None = Export.objects.filter(project=project, pk=number).first()
    if found is None:
        raise NotFound("unknown_export", days=Export.KEPT.days)
    return found


def file_of(work: Export) -> Path:
    """Return the file of a finished export."""
    if work.is_active or work.state == work.State.FAILED:
        raise Conflict("export_unfinished")
    path = folder() / work.path
    if not work.path or not path.exists():
        raise NotFound("unknown_export", days=Export.KEPT.days)
    return path


def folder() -> Path:
    """Return the folder of the files, which no front server may read."""
    found = Path(settings.MEDIA_ROOT) / "exports"
    found.mkdir(parents=True, exist_ok=True, mode=0o700)
    return found


# Write --------------------------------------------------------------------------------------------


@job(Export)
def run(work: Export) -> Export:
    """Write the file under another name, and offer it once it is whole."""
    writer, wanted = export.checked(work.project, work.format, work.options)
    total = export.total(work.project, export.of_writer(writer, wanted))
    work.write(total=total, done=0, begun_at=clock.now())
    job_files.drop_left(folder(), work.pk)
    name = job_files.new_name(work.pk, f".{writer.suffix}")
    fresh = folder() / f"{name}.part"
    try:
        with Progress(work).told() as progress:
            size = _write(work, wanted, fresh, progress)
        fresh.replace(folder() / name)
        # The number of records is known only now.
        work.finish(path=name, size=size, done=progress.done, total=progress.done)
    except BaseException:
        for path in (fresh, folder() / name):
            path.unlink(missing_ok=True)
        raise
    return work


def _write(work: Export, wanted: choices.Choices, path: Path, progress: Progress) -> int:
    with path.open("xb") as file:
        blocks = export.stream(work.project, work.format, wanted=wanted, tell=progress.tell)
        for block in blocks:
            file.write(block)
        file.flush()
        os.fsync(file.fileno())
        return file.tell()


# Remove -------------------------------------------------------------------------------------------


def drop_old() -> None:
    """Remove the files of exports that ended some days ago, and files that no export knows."""
    before = timezone.now() - Export.KEPT
    for work in Export.objects.filter(finished_at__lt=before).exclude(path=""):
        (folder() / work.path).unlink(missing_ok=True)
        Export.objects.filter(pk=work.pk).update(path="")
    known = set(Export.objects.exclude(path="").values_list("path", flat=True))
    job_files.drop_unknown(folder(), known)
