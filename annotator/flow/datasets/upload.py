"""Uploads: files are received, stored, and given a format; nothing is imported yet."""

import uuid
import zipfile
from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import Any

from django.conf import settings
from django.db import transaction

from annotator import tasktypes
from annotator.errors import Conflict, FlowError, Invalid, NotFound, TooLarge, WrongType
from annotator.flow.datasets import given_vectors
from annotator.flow.datasets.options import Options
from annotator.formats import Columns, Looked, UnreadableFile
from annotator.formats.registry import READERS, for_content, for_file
from annotator.models import Import, Project, UnfinishedUpload, Upload, User

# Receive ------------------------------------------------------------------------------------------


def receive(
    project: Project,
    user: User | None,
    file: Any,
    *,
    vectors: Any = None,
    vector_ids: Any = None,
    **given: Any,
) -> Import:
    """Store an uploaded file, or several, and the import job that will read them.

    Obvious errors are refused at once: a wrong type of file, an empty one, a missing column. Then
    nothing is stored.
    """
    options = Options(**given).checked()
    # Before anything is received.
    kind_of(project, name_of(file), options.format)
    options.columns(project)
    given_vectors.check_wanted(project, options.vector_column, vectors, vector_ids)
    kept = keep(project, user, file, vectors=vectors, vector_ids=vector_ids)
    try:
        return start(kept, user, options)
    except FlowError:
        discard(kept)
        raise


def keep(
    project: Project, user: User | None, file: Any, *, vectors: Any = None, vector_ids: Any = None
) -> Upload:
    """Store an uploaded file, or several as one ZIP, to be looked at before it is imported."""
    if vector_ids and not vectors:
        raise Invalid("no_vectors_file", field="vector_ids")
    kept = {"path": _keep_files(file) if isinstance(file, (list, tuple)) else keep_upload(file)}
    try:
        for name, beside in (("vectors_path", vectors), ("vector_ids_path", vector_ids)):
            if beside:
                kept[name] = keep_upload(beside)
        if vectors:
            ids = kept.get("vector_ids_path")
            given_vectors.check_file(project, kept["vectors_path"], ids)
        return Upload.objects.create(
            project=project,
            user=user,
            name=shown_name(name_of(file)),
            **{name: path.name for name, path in kept.items()},
        )
    except BaseException:
        for path in kept.values():
            path.unlink(missing_ok=True)
        raise


def start(upload: Upload, user: User | None, options: Options) -> Import:
    """Store the import job of an upload, which can be used once; Invalid if it is unusable."""
    project = upload.project
    options = options.checked()
    kind = kind_of(project, upload.name, options.format, uploaded(upload.path))
    columns = options.columns(project)
    given_vectors.check_wanted(project, options.vector_column, upload.vectors_path, "")
    looked = look(uploaded(upload.path), kind, columns)
    with transaction.atomic():
        # Only one of two at once finds it.
        if not Upload.objects.filter(pk=upload.pk).delete()[0]:
            raise NotFound("unknown_upload")
        return Import.objects.create(
            project=project,
            user=user,
            name=upload.name,
            path=upload.path,
            vectors_path=upload.vectors_path,
            vector_ids_path=upload.vector_ids_path,
            total=looked.rows,
            **{**options.stored(), "format": kind},
        )


def discard(upload: Upload) -> None:
    """Remove an upload with its files."""
    if Upload.objects.filter(pk=upload.pk).delete()[0]:
        for name in upload.paths:
            uploaded(name).unlink(missing_ok=True)


def name_of(file: Any) -> str:
    """Return the name of an uploaded file; for several, that of the ZIP they become."""
    if not isinstance(file, (list, tuple)):
        return str(file.name or "")
    return str(file[0].name or "") if len(file) == 1 else f"{len(file)} files.zip"


def shown_name(name: str) -> str:
    """Return the name of a file without the folders that some browsers and clients send."""
    return PurePath(name.replace("\\", "/")).name[:255]


