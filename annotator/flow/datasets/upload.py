"""Uploads: files are received, stored, and given a format; nothing is imported yet."""

import sys
import uuid
import zipfile
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path, PurePath
from typing import Any

from django.conf import settings
from django.db import transaction

from annotator import tasktypes
from annotator.errors import Conflict, FlowError, Invalid, NotFound, TooLarge, WrongType
from annotator.flow.datasets import given_vectors, server_files
from annotator.flow.datasets.buckets import copies
from annotator.flow.datasets.options import Options
from annotator.flow.datasets.server_files import ServerFile
from annotator.formats import Columns, Looked, UnreadableFile
from annotator.formats.registry import READERS, for_content, for_file, may_be_called
from annotator.formats.sniff import tells_nothing
from annotator.i18n.reasons import worded
from annotator.models import Import, Project, UnfinishedUpload, Upload, User

BLOCK = 1 << 20
# As many as one form may have of files.
MOST_JOINED = 10_000
# Of a bucket, as long as a request has to wait for it.
FETCH_SECONDS = 8.0
FETCHED_FILES = 300

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
    _check_kind(project, file, options.format)
    options.columns(project)
    given_vectors.check_wanted(project, options.vector_column, vectors, vector_ids)
    kept = keep(project, user, file, vectors=vectors, vector_ids=vector_ids)
    try:
        return start(kept, user, options)
    except FlowError:
        discard(kept)
        raise


def _check_kind(project: Project, file: Any, format: str) -> None:
    if not isinstance(file, ServerFile):
        kind_of(project, name_of(file), format)
    elif not file.token:
        kind_of(project, name_of(file), format, server_files.place_of(file.stored))
    elif not file.is_folder:
        # Its bytes are still in the bucket.
        kind_of(project, name_of(file), format)


def keep(
    project: Project, user: User | None, file: Any, *, vectors: Any = None, vector_ids: Any = None
) -> Upload:
    """Store an uploaded file, or several as one ZIP, to be looked at before it is imported.

    A file on the server stays where it is. Vectors without a file need the ids of the items that
    they are of.
    """
    if vector_ids and not vectors:
        raise Invalid("no_vectors_file", field="vector_ids")
    if not file:
        return _keep_vectors(project, user, vectors, vector_ids)
    kept: dict[str, Path] = {}
    stored = {"path": file.stored} if isinstance(file, ServerFile) else {}
    try:
        if not stored:
            kept["path"] = (
                keep_files(file) if isinstance(file, (list, tuple)) else keep_upload(file)
            )
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
            **stored,
            **{name: path.name for name, path in kept.items()},
        )
    except BaseException:
        for path in kept.values():
            path.unlink(missing_ok=True)
        raise


def _keep_vectors(project: Project, user: User | None, vectors: Any, vector_ids: Any) -> Upload:
    given_vectors.check_wanted(project, "", vectors, vector_ids)
    if not vector_ids:
        raise Invalid("ids_missing", field="vector_ids")
    kept = [keep_upload(vectors)]
    try:
        kept += [keep_upload(vector_ids)]
        given_vectors.check_file(project, *kept)
        name, (path, ids) = shown_name(name_of(vectors)), (each.name for each in kept)
        return Upload.objects.create(
            project=project, user=user, name=name, path=path, vector_ids_path=ids
        )
    except BaseException:
        for each in kept:
            each.unlink(missing_ok=True)
        raise


def start(upload: Upload, user: User | None, options: Options) -> Import:
    """Store the import job of an upload, which can be used once; Invalid if it is unusable."""
    project = upload.destination
    options = options.checked()
    kind, rows = _seen_before(upload, options)
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
            total=rows,
            **{**options.stored(), "format": kind},
        )


def _seen_before(upload: Upload, options: Options) -> tuple[str, int | None]:
    """Return the kind of an upload and its number of rows, as far as they are known at once.

    What is large and lies in a bucket is fetched by the worker, which then finds out its kind.
    """
    if not fetch_some(upload):
        return options.format, None
    kind, _columns, looked = inspect(upload, options)
    return kind, looked.rows


def fetch_some(upload: Upload) -> bool:
    """Fetch what a request has time for from a bucket; return whether nothing is missing then."""
    if not copies.is_stored_there(upload.path):
        return True
    return copies.fetch(
        upload.path, uploads_folder(), seconds=FETCH_SECONDS, most_files=FETCHED_FILES
    )


def not_fetched(upload: Upload) -> Conflict:
    """Return the error for an upload of which too little was fetched from its bucket."""
    return Conflict(
        "bucket_under_way", field="server_file", **copies.told(upload.path, uploads_folder())
    )


def inspect(upload: Upload, options: Options) -> tuple[str, Columns, Looked]:
    """Return the kind of an upload, its columns and what a first look shows.

    The columns have no parts where it brings nothing but vectors. Invalid or WrongType if it is
    unusable.
    """
    path = uploaded(upload.path)
    if upload.vector_ids_path and not upload.vectors_path:
        ids = given_vectors.read_ids(uploaded(upload.vector_ids_path))
        return given_vectors.FORMAT, Columns(parts=()), Looked(len(ids))
    kind = kind_of(upload.destination, upload.name, options.format, path)
    columns = options.columns(upload.destination)
    given_vectors.check_wanted(upload.destination, options.vector_column, upload.vectors_path, "")
    looked, columns = look_for_vectors(path, kind, columns)
    return kind, columns, looked


def discard(upload: Upload) -> None:
    """Remove an upload with its files."""
    if Upload.objects.filter(pk=upload.pk).delete()[0]:
        remove_files(*upload.paths)


