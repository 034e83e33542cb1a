"""Tokens with tags, as data sets for Hugging Face have them: lists of equal length in a record.

Out: the text, its tokens and their tags in BIO2; one list holds no overlapping spans. In: with the
text, tokens are found in it; without, they are joined by blanks.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from annotator import json_values
from annotator.formats.base import (
    Columns,
    GivenAnswer,
    Outgoing,
    Reason,
    Tokeniser,
    Writer,
    because,
)
from annotator.formats.spans.alignment import all_fitted, outermost
from annotator.formats.spans.token_tags import decode, encode, is_tag, placed
from annotator.formats.tables.labels import LabelParser
from annotator.formats.tables.rows import Given
from annotator.formats.tools.base import Record, Tool, share

WORDS = ("tokens", "words")
TAGS = ("ner_tags", "tags", "labels", "ner")


# Read ---------------------------------------------------------------------------------------------


def fits(sample: Sequence[Record]) -> bool:
    """Return whether most records that have tokens at all have a tag for each."""
    filled = [record for record in sample if _words(record) != []]
    return share(filled, lambda record: bool(_field(record))) > 0.5


def _field(record: Record) -> str:
    """Return the field of the tags; empty without one."""
    words = _words(record)
    if words is None or not all(isinstance(word, str) for word in words):
        return ""
    return next((name for name in TAGS if _are_tags(record.get(name), len(words))), "")


def _words(record: Record) -> list[Any] | None:
    """Return the tokens; None without any."""
    return next((record[name] for name in WORDS if isinstance(record.get(name), list)), None)


def _are_tags(value: Any, size: int) -> bool:
    if not isinstance(value, list) or len(value) != size or not value:
        return False
    return all(type(tag) is int or (isinstance(tag, str) and is_tag(tag)) for tag in value)


def reader(
    _sample: Sequence[Record], _wanted: Columns, _parser: LabelParser
) -> Callable[[Record], Given]:
    """Return the reader of records."""
    return _given


def _given(record: Record) -> Given:
    name = _field(record)
    fields = {each: value for each, value in record.items() if each not in (*WORDS, name)}
    words = _words(record)
    if words is None:
        return Given(fields)
    text = fields.setdefault("text", " ".join(map(str, words)))
    if not name:
        has_tags = any(each in record for each in TAGS)
        different = _problem(because("uneven_columns", message="tags_without_tokens"))
        return Given(fields, (different,) if has_tags else ())
    if any(type(tag) is int for tag in record[name]):
        return Given(fields, (_problem(because("tag_numbers")),))
    borders = placed(words, text) if isinstance(text, str) else None
    if borders is None:
        return Given(fields, (_problem(because("tokens_differ", text=str(text)[:60])),))
    # Their places were found here, in code points; with the quotes, nobody takes them for others.
    spans = (
        replace(span, quote=text[span.start : span.end]) for span in decode(record[name], borders)
    )
    return Given(fields, (GivenAnswer(spans=tuple(spans)),))


def _problem(problem: Reason) -> GivenAnswer:
    return GivenAnswer(spans=(), problem=problem)


TOOL = Tool("hf-tokens", "Hugging Face (tokens)", fits, reader)


# Write --------------------------------------------------------------------------------------------


def tokeniser() -> Tokeniser:
    """Return how texts are cut."""
    from selection.spans.text.tokens import tokens

    return tokens


def write(records: Iterator[dict[str, Any]], about: Outgoing) -> Iterator[bytes]:
    """Yield a line for each text that has an answer."""
    cut = tokeniser()
    for record in records:
        if record["resolved_by"] is not None:
            borders = cut(record["text"])
            marks = outermost(all_fitted(record["labels"], borders, about.unaligned))
            told = {
                "id": record["key"],
                "text": record["text"],
                "tokens": [record["text"][start:end] for start, end in borders],
                "ner_tags": encode(borders, marks, ends=False),
            }
            yield json_values.line(told)


WRITER = Writer(
    "hf-tokens",
    "application/x-ndjson",
    write,
    "Hugging Face (tokens)",
    "jsonl",
    is_tool=True,
    by_item=True,
    of_spans=True,
    tokeniser=tokeniser,
    is_flat=True,
)
