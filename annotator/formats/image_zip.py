"""ZIP files of pictures, read entry by entry; no entry is ever extracted under its own name."""

import csv
import io
import stat
import warnings
import zipfile
from collections import Counter
from itertools import pairwise
from pathlib import Path, PurePosixPath
from typing import cast

from django.utils.translation import gettext as _
from PIL import Image, ImageOps, UnidentifiedImageError

from annotator.formats.base import (
    BadContent,
    Columns,
    Looked,
    Reader,
    RejectedRow,
    Row,
    Rows,
    UnreadableFile,
)

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP")
ENDINGS = {".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp"}
MOST_ENTRIES = 200_000
MOST_BYTES = 20 << 30
LARGEST_ENTRY = 100 << 20
HIGHEST_RATIO = 200
MOST_PIXELS = 50_000_000
SMALLEST_SIDE = 8
LONGEST_SIDE_RATIO = 50
METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}

Image.MAX_IMAGE_PIXELS = MOST_PIXELS


class BadPicture(BadContent):
    """These bytes are not a picture that can be shown."""


# ZIP file -----------------------------------------------------------------------------------------


def look(path: Path, _columns: Columns | None = None) -> Looked:
    """Return the number of pictures in a ZIP; UnreadableFile if it is unsafe or has none."""
    with _opened(path) as archive:
        entries = archive.infolist()
        _refuse_unsafe(entries)
        pictures = len(_pictures(entries))
    if not entries:
        raise UnreadableFile("empty_zip", _("The ZIP file is empty."))
    if not pictures:
        raise UnreadableFile(
            "no_images", _("The ZIP file contains no images (PNG, JPEG, WebP, GIF or BMP).")
        )
    return Looked(pictures)


def read(path: Path, _columns: Columns, _looked: Looked, label_names: set[str]) -> Rows:
    """Yield the pictures in order of their names, with labels from labels.csv or their folders.

    Folder names are labels if any folder in the ZIP has one of the `label_names`.
    """
    with _opened(path) as archive:
        table = _label_table(archive)
        entries = _pictures(archive.infolist())
        folders = {PurePosixPath(entry.filename).parent.name for entry in entries}
        by_folder = table is None and bool(folders & label_names)
        for number, entry in enumerate(entries, start=1):
            name = PurePosixPath(entry.filename)
            labels = [name.parent.name] if by_folder else _labels_of(name, table or {})
            try:
                content = _bytes(archive, entry)
            except BadPicture as problem:
                yield RejectedRow(number, problem.code, f"{entry.filename[:200]}: {problem.detail}")
                continue
            yield Row(number, content, key=entry.filename, labels=labels)


def _opened(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, NotImplementedError) as problem:
        words = _("The file isn't a ZIP file or is incomplete: %(problem)s.") % {"problem": problem}
        raise UnreadableFile("bad_zip", words) from problem


def _pictures(entries: list[zipfile.ZipInfo]) -> list[zipfile.ZipInfo]:
    found = [
        entry
        for entry in entries
        if PurePosixPath(entry.filename).suffix.lower() in ENDINGS
        and not any(part.startswith((".", "__MACOSX")) for part in entry.filename.split("/"))
    ]
    return sorted(found, key=lambda entry: entry.filename)


def _refuse_unsafe(entries: list[zipfile.ZipInfo]) -> None:
    if len(entries) > MOST_ENTRIES:
        raise UnreadableFile(
            "zip_too_many", _("The ZIP file contains more than 200,000 files. Split it.")
        )
    unsafe = [entry.filename for entry in entries if _is_unsafe(entry)]
    if unsafe:
        words = _(
            "The ZIP file contains paths that point outside of it: %(names)s. Pack it again from "
            "inside its folder."
        )
        names = ", ".join(repr(name)[:80] for name in unsafe[:5])
        raise UnreadableFile("zip_unsafe_name", words % {"names": names})
    if any(entry.flag_bits & 0x1 for entry in entries):
        words = _("The ZIP file is encrypted. Pack it without a password.")
        raise UnreadableFile("zip_encrypted", words)
    if sum(entry.file_size for entry in entries) > MOST_BYTES:
        raise UnreadableFile("zip_too_large", _("The ZIP file unpacks to more than 20 GB."))
    _refuse_overlap(entries)


def _is_unsafe(entry: zipfile.ZipInfo) -> bool:
    name = entry.orig_filename.replace("\\", "/")
    return (
        name.startswith("/")
        or ".." in name.split("/")
        or ":" in name.split("/")[0]
        or "\x00" in name
        or len(name) > 300
        or stat.S_ISLNK(entry.external_attr >> 16)
    )


def _refuse_overlap(entries: list[zipfile.ZipInfo]) -> None:
    # Entries that share their bytes are how a small file unpacks to petabytes (a ZIP bomb).
    spans = sorted((entry.header_offset, entry.compress_size) for entry in entries)
    for (start, size), (following, _size) in pairwise(spans):
        if start + size > following:
            words = _("Files in the ZIP overlap. Pack it again with another program.")
            raise UnreadableFile("zip_overlap", words)