def remove_files(*names: str) -> None:
    """Delete uploaded files, and copies of those in buckets, by their stored paths.

    A file in the folder on the server is not ours to delete.
    """
    for name in names:
        if copies.is_stored_there(name):
            copies.remove(name, uploads_folder())
        elif name and not server_files.is_stored_there(name):
            uploaded(name).unlink(missing_ok=True)


def name_of(file: Any) -> str:
    """Return the name of an uploaded file; for several, that of the ZIP they become."""
    if not isinstance(file, (list, tuple)):
        return str(file.name or "")
    return str(file[0].name or "") if len(file) == 1 else f"{len(file)} files.zip"


def shown_name(name: str) -> str:
    """Return the name of a file without the folders that some browsers and clients send.

    What is not UTF-8 in it, which no database stores, becomes a question mark.
    """
    readable = name.encode(errors="replace").decode()
    return PurePath(readable.replace("\\", "/")).name[:255]


def keep_files(files: Sequence[Any]) -> Path:
    """Store several files as one ZIP, which the readers know; TooLarge above the limit."""
    if len(files) == 1:
        return keep_upload(files[0])
    most = settings.MAX_UPLOAD_MB << 20
    if sum(file.size for file in files) > most:
        raise TooLarge("too_large", field="file", most=settings.MAX_UPLOAD_MB)
    return _zip(((file.name, file) for file in files), lambda file: file.chunks())


def _zip(files: Iterable[tuple[str, Any]], blocks: Callable[[Any], Iterable[bytes]]) -> Path:
    """Store files by their names in a ZIP, and close them."""
    path = new_path()
    names: set[str] = set()
    try:
        with zipfile.ZipFile(path, "x", zipfile.ZIP_STORED) as archive:
            for shown, file in files:
                name = _unique(shown_name(shown or "file"), names)
                with file, archive.open(name, "w", force_zip64=True) as out:
                    for block in blocks(file):
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


def find_upload(project: Project | None, keys: str) -> Upload:
    """Return one of the project's uploads; of several ids with commas, the ZIP that they become."""
    found = [_find_upload(project, key) for key in keys.split(",")[:MOST_JOINED]]
    return found[0] if len(found) == 1 else _joined(found)


def _find_upload(project: Project | None, given: str) -> Upload:
    try:
        key = uuid.UUID(given.strip())
    except ValueError:
        raise NotFound("unknown_upload", field="upload") from None
    found = Upload.objects.filter(project=project, pk=key).first()
    if found is not None:
        return found
    if UnfinishedUpload.objects.filter(project=project, pk=key).exists():
        raise Conflict("unfinished_upload", field="upload")
    raise NotFound("unknown_upload", field="upload")


def _joined(parts: list[Upload]) -> Upload:
    if any(":" in each.path for each in parts):
        # Files on the server are imported by themselves.
        raise NotFound("unknown_upload", field="upload")
    if sum(uploaded(each.path).stat().st_size for each in parts) > settings.MAX_UPLOAD_MB << 20:
        raise TooLarge("too_large", field="file", most=settings.MAX_UPLOAD_MB)
    opened = ((each.name, uploaded(each.path).open("rb")) for each in parts)
    path = _zip(opened, lambda file: iter(partial(file.read, BLOCK), b""))
    first = parts[0]
    made = Upload.objects.create(
        project=first.project, user=first.user, name=f"{len(parts)} files.zip", path=path.name
    )
    for each in parts:
        discard(each)
    return made


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
    """Return the path of an uploaded file; NotFound if it lies on the server and is gone."""
    if copies.is_stored_there(name):
        return copies.place_of(name, uploads_folder())
    if server_files.is_stored_there(name):
        return server_files.place_of(name)
    return uploads_folder() / name


def kind_of(project: Project, name: str, format: str = "", path: Path | None = None) -> str:
    """Return the format of a file by its name, or by its content if it is stored at `path`.

    Empty where the name tells nothing and the content is not there yet. WrongType if the task
    type does not accept it.
    """
    allowed = tasktypes.of(project).formats
    try:
        by_name = for_file(name or "", format, allowed)
        found = by_name if path is None else for_content(path, name, format, allowed) or by_name
        if path is None and by_name is None and tells_nothing(name):
            # Its content decides, once it is there.
            return ""
        if path is not None and not format and not may_be_called(path, name, by_name, allowed):
            found = None
    except UnreadableFile as problem:
        raise WrongType(problem.code, detail=worded(problem.reason), field="file") from problem
    if found is None or found.kind not in allowed:
        told: dict[str, Any] = {"task": tasktypes.of(project).task, "kinds": allowed}
        raise WrongType("wrong_type", field="file", name=(name or "")[:100], **told)
    return found.kind


def keep_upload(file: Any, most_mb: int | None = None) -> Path:
    """Store an uploaded file and return its path; TooLarge above the limit; 0 is none."""
    path = new_path()
    most = sys.maxsize if most_mb == 0 else (most_mb or settings.MAX_UPLOAD_MB) << 20
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
        raise TooLarge("too_large", field="file", most=most >> 20)
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
        why = problem.reason
        raise Invalid(problem.code, detail=worded(why), field=why.option or "file") from problem


def look_for_vectors(path: Path, kind: str, columns: Columns) -> tuple[Looked, Columns]:
    """Return the first look, and the columns: without content in a table of ids and vectors."""
    try:
        return look(path, kind, columns), columns
    except Invalid as problem:
        bare = given_vectors.only_vectors(columns)
        if problem.code != "missing_column" or bare is None:
            raise
        looked = look(path, kind, bare)
        if "id" not in looked.mapping:
            raise
        return looked, bare
