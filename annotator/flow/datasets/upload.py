"""Uploads: the file is received, stored, and given a format."""

import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.conf import settings

from annotator import tasktypes
from annotator.errors import Invalid, NotFound, TooLarge, WrongType
from annotator.flow.datasets import given_vectors
from annotator.formats import Columns, UnreadableFile
from annotator.formats.registry import READERS, for_file
from annotator.models import Import, Project, User

# Receive ------------------------------------------------------------------------------------------


def receive(
    project: Project,
    user: User | None,
    file: Any,
    *,
    format: str = "",
    text_column: str = "",
    label_column: str = "",
    id_column: str = "",
    labels_are: str = "",
    vector_column: str = "",
    vectors: Any = None,
    vector_ids: Any = None,
    part_columns: Mapping[str, str] | None = None,
) -> Import:
    """Store an uploaded file and the import job that will read it.

    Obvious errors are refused at once: a wrong type of file, an empty one, a missing column. Then
    nothing is stored.
    """
    kind = kind_of(project, file.name, format)
    labels_are = labels_are or Import.LabelsAre.SEED
    if labels_are not in Import.LabelsAre.values:
        raise Invalid("labels_are", field="labels_are")
    columns = columns_of(project, text_column, label_column, id_column, part_columns, vector_column)
    given_vectors.check_wanted(project, vector_column, vectors, vector_ids)
    path = keep_upload(file)
    try:
        total = inspect(path, kind, columns)
    except UnreadableFile as problem:
        path.unlink()
        raise Invalid(problem.code, detail=problem.detail, field="file") from problem
    beside = _keep_vectors(project, path, vectors, vector_ids)
    return Import.objects.create(
        project=project,
        user=user,
        name=Path(file.name).name[:255],
        path=path.name,
        format=kind,
        text_column=text_column,
        part_columns=dict(columns.named),
        label_column=label_column,
        id_column=id_column,
        labels_are=labels_are,
        total=total,
        vector_column=vector_column,
        **beside,
    )


def _keep_vectors(project: Project, path: Path, vectors: Any, vector_ids: Any) -> dict[str, str]:
    """Store the files with vectors and their ids; nothing stays where they are of no use."""
    kept = {
        name: keep_upload(file).name
        for name, file in (("vectors_path", vectors), ("vector_ids_path", vector_ids))
        if file
    }
    try:
        if kept:
            ids = kept.get("vector_ids_path")
            given_vectors.check_file(
                project, uploaded(kept["vectors_path"]), uploaded(ids) if ids else None
            )
    except Invalid:
        for name in (path.name, *kept.values()):
            uploaded(name).unlink(missing_ok=True)
        raise
    return kept


def find(project: Project, pk: int) -> Import:
    """Return one of the project's imports."""
    found: Import | None = Import.objects.filter(project=project, pk=pk).first()
    if found is None:
        raise NotFound("unknown_import")
    return found


def report_path(work: Import) -> Path:
    """Return the path of an import's report of rejected rows; the file exists once there is one."""
    return uploads_folder() / f"{work.pk}-rejected.csv"


def uploaded(name: str) -> Path:
    """Return the path of an uploaded file."""
    return uploads_folder() / name


def kind_of(project: Project, name: str, format: str = "") -> str:
    """Return the format for a file name; WrongType if the task type does not accept it."""
    task_type = tasktypes.of(project)
    allowed = task_type.media.formats
    reader = for_file(name or "", format, allowed)
    if reader is None or reader.kind not in allowed:
        raise WrongType(
            "wrong_type",
            field="file",
            task=task_type.task,
            kinds=allowed,
            name=(name or "")[:100],
        )
    return reader.kind


def keep_upload(file: Any) -> Path:
    """Store an uploaded file and return its name; TooLarge above the limit."""
    path = uploads_folder() / f"{uuid.uuid4().hex}.upload"
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


def uploads_folder() -> Path:
    folder = Path(settings.MEDIA_ROOT) / "uploads"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def inspect(path: Path, kind: str, columns: Columns) -> int:
    """Return the approximate number of rows; UnreadableFile if the file is obviously unusable."""
    return READERS[kind].look(path, columns).rows


def columns_of(
    project: Project,
    text: str,
    label: str,
    id: str = "",
    named: Mapping[str, str] | None = None,
    vector: str = "",
) -> Columns:
    """Return which column has what content; Invalid for a column that the items cannot use."""
    parts = tasktypes.of(project).media.parts
    there = {part.name for part in parts}
    given = {name: column for name, column in (named or {}).items() if column}
    wrong = sorted(given.keys() - there)
    if text and parts and "text" not in there:
        wrong.append("text")
    if wrong:
        names = ", ".join(sorted(there)) or "–"
        raise Invalid("text_column", field=f"{wrong[0]}_column", name=wrong[0], names=names)
    return Columns(text, label, id, parts, given, vector)
