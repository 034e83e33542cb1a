"""Readers of the tables that lie in an archive."""

from pathlib import Path

from annotator.formats import csv, jsonl, parquet, plain_text, sniff, spreadsheet
from annotator.formats.base import Reader
from annotator.formats.tables.lines import encoding_of, opened

TABLES = (csv.READER, jsonl.READER, spreadsheet.READER, parquet.READER)


def is_table(name: str) -> bool:
    """Return whether a file is called like a table."""
    return any(sniff.ending_of(name) in reader.endings for reader in TABLES)


def reader_of(path: Path, name: str = "") -> Reader:
    """Return the reader of an unpacked table, by its bytes and then by its name."""
    content = sniff.content_of(path)
    if content in ("xlsx", "xls", "ods"):
        return spreadsheet.READER
    if content == "parquet":
        return parquet.READER
    by_name = next((each for each in TABLES if sniff.ending_of(name) in each.endings), None)
    return by_name if by_name in (csv.READER, jsonl.READER) else _by_first_character(path)


def _by_first_character(path: Path) -> Reader:
    with opened(path, encoding_of(path).name) as file:
        start = file.read(1000).lstrip("\ufeff \t\r\n")
    if start.startswith(("{", "[")):
        return jsonl.READER
    return plain_text.READER if start.startswith(plain_text.PREFIX) else csv.READER
