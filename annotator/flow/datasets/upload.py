"""Uploads: the file is received, stored, and given a format."""

import uuid
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from annotator import tasktypes
from annotator.errors import Invalid, NotFound, TooLarge, WrongType
from annotator.flow.datasets import given_vectors
from annotator.formats import Columns, UnreadableFile
from annotator.formats.registry import READERS, for_file
from annotator.models import Import, Project, User

# Receiving ---------------------------------------------------------------------------------------


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
) -> Import:
    """Keep an uploaded file and store the job that will read it.

    What can be seen at once is refused at once: a wrong kind of file, an empty one, a column that
    is not there. Then nothing is stored.
    """
    kind = kind_of(project, file.name, format)
    labels_are = labels_are or Import.LabelsAre.SEED
    if labels_are not in Import.LabelsAre.values:
        raise Invalid(
            "labels_are",
            _("labels_are must be seed, gold, suggestion or ignore."),
            field="labels_are",
        )
    columns = columns_of(project, text_column, label_column, id_column, vector_column)
    given_vectors.check_wanted(project, vector_column, vectors, vector_ids)
    path = keep_upload(file)
    try:
        total = inspect(path, kind, columns)
    except UnreadableFile as problem:
        path.unlink()
        raise Invalid(problem.code, problem.detail, field="file") from problem
    beside = _keep_vectors(project, path, vectors, vector_ids)
    return Import.objects.create(
        project=project,
        user=user,
        name=Path(file.name).name[:255],
        path=path.name,
        format=kind,
        text_column=text_column,
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
        raise NotFound("unknown_import", _("Import not found."))
    return found


def report_path(work: Import) -> Path:
    """Return the path of an import's report of rejected rows; it exists once there is one."""
    return uploads_folder() / f"{work.pk}-rejected.csv"


def uploaded(name: str) -> Path:
    """Return the path of an uploaded file."""
    return uploads_folder() / name


def kind_of(project: Project, name: str, format: str = "") -> str:
    """Return how a file of that name is read; WrongType for one that the task does not take."""
    reader = for_file(name or "", format)
    task_type = tasktypes.of(project)
    allowed = task_type.media.formats
    if reader is None or reader.kind not in allowed:
        raise WrongType(
            "wrong_type",
            _("A project of task %(task)s takes %(kinds)s files, not “%(name)s”.")
            % {
                "task": task_type.task,
                "kinds": _(" or ").join(k.upper() for k in allowed),
                "name": (name or "")[:100],
            },
            field="file",
        )
    return reader.kind


def keep_upload(file: Any) -> Path:
    """Store an uploaded file and return where; TooLarge for one above the limit."""
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
        # A disk that is full must not stay so for the sake of half a file.
        path.unlink(missing_ok=True)
        raise
    if size > most:
        path.unlink()
        raise TooLarge(
            "too_large",
            _("The file is larger than the limit of %d MB.") % settings.MAX_UPLOAD_MB,
            field="file",
        )
    return path


def uploads_folder() -> Path:
    folder = Path(settings.MEDIA_ROOT) / "uploads"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def inspect(path: Path, kind: str, columns: Columns) -> int:
    """Return about how many rows there are; UnreadableFile for what can be seen to be no use."""
    return READERS[kind].look(path, columns).rows


def columns_of(project: Project, text: str, label: str, id: str = "", vector: str = "") -> Columns:
    """Return which column holds what; Invalid for a name that the items have no use for."""
    parts = tasktypes.of(project).media.parts
    if text and parts and "text" not in [part.name for part in parts]:
        words = _("These items are made of the columns %(names)s, not of one text.")
        names = ", ".join(part.columns[0] for part in parts)
        raise Invalid("text_column", words % {"names": names}, field="text_column")
    return Columns(text, label, id, parts, vector)
