"""Archive jobs: started, found, and removed with their files."""

import shutil
import uuid
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone

from annotator.archives import package
from annotator.errors import Conflict, FlowError, Invalid, NotFound
from annotator.flow.datasets import server_files
from annotator.flow.datasets import upload as uploads
from annotator.flow.datasets.server_files import ServerFile
from annotator.flow.projects.label_set import clean_name
from annotator.models import ArchiveJob, Membership, Project, Role, Upload, User
from annotator.storage import job_files

SUFFIX = ".winnow"

Kind, Scope = ArchiveJob.Kind, ArchiveJob.Scope


def archive(project: Project, user: User | None) -> ArchiveJob:
    """Store a job that writes the archive of a project."""
    return ArchiveJob.objects.create(kind=Kind.ARCHIVE, source=project, user=user)


def clone(
    project: Project, user: User | None, name: str, *, items: bool, labels: bool
) -> ArchiveJob:
    """Store a job that copies a project: with its items or without, and these with annotations."""
    if labels and not items:
        raise Invalid("clone_labels", field="labels")
    scope = Scope.SETTINGS if not items else Scope.ALL if labels else Scope.ITEMS
    return ArchiveJob.objects.create(
        kind=Kind.CLONE, source=project, user=user, scope=scope, name=clean_name(name, "name")
    )


def receive(user: User | None, file: Any, name: str = "", most_mb: int | None = None) -> ArchiveJob:
    """Store an archive that was sent, and a job that makes a project of it.

    It may be as large as uploads may be, or as `most_mb`; 0 is no limit.
    """
    return _open(
        user, uploads.keep_upload(file, most_mb), uploads.shown_name(file.name or ""), name
    )


def receive_upload(user: User, key: str, name: str = "") -> ArchiveJob:
    """Do the same with an archive that came in chunks."""
    found = uploads.find_upload(None, key)
    if found.user_id != user.pk:
        raise NotFound("unknown_upload", field="upload")
    # Only one of two at once finds it.
    if not Upload.objects.filter(pk=found.pk).delete()[0]:
        raise NotFound("unknown_upload", field="upload")
    return _open(user, uploads.uploaded(found.path), found.name, name)


def receive_server_file(user: User, path: str, name: str = "") -> ArchiveJob:
    """Do the same with an archive in the folder on the server, which is read where it is."""
    found = server_files.find(path)
    if found.token:
        raise Invalid("archive_in_bucket", field="server_file")
    name = clean_name(name, "name") if name else ""
    place = server_files.place_of(found.stored)
    if found.is_folder:
        raise Invalid("archive_foreign", field="server_file")
    with package.opened(place):
        size = place.stat().st_size
    file_name = uploads.shown_name(found.name)
    return ArchiveJob.objects.create(
        kind=Kind.IMPORT, user=user, name=name, file_name=file_name, path=found.stored, size=size
    )


def on_server() -> list[ServerFile]:
    """Return the archives that lie in the folder on the server itself, without its folders."""
    if not server_files.is_on():
        return []
    there = server_files.listed()
    return [each for each in there if not each.is_folder and each.name.endswith(SUFFIX)]


def place_of(work: ArchiveJob) -> Path:
    """Return the path of a job's file; NotFound if it lies on the server and is gone."""
    if server_files.is_stored_there(work.path):
        return server_files.place_of(work.path)
    return folder() / work.path


def remove_file(work: ArchiveJob) -> None:
    """Delete a job's file; one on the server is not ours to delete."""
    if work.path and not server_files.is_stored_there(work.path):
        (folder() / work.path).unlink(missing_ok=True)


def _open(user: User | None, path: Path, file_name: str, name: str) -> ArchiveJob:
    """Store the job for a file; what is no archive is refused at once, and removed."""
    kept = folder() / f"{uuid.uuid4().hex}{SUFFIX}"
    try:
        name = clean_name(name, "name") if name else ""
        with package.opened(path):
            size = path.stat().st_size
        # It may be on another disk.
        shutil.move(path, kept)
        return ArchiveJob.objects.create(
            kind=Kind.IMPORT, user=user, name=name, file_name=file_name, path=kept.name, size=size
        )
    except (FlowError, OSError):
        path.unlink(missing_ok=True)
        kept.unlink(missing_ok=True)
        raise


# Find ---------------------------------------------------------------------------------------------


def find(user: User, number: int) -> ArchiveJob:
    """Return a job that the user started, or one of a project whose admin they are."""
    found: ArchiveJob | None = None
    if number < 2**63:
        found = ArchiveJob.objects.filter(pk=number).select_related("source", "made").first()
    if found is None or not _may_see(user, found):
        raise NotFound("unknown_archive")
    return found


def _may_see(user: User, work: ArchiveJob) -> bool:
    if user.is_superuser:
        return True
    if work.source_id is None:
        return work.user_id == user.pk
    own = Membership.objects.filter(user=user, project=work.source_id, role=Role.ADMIN)
    return own.filter(project__deleted_at=None).exists()


def of_project(project: Project, most: int) -> list[ArchiveJob]:
    """Return the newest archives and clones of a project."""
    rows = ArchiveJob.objects.filter(source=project).select_related("made", "user")
    return list(rows[:most])


def opened_by(user: User, most: int) -> list[ArchiveJob]:
    """Return the newest archives that the user opened."""
    rows = ArchiveJob.objects.filter(kind=Kind.IMPORT, user=user).select_related("made")
    return list(rows[:most])


def file_of(work: ArchiveJob) -> Path:
    """Return the file of a finished archive."""
    if work.is_active or work.state == work.State.FAILED:
        raise Conflict("archive_unfinished")
    path = folder() / work.path
    if work.kind != Kind.ARCHIVE or not work.path or not path.exists():
        raise NotFound("unknown_archive_file", days=ArchiveJob.KEPT.days)
    return path


def folder() -> Path:
    """Return the folder of the files, which no front server may read."""
    found = Path(settings.MEDIA_ROOT) / "archives"
    found.mkdir(parents=True, exist_ok=True, mode=0o700)
    return found


# Remove -------------------------------------------------------------------------------------------


def drop_old() -> None:
    """Remove the files of jobs that ended some days ago, and files that no job knows."""
    before = timezone.now() - ArchiveJob.KEPT
    for work in ArchiveJob.objects.filter(finished_at__lt=before).exclude(path=""):
        remove_file(work)
        ArchiveJob.objects.filter(pk=work.pk).update(path="")
    known = set(ArchiveJob.objects.exclude(path="").values_list("path", flat=True))
    job_files.drop_unknown(folder(), known)
