"""The import and export formats: a new one is a module here and a line below."""

from collections.abc import Collection
from pathlib import Path

from annotator.formats import (
    archive,
    conll,
    csv,
    image_zip,
    jsonl,
    parquet,
    plain_text,
    sniff,
    spreadsheet,
)
from annotator.formats.archives import packed_tables
from annotator.formats.base import Reader
from annotator.formats.span_files import brat, spacy
from annotator.formats.spans import token_lists
from annotator.formats.writing import argilla, doccano, label_studio, prodigy, xlsx
from annotator.formats.writing import parquet as parquet_out

READERS = {
    each.kind: each
    for each in (
        csv.READER,
        jsonl.READER,
        spreadsheet.READER,
        parquet.READER,
        plain_text.READER,
        conll.READER,
        spacy.READER,
        # Of two readers of an ending, the first is found by the name alone.
        image_zip.READER,
        archive.READER,
        brat.READER,
    )
}
WRITERS = {
    each.kind: each
    for each in (
        jsonl.WRITER,
        csv.WRITER,
        xlsx.WRITER,
        parquet_out.WRITER,
        label_studio.WRITER,
        doccano.WRITER,
        prodigy.WRITER,
        argilla.WRITER,
        conll.BIO,
        conll.BIOES,
        brat.WRITER,
        token_lists.WRITER,
        spacy.WRITER,
    )
}

# The kinds of content that readers other than those of texts read.
OF_CONTENT = {
    "xlsx": ("xlsx",),
    "xls": ("xlsx",),
    "ods": ("xlsx",),
    "parquet": ("parquet",),
    "docbin": ("spacy",),
    "zip": ("brat", "archive", "zip"),
    "gzip": ("archive",),
    "tar": ("brat", "archive", "zip"),
    "tar.gz": ("brat", "archive", "zip"),
    "picture": ("zip",),
    "folder": ("brat", "archive", "zip"),
}
TEXTS = ("csv", "jsonl", "text", "conll")


def choices() -> list[tuple[str, str]]:
    """Return (kind, title) of the import formats."""
    return [(each.kind, each.title) for each in READERS.values()]


def for_file(name: str, kind: str = "", allowed: Collection[str] = ()) -> Reader | None:
    """Return the reader of the kind, or else of the file name's extension; None without one.

    `allowed` are the kinds that may be found by the name; without them, all may.
    """
    if kind:
        return READERS.get(kind)
    ending = sniff.ending_of(name)
    if ending == ".tar.gz":
        ending = ".tar"
    found = [each for each in READERS.values() if ending in each.endings]
    return next((each for each in found if not allowed or each.kind in allowed), None) or (
        found[0] if found else None
    )


def _of_text(path: Path, by_name: Reader, usable: Collection[str]) -> Reader:
    """Return the reader of a text whose name may be wrong: of a table, or of JSON."""
    if by_name in (plain_text.READER, jsonl.READER) and "csv" in usable and csv.is_table(path):
        return csv.READER
    if by_name in (plain_text.READER, csv.READER) and "conll" in usable and conll.is_tagged(path):
        return conll.READER
    if by_name is csv.READER and "text" in usable and plain_text.is_fasttext(path):
        return plain_text.READER
    may_be_json = by_name in (csv.READER, plain_text.READER) and "jsonl" in usable
    is_json = may_be_json and jsonl.is_json(path)
    return jsonl.READER if is_json else by_name


def _of_start(path: Path, usable: Collection[str]) -> Reader | None:
    """Return the reader of a text whose name tells nothing, by its first character."""
    found = packed_tables.reader_of(path)
    return found if found.kind in usable else None


def for_content(
    path: Path, name: str = "", kind: str = "", allowed: Collection[str] = ()
) -> Reader | None:
    """Return the reader of a file by its bytes, and by its name where those only tell a text.

    UnreadableFile names what the file is if no reader of the allowed kinds reads it.
    """
    allowed = allowed or READERS
    content = sniff.content_of(path)
    kinds = OF_CONTENT.get(content, TEXTS if content == "text" else ())
    usable = [each for each in kinds if each in allowed and kind in ("", each)]
    if not kind:
        usable = [each for each in usable if READERS[each].fits(path)]
    if content != "text" or not usable:
        if usable:
            return READERS[usable[0]]
        if content == "text" and kind == "":
            return None
        raise sniff.wrong_content(content)
    by_name = for_file(name, kind, usable) or (None if kind else _of_start(path, usable))
    if by_name and not kind:
        by_name = _of_text(path, by_name, usable)
    if by_name and by_name.kind in usable:
        return by_name
    return packed_tables.reader_of(path)


def may_be_called(path: Path, name: str, by_name: Reader | None, allowed: Collection[str]) -> bool:
    """Return whether a file may have this name: other content than a text tells what it is."""
    if sniff.content_of(path) != "text":
        return True
    return by_name.kind in allowed if by_name else sniff.tells_nothing(name)
