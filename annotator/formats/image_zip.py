"""Archives of pictures, read entry by entry; no entry is ever extracted under its own name."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path, PurePosixPath
from typing import Any

from django.utils.translation import gettext as _

from annotator.formats import sniff
from annotator.formats.archives import tar_source, zip_source
from annotator.formats.archives.names import is_left_behind
from annotator.formats.archives.zip_source import Entry
from annotator.formats.base import (
    BadContent,
    Columns,
    Looked,
    Reader,
    RejectedRow,
    Row,
    Rows,
    SkippedFile,
    UnreadableFile,
)
from annotator.formats.images import label_table
from annotator.formats.images.label_table import LabelTable
from annotator.formats.images.picture import FORMATS, MOST_PIXELS, BadPicture, clean
from annotator.formats.tables.labels import LabelParser, tidy

__all__ = ["FORMATS", "MOST_PIXELS", "READER", "BadPicture", "clean", "look", "read"]

ENDINGS = {
    *(".png", ".jpg", ".jpeg", ".jfif", ".jpe", ".jif", ".webp", ".gif", ".bmp"),
    *(".tif", ".tiff", ".avif", ".heic", ".heif", ".dcm", ".dicom"),
}


def look(path: Path, _columns: Columns | None = None) -> Looked:
    """Return the number of pictures in an archive; UnreadableFile if it is unsafe or has none."""
    if sniff.content_of(path) == "picture":
        return Looked(1)
    with _opened(path) as archive:
        entries = _meant(archive)
        pictures = [entry for entry in entries if _is_picture(archive, entry)]
        if not archive.entries:
            raise UnreadableFile("empty_zip", _("The ZIP file is empty."))
        if not pictures:
            words = _("The ZIP file contains no images (%(kinds)s).")
            kinds = "PNG, JPEG, WebP, GIF, BMP, TIFF, AVIF, HEIC"
            raise UnreadableFile("no_images", words % {"kinds": kinds})
        label_table.read(archive, entries, set())
    return Looked(len(pictures))


def read(path: Path, _columns: Columns, _looked: Looked, label_names: set[str]) -> Rows:
    """Yield the pictures in order, with labels from a table or their folders, then the rest.

    Folder names are labels if any folder has the name of one of the `label_names`; pictures in
    other folders have none. The rest are rows and files that become no item.
    """
    if sniff.content_of(path) == "picture":
        yield Row(1, path.read_bytes())
        return
    with _opened(path) as archive:
        entries = _meant(archive)
        table = label_table.read(archive, entries, label_names)
        pictures = [entry for entry in entries if _is_picture(archive, entry)]
        folders = _folders(pictures, label_names) if not table.has_labels else None
        for number, entry in enumerate(pictures, start=1):
            yield _row(archive, number, entry, table, folders)
        yield from table.told
        yield from table.unused()
        yield from _unread(archive, entries, pictures)


def _opened(path: Path) -> AbstractContextManager[Any]:
    open_archive: Callable[[Path], AbstractContextManager[Any]] = zip_source.opened
    if sniff.content_of(path) in ("tar", "tar.gz"):
        open_archive = tar_source.opened
    return open_archive(path)


def _meant(archive: Any) -> list[Entry]:
    return [entry for entry in archive.ordered() if not is_left_behind(entry.name)]


def _is_picture(archive: Any, entry: Entry) -> bool:
    ending = sniff.ending_of(entry.name)
    return ending in ENDINGS or (not ending and _starts_like_picture(archive, entry))


def _starts_like_picture(archive: Any, entry: Entry) -> bool:
    try:
        with archive.unpacked(entry) as file:
            return sniff.kind_of_start(file.read(512)) == "picture"
    except Exception:
        # Whatever is wrong with it, it isn't known to be a picture.
        return False


# Labels -------------------------------------------------------------------------------------------


def _folders(pictures: list[Entry], label_names: set[str]) -> Callable[[str], str] | None:
    """Return what tells the label of a path by its folders; None if no folder is a label."""
    parser = LabelParser(label_names)
    folded = {tidy(name).casefold() for name in label_names}

    def label_of(name: str) -> str:
        parts = [tidy(part) for part in reversed(PurePosixPath(name).parts[:-1])]
        exact = next((part for part in parts if part in parser), "")
        return exact or next((part for part in parts if part.casefold() in folded), "")

    return label_of if any(label_of(entry.name) for entry in pictures) else None


def _row(
    archive: Any,
    number: int,
    entry: Entry,
    table: LabelTable,
    folders: Callable[[str], str] | None,
) -> Row | RejectedRow:
    told = table.of(entry.name)
    for each in told:
        each.is_used = True
    try:
        content = archive.read(entry)
    except BadContent as problem:
        detail = f"{entry.name[:200]}: {problem.detail}"
        return RejectedRow(number, problem.code, detail, name=entry.name)
    labels = list(dict.fromkeys(label for each in told for label in each.row.labels or ()))
    meta = {name: value for each in told for name, value in each.row.meta.items()}
    folder = folders(entry.name) if folders else ""
    if folders and not folder and "/" in entry.name:
        meta.setdefault("folder", PurePosixPath(entry.name).parent.name)
    return Row(
        number,
        content,
        key=entry.name,
        labels=labels or ([folder] if folder else None),
        meta=meta,
        answers=tuple(answer for each in told for answer in each.row.answers),
    )


# The rest -----------------------------------------------------------------------------------------


def _unread(archive: Any, entries: list[Entry], pictures: list[Entry]) -> Iterator[SkippedFile]:
    """Yield the files that become no item; those that systems left behind are one."""
    known = {entry.name for entry in (*pictures, *label_table.tables(entries))}
    for entry in entries:
        if entry.name not in known:
            words = _("This kind of file isn't read.")
            yield SkippedFile(entry.name, "unread_kind", words)
    left = [entry.name for entry in archive.entries if is_left_behind(entry.name)]
    if left:
        words = _("%(n)d files that the system left in the archive.") % {"n": len(left)}
        yield SkippedFile(left[0], "system_files", words)
    for name, times in Counter(entry.name for entry in pictures).items():
        if times > 1:
            words = _("%(n)d files of the archive have this name.") % {"n": times}
            yield SkippedFile(name, "zip_duplicate_name", words)


READER = Reader("zip", "ZIP of images", (".zip", ".tar", ".tgz", *sorted(ENDINGS)), look, read)
