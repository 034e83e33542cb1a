"""What a file is, by its first bytes; a name only decides between kinds of text."""

import gzip
import zipfile
import zlib
from pathlib import Path, PurePath

from annotator.formats.archives import zip_source
from annotator.formats.base import UnreadableFile
from annotator.formats.tables.wide import wide_encoding

MAGIC = (
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"\x1f\x8b", "gzip"),
    (b"PAR1", "parquet"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "xls"),
    (b"\x89PNG\r\n\x1a\n", "picture"),
    (b"\xff\xd8\xff", "picture"),
    (b"GIF8", "picture"),
    (b"II*\x00", "picture"),
    (b"MM\x00*", "picture"),
    (b"%PDF", "pdf"),
    (b"SQLite format 3", "sqlite"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"Rar!", "rar"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"\x7fELF", "program"),
    (b"\xcf\xfa\xed\xfe", "program"),
    (b"\x93NUMPY", "numpy"),
    (b"ARROW1\x00\x00", "feather"),
    (b"ID3", "audio"),
    (b"OggS", "audio"),
    (b"fLaC", "audio"),
    (b"{\\rtf", "rtf"),
)
# A text has hardly any of these; a byte order mark or zeros make it UTF-16.
CONTROLS = bytes({*range(9), *range(14, 27), 28, 29, 30, 31, 127})
MOST_CONTROLS = 0.08
FEWEST_CONTROLS = 6
SAMPLE = 4096
# Brands of the ISO container that are pictures.
PICTURE_BRANDS = (b"avif", b"avis", b"heic", b"heix", b"mif1", b"msf1", b"hevc")
# How pages begin, and workbooks in XML.
PAGES = ((b"<!doctype html", "html"), (b"<html", "html"), (b"<?xml", "xml"))
# Names of members that tell what a ZIP file is.
MEMBERS = (("xl/", "xlsx"), ("word/", "docx"), ("ppt/", "pptx"))


# Endings of names that files of any kind have.
OF_ANYTHING = (
    "",
    ".dat",
    ".data",
    ".train",
    ".dev",
    ".test",
    ".testa",
    ".testb",
    ".upload",
    ".bin",
)

# What people call the kinds that nothing reads.
NAMES = {
    "docx": "Word",
    "pptx": "PowerPoint",
    "pdf": "PDF",
    "sqlite": "SQLite",
    "7z": "7-Zip",
    "rar": "RAR",
    "bzip2": "bzip2",
    "xz": "xz",
    "zstd": "Zstandard",
    "video": "video",
    "xlsx": "Excel",
    "xls": "Excel",
    "ods": "OpenDocument",
    "parquet": "Parquet",
    "docbin": "spaCy DocBin",
    "zip": "ZIP",
    "gzip": "gzip",
    "tar": "tar",
    "tar.gz": "tar",
    "picture": "image",
    "folder": "folder",
    "html": "HTML",
    "xml": "XML",
    "program": "program",
    "numpy": "NumPy",
    "feather": "Feather",
    "audio": "audio",
    "rtf": "RTF",
    "binary": "binary",
}


def content_of(path: Path) -> str:
    """Return the kind of a file by its bytes, "text" where they tell nothing else.

    Kinds of ZIP files are "xlsx", "ods", "docx" and the like; otherwise "zip".
    """
    if path.is_dir():
        return "folder"
    with path.open("rb") as file:
        kind = kind_of_start(file.read(512))
    if kind == "gzip":
        return _gzip(path)
    if kind == "text" and _is_binary(path):
        return "binary"
    return _zip(path) if kind == "zip" else kind


def _is_binary(path: Path) -> bool:
    """Return whether a file that is of no known kind is no text either."""
    with path.open("rb") as file:
        start = file.read(SAMPLE)
    controls = len(start) - len(start.translate(None, CONTROLS))
    if controls < max(MOST_CONTROLS * len(start), FEWEST_CONTROLS):
        return False
    return not wide_encoding(start)


def kind_of_start(start: bytes) -> str:
    """Return the kind of the first 512 bytes of a file."""
    if start.startswith(b"RIFF") and start[8:12] == b"WEBP":
        return "picture"
    if start.startswith(b"BM") and b"\x00" in start[:20]:
        return "picture"
    if start.startswith(b"RIFF") and start[8:12] in (b"WAVE", b"AVI "):
        return "audio" if start[8:12] == b"WAVE" else "video"
    if start.startswith(b"MZ") and b"\x00" in start[:64]:
        return "program"
    if start[4:8] == b"ftyp":
        return "picture" if start[8:12] in PICTURE_BRANDS else "video"
    if start[128:132] == b"DICM":
        return "picture"
    if start[257:262] == b"ustar":
        return "tar"
    if start[:1] == b"x" and _is_docbin(start):
        return "docbin"
    text = start.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    # Programs save such under the name of a workbook.
    page = next((kind for mark, kind in PAGES if text.startswith(mark)), "")
    if page:
        return page
    return next((kind for mark, kind in MAGIC if start.startswith(mark)), "text")


def _is_docbin(start: bytes) -> bool:
    """Return whether it is a deflated object of msgpack that names its attributes."""
    try:
        return b"attrs" in zlib.decompressobj().decompress(start, 64)
    except zlib.error:
        return False


def _gzip(path: Path) -> str:
    try:
        with gzip.open(path) as file:
            start = file.read(512)
    except zip_source.ERRORS:
        return "gzip"
    return "tar.gz" if start[257:262] == b"ustar" else "gzip"


def _zip(path: Path) -> str:
    """Return what a ZIP file holds by the first of its members."""
    try:
        with path.open("rb") as file:
            start = file.read(4096)
        if b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet" in start:
            return "ods"
        if b"[Content_Types].xml" not in start and b"docProps/" not in start:
            return "zip"
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()[:200]
    except zip_source.ERRORS:
        return "zip"
    kinds = (kind for begin, kind in MEMBERS for name in names if name.startswith(begin))
    return next(kinds, "zip")


def ending_of(name: str) -> str:
    """Return the ending of a file's name, with both parts of one such as ".tar.gz"."""
    suffixes = [each.lower() for each in PurePath(name.replace("\\", "/")).suffixes[-2:]]
    if suffixes == [".tar", ".gz"]:
        return ".tar.gz"
    return suffixes[-1] if suffixes else ""


def tells_nothing(name: str) -> bool:
    """Return whether the name of a file does not tell its kind."""
    ending = ending_of(name)
    return ending in OF_ANYTHING or ending[1:].isdigit()


def refuse_other_kinds(path: Path) -> None:
    """Refuse a file that is no text, whatever its name says; the reason tells what it is."""
    content = content_of(path)
    if content != "text":
        raise wrong_content(content)


def wrong_content(content: str) -> UnreadableFile:
    """Return the error for content that the reader does not read."""
    if content == "text":
        return UnreadableFile("wrong_content", message="content_is_text")
    kind = NAMES.get(content, content)
    if content in ("xlsx", "xls", "ods"):
        return UnreadableFile("wrong_content", message="content_is_workbook", kind=kind)
    return UnreadableFile("wrong_content", kind=kind)
