"""Archives of pictures, read entry by entry; no entry is ever extracted under its own name."""

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from annotator.formats import sniff
from annotator.formats.archives import sources
from annotator.formats.archives.names import archive_holds, is_left_behind
from annotator.formats.archives.zip_source import Entry
from annotator.formats.base import (
    BadContent,
    Columns,
    Looked,
    Note,
    Reader,
    Reason,
    RejectedRow,
    Row,
    Rows,
    SkippedFile,
    UnreadableFile,
    because,
    named,
)
from annotator.formats.images import label_table
from annotator.formats.images.label_table import LabelTable, TableRow
from annotator.formats.images.picture import FORMATS, MOST_PIXELS, BadPicture, clean, frames_of
from annotator.formats.tables.labels import LabelParser, tidy

__all__ = ["FORMATS", "MOST_PIXELS", "READER", "BadPicture", "clean", "look", "read"]

FOLDERS_SHOWN = 5
# Folders of the parts of a data set, which are no labels.
SPLITS = frozenset(("train", "test", "val", "valid", "validation", "dev", "images", "imgs"))
ENDINGS = {
    *(".png", ".jpg", ".jpeg", ".jfif", ".jpe", ".jif", ".webp", ".gif", ".bmp"),
    *(".tif", ".tiff", ".avif", ".heic", ".heif", ".dcm", ".dicom"),
}


KINDS = "PNG, JPEG, WebP, GIF, BMP, TIFF, AVIF, HEIC"


def look(path: Path, columns: Columns | None = None) -> Looked:
    """Return the number of pictures in an archive; UnreadableFile if it is unsafe or has none."""
    content = sniff.content_of(path)
    if content == "picture":
        return Looked(1)
    if content in ("text", "binary"):
        # A name that ends like that of a picture says nothing.
        raise _no_picture(path)
    with sources.opened(path) as archive:
        entries = _meant(archive)
        pictures = [entry for entry in entries if _is_picture(archive, entry)]
        if not archive.entries:
            raise UnreadableFile("empty_zip")
        if not pictures:
            if path.is_dir():
                raise UnreadableFile("no_images", message="folder_without_images", kinds=KINDS)
            raise archive_holds("no_images", archive.entries, kinds=KINDS)
        table = label_table.read(archive, entries, set())
        notes = _folder_notes(pictures, columns or Columns(), table.has_labels)
    return Looked(len(pictures), notes=(*notes, *_name_notes(archive)))


def _no_picture(path: Path) -> UnreadableFile:
    if not path.stat().st_size:
        return UnreadableFile("empty_file", message="no_bytes")
    return UnreadableFile("unsupported_image", message="no_image_file", kinds=KINDS)


def _name_notes(archive: Any) -> tuple[Note, ...]:
    """Return in which encoding the names of the files were read, where it was found out."""
    encoding = getattr(archive, "encoding", "")
    return (Note("names_read_as", {"name": encoding}),) if encoding else ()


def read(path: Path, columns: Columns, _looked: Looked, label_names: set[str]) -> Rows:
    """Yield the pictures in order, with labels from a table or their folders, then the rest.

    Folder names are labels if any folder has the name of one of the `label_names`; pictures in
    other folders have none. The rest are rows and files that become no item.
    """
    if sniff.content_of(path) == "picture":
        content = path.read_bytes()
        # Nothing else tells which picture it is.
        meta = {"file": columns.file_name[:200]} if columns.file_name else {}
        yield Row(1, content, meta=meta, told=_frames(content))
        return
    with sources.opened(path) as archive:
        entries = _meant(archive)
        table = label_table.read(archive, entries, label_names)
        pictures = [entry for entry in entries if _is_picture(archive, entry)]
        folders = _folders(pictures, label_names, columns.new_labels)
        for number, entry in enumerate(pictures, start=1):
            yield _row(archive, number, entry, table, folders)
        yield from table.told
        yield from table.unused()
        yield from _unread(archive, entries, pictures)


def _meant(archive: Any) -> list[Entry]:
    return [entry for entry in archive.ordered() if not is_left_behind(entry.name)]


def _is_picture(archive: Any, entry: Entry) -> bool:
    # A name such as “scan.2026.01” says nothing.
    return sniff.ending_of(entry.name) in ENDINGS or _starts_like_picture(archive, entry)


def _starts_like_picture(archive: Any, entry: Entry) -> bool:
    try:
        with archive.unpacked(entry) as file:
            return sniff.kind_of_start(file.read(512)) == "picture"
    except Exception:
        # Whatever is wrong with it, it isn't known to be a picture.
        return False


