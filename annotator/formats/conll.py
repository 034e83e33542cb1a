"""CoNLL: a token a line with its tags, a blank line after each text.

Out: BIO2 or BIOES, the token and one column of tags for each layer of overlapping spans. In: any of
the schemes; the last columns that hold tags are layers, but with other columns before them only the
last one is. Numbers of the tokens may stand before them. Comments `# id =` and `# text =` are those
of CoNLL-U; without the text, tokens are joined by blanks.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from annotator.formats.base import (
    Columns,
    GivenAnswer,
    Looked,
    Note,
    Outgoing,
    Reader,
    RejectedRow,
    Row,
    Rows,
    UnreadableFile,
    Writer,
    because,
)
from annotator.formats.sniff import refuse_other_kinds
from annotator.formats.spans.token_tags import Border, decode, encode, is_tag, placed, split_at
from annotator.formats.tables.lines import encoding_of, encoding_of_start, lines_of

DOCUMENT = "-DOCSTART-"
# Not every white space: a no-break space, or a line separator, may be within a token.
BLANKS = re.compile("[ \t]+")
# The words of CoNLL-U have numbers; of several in one, such as 1-2, only the words count.
NUMBER, SEVERAL = re.compile(r"\d{1,9}(?:\.\d{1,9})?"), re.compile(r"\d{1,9}-\d{1,9}")
BLOCKS_LOOKED_AT = 20


# Read ---------------------------------------------------------------------------------------------


@dataclass
class _Block:
    """The lines of one text."""

    number: int
    rows: list[list[str]] = field(default_factory=list)
    about: dict[str, str] = field(default_factory=dict)


def look(path: Path, columns: Columns) -> Looked:
    """Check that there are tokens with tags; UnreadableFile if there are none."""
    refuse_other_kinds(path)
    encoding = encoding_of(path, columns.encoding)
    found, tagged = 0, False
    for block in _texts(path, encoding.name):
        found += 1
        tagged = tagged or bool(_tag_columns(block.rows))
    if not found:
        raise UnreadableFile("empty_file")
    if not tagged:
        raise UnreadableFile("no_tags")
    notes = (Note("read_as_tool", {"tool": "CoNLL"}),)
    return Looked(found, encoding.name, encoding.is_sure, notes=notes)


def read(path: Path, _columns: Columns, looked: Looked, _label_names: set[str]) -> Rows:
    """Yield each text in order, numbered from 1."""
    for block in _texts(path, looked.encoding):
        yield _row(block)


def _texts(path: Path, encoding: str) -> Iterator[_Block]:
    """Yield the lines of each text, without the numbers of their tokens."""
    first = [block.rows for block in islice(_blocks(path, encoding), BLOCKS_LOOKED_AT)]
    # A single token may be a number itself.
    is_numbered = any(len(rows) > 1 for rows in first) and all(map(_are_numbered, first))
    for block in _blocks(path, encoding):
        if is_numbered and _are_numbered(block.rows):
            block.rows = [row[1:] for row in block.rows if not SEVERAL.fullmatch(row[0])]
        yield block


def _blocks(path: Path, encoding: str) -> Iterator[_Block]:
    block = _Block(1)
    for line in lines_of(path, encoding):
        text = line.rstrip("\r\n")
        if not text.strip() or text.startswith(DOCUMENT):
            if block.rows:
                yield block
                block = _Block(block.number + 1)
        elif text.startswith("#") and not _is_token(text):
            name, _sign, value = text[1:].partition("=")
            block.about[name.strip()] = value.strip()
        else:
            block.rows.append(_cells(text))
    if block.rows:
        yield block


def _cells(line: str) -> list[str]:
    return line.split("\t") if "\t" in line else BLANKS.split(line.strip(" "))


def _is_token(line: str) -> bool:
    """Return whether a line that begins like a comment is a token with its tag."""
    cells = _cells(line)
    is_named = "\t" not in line and ("=" in line or cells[0] != "#")
    return not is_named and len(cells) > 1 and is_tag(cells[-1])


def is_tagged(path: Path) -> bool:
    """Return whether the first lines of a text are tokens with their tags."""
    try:
        blocks = list(islice(_blocks(path, encoding_of_start(path)), BLOCKS_LOOKED_AT))
    except UnreadableFile:
        return False
    rows = [row for block in blocks for row in block.rows]
    has_tags = any(row[-1] != "O" for row in rows)
    return has_tags and all(len(row) > 1 and is_tag(row[-1]) for row in rows)


def _row(block: _Block) -> Row | RejectedRow:
    width = {len(row) for row in block.rows}
    if len(width) > 1:
        return RejectedRow(block.number, because("uneven_columns"))
    words_of = [row[0] for row in block.rows]
    text, borders = _placed(words_of, block.about)
    if borders is None:
        return RejectedRow(block.number, because("tokens_differ", text=text[:60]))
    layers = _tag_columns(block.rows)
    spans = [span for tags in layers for span in decode(tags, borders)]
    answers = (GivenAnswer(spans=tuple(spans)),) if layers else ()
    return Row(block.number, text, key=block.about.get("id", ""), answers=answers)


def _are_numbered(rows: list[list[str]]) -> bool:
    """Return whether lines begin with the numbers of their tokens, which are counted up."""
    words = [row for row in rows if not SEVERAL.fullmatch(row[0])]
    numbers = [row[0] for row in words if NUMBER.fullmatch(row[0])]
    whole = [int(each) for each in numbers if "." not in each]
    counted = list(range(whole[0], whole[0] + len(whole))) if whole else []
    has_words = all(len(row) > 2 and not is_tag(row[1]) for row in words)
    return has_words and bool(whole) and len(numbers) == len(words) and whole == counted


def _placed(words: list[str], about: dict[str, str]) -> tuple[str, list[Border] | None]:
    """Return the text with the place of each token; None for the places if they do not fit."""
    text = _unquoted(about["text"]) if "text" in about else " ".join(words)
    return text, placed(words, text)


def _unquoted(value: str) -> str:
    if value.startswith('"'):
        try:
            return str(json.loads(value))
        except ValueError:
            return value
    return value


def _tag_columns(rows: list[list[str]]) -> list[list[str]]:
    columns = [list(column) for column in zip(*rows, strict=False)]
    first = len(columns)
    while first > 1 and all(map(is_tag, columns[first - 1])):
        first -= 1
    tags = columns[first:]
    # With a part of speech before them, only the last column is of spans.
    return tags if first == 1 else tags[-1:]


# Write --------------------------------------------------------------------------------------------


def write(
    records: Iterator[dict[str, Any]], _about: Outgoing, *, ends: bool = False
) -> Iterator[bytes]:
    """Yield the lines of each text that has an answer."""
    for record in records:
        if record["resolved_by"] is not None:
            yield _lines(record["text"], record["labels"], ends).encode()


def _lines(text: str, marks: list[Any], ends: bool) -> str:
    from selection.spans.text.spans import in_layers
    from selection.spans.text.tokens import tokens

    borders = split_at(tokens(text), marks)
    layers = in_layers(tuple(mark) for mark in marks) or [[]]
    tags = [encode(borders, layer, ends=ends) for layer in layers]
    rows = [
        "\t".join([text[start:end], *(layer[row] for layer in tags)])
        for row, (start, end) in enumerate(borders)
    ]
    return "\n".join([*rows, "", ""]) if rows else ""


READER = Reader("conll", "CoNLL", (".conll", ".bio", ".iob", ".iob2", ".bioes"), look, read)
PLAIN = "text/plain; charset=utf-8"
OF_SPANS: dict[str, Any] = {
    "ending": "conll",
    "is_tool": True,
    "by_item": True,
    "of_spans": True,
}
BIO = Writer("conll", PLAIN, write, "CoNLL (BIO2)", **OF_SPANS)
BIOES = Writer("conll-bioes", PLAIN, partial(write, ends=True), "CoNLL (BIOES)", **OF_SPANS)