def _keep_files(files: Sequence[Any]) -> Path:
    """Store several files as one ZIP, which the readers know; TooLarge above the limit."""
    if len(files) == 1:
        return keep_upload(files[0])
    most = settings.MAX_UPLOAD_MB << 20
    if sum(file.size for file in files) > most:
        raise TooLarge("too_large", field="file", most=settings.MAX_UPLOAD_MB)
    path = new_path()
    names: set[str] = set()
    try:
        with zipfile.ZipFile(path, "x", zipfile.ZIP_STORED) as archive:
            for file in files:
                name = _unique(shown_name(file.name or "file"), names)
                with archive.open(name, "w", force_zip64=True) as out:
                    for block in file.chunks():
                        out.write(block)
    except OSError:
        path.unlink(missing_ok=True)
        raise
    return path


def _unique(name: str, names: set[str]) -> str:
    pure, number = PurePath(name), 1
    while name in names:
        number += 1
        name = f"{pure.stem} ({number}){pure.suffix}"
    names.add(name)
    return name


def find_upload(project: Project, pk: str) -> Upload:
    """Return one of the project's uploads."""
    try:
        key = uuid.UUID(str(pk))
    except ValueError:
        raise NotFound("unknown_upload", field="upload") from None
    found = Upload.objects.filter(project=project, pk=key).first()
    if found is not None:
        return found
    if UnfinishedUpload.objects.filter(project=project, pk=key).exists():
        raise Conflict("unfinished_upload", field="upload")
    raise NotFound("unknown_upload", field="upload")


def find(project: Project, pk: int) -> Import:
    """Return one of the project's imports."""
    found: Import | None = Import.objects.filter(project=project, pk=pk).first()
    if found is None:
        raise NotFound("unknown_import")
    return found


def report_path(work: Import) -> Path:
    """Return the path of an import's report; the file exists once it has a line."""
    return uploads_folder() / f"{work.pk}-rejected.csv"


def uploaded(name: str) -> Path:
    """Return the path of an uploaded file."""
    return uploads_folder() / name


def kind_of(project: Project, name: str, format: str = "", path: Path | None = None) -> str:
    """Return the format of a file by its name, or by its content if it is stored at `path`.

    WrongType if the task type does not accept it.
    """
    allowed = tasktypes.of(project).media.formats
    try:
        by_name = for_file(name or "", format, allowed)
        found = by_name if path is None else for_content(path, name, format, allowed) or by_name
    except UnreadableFile as problem:
        raise WrongType(problem.code, detail=problem.detail, field="file") from problem
    if found is None or found.kind not in allowed:
        raise WrongType(
            "wrong_type",
            field="file",
            task=tasktypes.of(project).task,
            kinds=allowed,
            name=(name or "")[:100],
        )
    return found.kind


def keep_upload(file: Any) -> Path:
    """Store an uploaded file and return its path; TooLarge above the limit."""
    path = new_path()
    most = settings.MAX_UPLOAD_MB << 20
    size = 0
    try:
        with path.open("xb") as out:
            for block in file.chunks():
                size += len(block)
                if size > most:
                    break
                out.write(block)
    except OSError:
        # Do not leave half a file on a full disk.
        path.unlink(missing_ok=True)
        raise
    if size > most:
        path.unlink()
        raise TooLarge("too_large", field="file", most=settings.MAX_UPLOAD_MB)
    return path


def new_path() -> Path:
    """Return the path for a file that is to be stored."""
    return uploads_folder() / f"{uuid.uuid4().hex}.upload"


def uploads_folder() -> Path:
    folder = Path(settings.MEDIA_ROOT) / "uploads"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def look(path: Path, kind: str, columns: Columns) -> Looked:
    """Return what a first look at a file shows; Invalid if it is obviously unusable."""
    try:
        return READERS[kind].look(path, columns)
    except UnreadableFile as problem:
        raise Invalid(problem.code, detail=problem.detail, field="file") from problem