# Labels -------------------------------------------------------------------------------------------


def _folders(
    pictures: list[Entry], label_names: set[str], may_be_new: bool = False
) -> Callable[[str], str] | None:
    """Return what tells the label of a path by its folders; None if no folder is a label.

    Where labels may be new, the folder in which a picture lies is one, if there are several.
    """
    parser = LabelParser(label_names)
    folded = {tidy(name).casefold() for name in label_names}
    is_new = may_be_new and len(_parents(pictures)) > 1

    def label_of(name: str) -> str:
        parts = [tidy(part) for part in reversed(PurePosixPath(name).parts[:-1])]
        exact = next((part for part in parts if part in parser), "")
        near = exact or next((part for part in parts if part.casefold() in folded), "")
        return near or (parts[0] if is_new and parts and not _is_split(parts[0]) else "")

    return label_of if any(label_of(entry.name) for entry in pictures) else None


def _parents(pictures: list[Entry]) -> set[str]:
    """Return the folders in which pictures lie, without those of the parts of a data set."""
    names = {PurePosixPath(entry.name).parent.name for entry in pictures}
    return {name for name in names if name and not _is_split(name)}


def _is_split(name: str) -> bool:
    return name.casefold() in SPLITS


def _folder_notes(pictures: list[Entry], wanted: Columns, has_table: bool) -> tuple[Note, ...]:
    """Return which folders are called like no label, as a label may be new.

    Where none is called like one, a single folder is nothing but what was packed.
    """
    label_of = _folders(pictures, set(wanted.label_names), wanted.new_labels)
    is_plain = has_table or not wanted.label_names or len(_parents(pictures)) < 2
    if label_of is None and is_plain:
        return ()
    others = Counter(
        PurePosixPath(entry.name).parent.name
        for entry in pictures
        if "/" in entry.name and not (label_of and label_of(entry.name))
    )
    if not others:
        return ()
    named = ", ".join(f"“{name[:60]}”" for name, _n in others.most_common(FOLDERS_SHOWN))
    return (Note("folders_without_label", {"n": others.total(), "names": named}),)


def _row(
    archive: Any,
    number: int,
    entry: Entry,
    table: LabelTable,
    folders: Callable[[str], str] | None,
) -> Row | RejectedRow:
    told = table.of(entry.name)
    twice = [_of_several(each, table.name) for each in told if each.is_used]
    for each in told:
        each.picture = each.picture or entry.name
    try:
        content = archive.read(entry)
    except BadContent as problem:
        reason = named(entry.name, problem.reason)
        return RejectedRow(number, reason, name=entry.name)
    labels = list(dict.fromkeys(label for each in told for label in each.row.labels or ()))
    meta = {name: value for each in told for name, value in each.row.meta.items()}
    # A table that says nothing of a picture leaves it to its folder.
    folder = folders(entry.name) if folders and not told else ""
    if folders and not folder and not told and "/" in entry.name:
        meta.setdefault("folder", PurePosixPath(entry.name).parent.name)
    return Row(
        number,
        content,
        key=entry.name,
        labels=labels or ([folder] if folder else None),
        meta=meta,
        answers=tuple(answer for each in told for answer in each.row.answers),
        told=(*twice, *_frames(content)),
    )


def _of_several(row: TableRow, table: str) -> Reason:
    """Return that a row was taken for several pictures, as its name is in several folders."""
    return because("row_of_several", n=row.number, table=table, name=row.picture[:200])


def _frames(content: bytes) -> tuple[Reason, ...]:
    number = frames_of(content)
    return (because("first_frame", n=number),) if number > 1 else ()


# The rest -----------------------------------------------------------------------------------------


def _unread(archive: Any, entries: list[Entry], pictures: list[Entry]) -> Iterator[SkippedFile]:
    """Yield the files that become no item; those that systems left behind are one."""
    known = {entry.name for entry in (*pictures, *label_table.tables(entries))}
    for entry in entries:
        if entry.name not in known:
            yield SkippedFile(entry.name, because("unread_kind"))
    left = [entry.name for entry in archive.entries if is_left_behind(entry.name)]
    if left:
        yield SkippedFile(left[0], because("system_files", n=len(left)))
    for name, times in Counter(entry.name for entry in pictures).items():
        if times > 1:
            yield SkippedFile(name, because("zip_duplicate_name", n=times))


READER = Reader("zip", "ZIP of images", (".zip", ".tar", ".tgz", *sorted(ENDINGS)), look, read)