def _label_table(archive: zipfile.ZipFile) -> dict[str, list[str]] | None:
    """Return labels by file name from labels.csv, None where there is no such file."""
    entry = next(
        (e for e in archive.infolist() if PurePosixPath(e.filename).name.lower() == "labels.csv"),
        None,
    )
    if entry is None:
        return None
    lines = io.StringIO(_table_text(archive, entry))
    reader = csv.DictReader(lines)
    names = {(name or "").strip().casefold(): name for name in reader.fieldnames or []}
    file_column = next(
        (names[n] for n in ("filename", "file", "image", "name") if n in names), None
    )
    label_column = next((names[n] for n in ("label", "labels", "class") if n in names), None)
    if file_column is None or label_column is None:
        there = ", ".join(reader.fieldnames or [])
        words = _("labels.csv needs the columns filename and label. Its columns are: %(there)s.")
        raise UnreadableFile("missing_column", words % {"there": there})
    by_path = {
        PurePosixPath((row[file_column] or "").replace("\\", "/")): [
            label.strip() for label in (row[label_column] or "").split("|") if label.strip()
        ]
        for row in reader
    }
    times = Counter(path.name for path in by_path)
    by_name = {path.name: labels for path, labels in by_path.items() if times[path.name] == 1}
    return by_name | {str(path): labels for path, labels in by_path.items()}


def _labels_of(name: PurePosixPath, table: dict[str, list[str]]) -> list[str] | None:
    """Return the table's labels for the picture, matched by the end of its path."""
    ends = ("/".join(name.parts[start:]) for start in range(len(name.parts)))
    return next((table[end] for end in ends if end in table), None)


def _table_text(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> str:
    try:
        return _bytes(archive, entry).decode("utf-8-sig")
    except (BadPicture, UnicodeDecodeError) as problem:
        words = _("labels.csv can't be read: %(problem)s.") % {"problem": problem}
        raise UnreadableFile("bad_labels", words) from problem


def _bytes(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    if entry.compress_type not in METHODS:
        raise BadPicture("zip_method", _("its compression method isn't supported."))
    if entry.file_size > LARGEST_ENTRY:
        raise BadPicture("image_too_large", _("it is larger than 100 MB."))
    if entry.file_size > HIGHEST_RATIO * max(entry.compress_size, 1):
        raise BadPicture("zip_bomb", _("it unpacks to more than 200 times its size."))
    try:
        with archive.open(entry) as file:
            # The size in the directory is only a claim, so reading is bounded by it.
            content = file.read(entry.file_size + 1)
    except (zipfile.BadZipFile, EOFError, OSError, RuntimeError) as problem:
        words = _("it can't be unpacked: %(problem)s.") % {"problem": problem}
        raise BadPicture("bad_zip_entry", words) from problem
    if len(content) != entry.file_size:
        raise BadPicture("bad_zip_entry", _("its size differs from what the ZIP file states."))
    return content


# One picture --------------------------------------------------------------------------------------


def clean(content: bytes) -> tuple[bytes, str]:
    """Return the picture, re-encoded by us, and its extension: "png" or "jpg".

    Upright, first frame only, without metadata and colour profile: anything else in the file (a web
    page, say) is dropped. Raises BadPicture with the reason.
    """
    try:
        return _cleaned(content)
    except (BadPicture, MemoryError):
        raise
    except Exception as problem:
        # Damaged metadata makes decoders raise arbitrary exceptions.
        words = _("it is damaged: %(problem)s.") % {"problem": problem}
        raise BadPicture("image_broken", words) from problem


def _cleaned(content: bytes) -> tuple[bytes, str]:
    picture, lossy = _decoded(content)
    # Comments and profiles would be saved again.
    picture.info = {}
    out = io.BytesIO()
    if lossy:
        picture.convert("RGB").save(out, "JPEG", quality=92)
        return out.getvalue(), "jpg"
    picture.save(out, "PNG", compress_level=4)
    return out.getvalue(), "png"


def _decoded(content: bytes) -> tuple[Image.Image, bool]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            picture = Image.open(io.BytesIO(content), formats=FORMATS)
            _refuse_size(*picture.size)
            lossy = picture.format in {"JPEG", "WEBP"}
            # Only loading detects a truncated file; verify() does not.
            picture.load()
            upright = ImageOps.exif_transpose(picture)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as problem:
        raise BadPicture("image_too_large", _("it has more than 50 million pixels.")) from problem
    except UnidentifiedImageError as problem:
        words = _("it isn't a PNG, JPEG, WebP, GIF or BMP image.")
        raise BadPicture("unsupported_image", words) from problem
    except (OSError, SyntaxError, ValueError, EOFError) as problem:
        code = "image_truncated" if "truncated" in str(problem).lower() else "image_broken"
        words = _("it is incomplete: %(problem)s.") % {"problem": problem}
        raise BadPicture(code, words) from problem
    return _plain_mode(upright), lossy


def _refuse_size(width: int, height: int) -> None:
    if min(width, height) < SMALLEST_SIDE:
        words = _("it has %(width)d × %(height)d pixels; at least 8 × 8 are needed.")
        raise BadPicture("image_too_small", words % {"width": width, "height": height})
    if max(width, height) > LONGEST_SIDE_RATIO * min(width, height):
        words = _("it has %(width)d × %(height)d pixels, which is too long to display.")
        raise BadPicture("image_too_long", words % {"width": width, "height": height})


def _plain_mode(picture: Image.Image) -> Image.Image:
    """Return the picture as 8-bit grey or RGB, on white if it was transparent."""
    if picture.mode in {"L", "RGB"}:
        return picture
    if picture.mode.startswith("I") or picture.mode == "F":
        # Conversion clips everything above 255 to white; stretch the range instead.
        deep = picture.convert("F")
        low, high = (float(end) for end in cast("tuple[float, float]", deep.getextrema()))
        scale = 255.0 / max(high - low, 1.0)
        return deep.point(lambda v: v * scale - low * scale).convert("L")
    if "A" in picture.getbands() or "transparency" in picture.info:
        layers = picture.convert("RGBA")
        white = Image.new("RGBA", layers.size, "white")
        return Image.alpha_composite(white, layers).convert("RGB")
    return picture.convert("L" if picture.mode == "1" else "RGB")


READER = Reader("zip", "ZIP", (".zip",), look, read)
