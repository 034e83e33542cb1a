"""First look at a table and its rows: the same for each syntax, and for what other tools write."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from annotator.formats.base import Columns, Looked, Note, RejectedRow, Row, Rows, UnreadableFile
from annotator.formats.tables.columns import ID_NAMES, Found, find_columns, shown, taken
from annotator.formats.tables.labels import LabelParser, NoLabel, is_nothing
from annotator.formats.tables.rows import Given, as_row, is_no_value, shown_value
from annotator.formats.tools import registry as tools
from annotator.formats.tools.base import Tool, merged_answers

SAMPLE = 1000
# What a column tells of a label: whether the row has it.
FLAGS = {
    **dict.fromkeys(("1", "1.0", "true", "yes", "y", "x", "✓", "✔"), True),
    **dict.fromkeys(("0", "0.0", "false", "no", "n", "-", ""), False),
}
MOST_COLUMNS_SHOWN = 5000
# How much is looked through for labels that nobody named.
MOST_GUESSED = 50
LABELS_SAMPLE = 200

Records = Iterator[tuple[int, dict[str, Any] | RejectedRow]]


@dataclass(frozen=True)
class Table:
    """A table of any syntax. `records` yields all records, each time it is called."""

    records: Callable[[], Records]
    header: Sequence[str]
    rows: int
    # What the first look tells besides: encoding, delimiter and the like.
    about: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()


def look(table: Table, wanted: Columns) -> Looked:
    """Return what the table has; UnreadableFile without rows or without a content column."""
    sample = _sample(table)
    has_nothing = bool(sample) and not table.header and not any(sample or ())
    if sample is None or has_nothing:
        raise UnreadableFile("empty_file")
    plan = _plan(table, sample, wanted, LabelParser(wanted.label_names))
    known = LabelParser(wanted.label_names)
    notes = [*table.notes, *plan.notes, *_nothing_notes(sample, plan, known)]
    notes += _label_notes(sample, plan, known)
    return Looked(
        max(table.rows, 1),
        header=tuple(islice((name for name in plan.header if name), MOST_COLUMNS_SHOWN)),
        mapping=plan.found.mapping,
        notes=tuple(notes),
        **table.about,
    )


def read(table: Table, wanted: Columns, label_names: set[str]) -> Rows:
    """Yield the rows of the table in order, with the numbers of their records."""
    parser = LabelParser(label_names)
    plan = _plan(table, _sample(table) or [], wanted, parser)
    if plan.tool and plan.tool.group:
        yield from _merged(table, plan, parser)
        return
    for number, record in table.records():
        if isinstance(record, RejectedRow):
            yield record
        else:
            yield as_row(number, plan.given(record), plan.found, parser)


# How the records are read -------------------------------------------------------------------------


@dataclass(frozen=True)
class _Plan:
    """How the records are read: as a tool writes them, or as they stand."""

    header: Sequence[str]
    found: Found
    given: Callable[[dict[str, Any]], Given]
    tool: Tool | None = None
    notes: tuple[Note, ...] = ()


def _sample(table: Table) -> list[dict[str, Any]] | None:
    """Return the first usable records; None if there is none, usable or not."""
    first = list(islice(table.records(), SAMPLE))
    return [record for _n, record in first if isinstance(record, dict)] if first else None


def _plan(
    table: Table, sample: list[dict[str, Any]], wanted: Columns, parser: LabelParser
) -> _Plan:
    tool = tools.of(sample, wanted)
    if tool is None:
        # Where no record is usable, each is refused by itself.
        found = find_columns(table.header, wanted) if table.header else Found({})
        if found.label_is_weak and parser and not _has_labels(sample, found, parser):
            found = Found(found.parts, id=found.id, vector=found.vector)
        named = [] if found.label else _label_columns(table.header, sample, found, parser)
        if named:
            note = Note("label_columns", {"names": shown(named)})
            return _Plan(table.header, found, _of_columns(named), notes=(note,))
        return _Plan(table.header, found, Given)
    given = tool.reader(sample, wanted, parser)
    header = list(dict.fromkeys(name for record in sample for name in given(record).fields))
    notes = [Note("read_as_tool", {"tool": tool.title}), *tool.notes]
    only = _only_field(header, wanted)
    if only:
        wanted = replace(wanted, text=only)
        notes.append(Note("only_column", {"name": only[:60]}))
    # The tool read the labels; what a person named for them may be no column at all.
    found = find_columns(header, replace(wanted, label=""))
    found = replace(found, label="", other_labels=(), label_is_weak=False)
    return _Plan(header, found, given, tool, tuple(notes))


def _only_field(header: Sequence[str], wanted: Columns) -> str:
    """Return the only field of what a tool asks about, if it isn't called like a text."""
    if len(wanted.parts) != 1 or wanted.of(wanted.parts[0]):
        return ""
    fields = [name for name in header if name.casefold() not in ID_NAMES]
    is_usual = any(name.casefold() in wanted.parts[0].columns for name in header)
    return fields[0] if len(fields) == 1 and not is_usual else ""


def _has_labels(sample: list[dict[str, Any]], found: Found, parser: LabelParser) -> bool:
    """Return whether a column that may be something else has a label of the project."""
    for record in sample:
        try:
            # A name in another case is hinted at when its row is rejected.
            if any(map(parser.is_near, parser.of(taken(dict(record), found.label)))):
                return True
        except NoLabel:
            continue
    return False


def _label_columns(
    header: Sequence[str], sample: list[dict[str, Any]], found: Found, parser: LabelParser
) -> list[str]:
    """Return the columns that are called like labels and tell of each row whether it has them."""
    others = [name for name in header if name and name not in found.mapping.values()]
    named = [name for name in others if parser and _leaf(name) in parser]
    is_so = len(named) > 1 and all(
        _is_flag(taken(dict(record), name)) for record in sample for name in named
    )
    return named if is_so else []


def _leaf(name: str) -> str:
    return name.rpartition(".")[2]


def _is_flag(value: Any) -> bool:
    return value is None or str(value).strip().casefold() in FLAGS


def _of_columns(names: Sequence[str]) -> Callable[[dict[str, Any]], Given]:
    """Return the reader of records with a column for each label."""

    def given(record: dict[str, Any]) -> Given:
        fields = dict(record)
        values = {_leaf(name): str(taken(fields, name)).strip().casefold() for name in names}
        return Given(fields, labels=[name for name, value in values.items() if FLAGS.get(value)])

    return given


def _nothing_notes(sample: list[dict[str, Any]], plan: _Plan, known: LabelParser) -> list[Note]:
    """Return what to tell of values such as “nan” that are read as no label or no id."""
    notes = []
    for code, column in (("no_labels", plan.found.label), ("no_ids", plan.found.id)):
        values = [taken(dict(record), column) for record in sample if column]
        texts = {shown_value(each) for each in values if isinstance(each, (str, float))}
        is_none = is_nothing if code == "no_labels" else is_no_value
        nothing = sorted(each for each in texts if is_none(each) and each not in known)
        if nothing:
            notes.append(Note(code, {"values": ", ".join(nothing[:5])}))
    return notes


def _label_notes(sample: list[dict[str, Any]], plan: _Plan, known: LabelParser) -> list[Note]:
    """Return which columns seem to have the labels, where none was taken for them."""
    told = {note.code for note in plan.notes}
    if plan.tool or not known or "label_columns" in told:
        return []
    if plan.found.label and _has_labels(sample[:LABELS_SAMPLE], plan.found, known):
        return []
    others = [name for name in plan.header if name and name not in plan.found.mapping.values()]
    named = [name for name in others if _leaf(name) in known]
    if len(named) > 1:
        return [Note("columns_of_labels", {"names": shown(named)})]
    for name in others[:MOST_GUESSED]:
        values = [record.get(name) for record in sample[:LABELS_SAMPLE]]
        texts = [each for each in values if isinstance(each, str) and each.strip()]
        labels = sum(map(known.is_near, texts))
        if labels > 1 and labels * 2 >= len(texts):
            return [Note("labels_beside", {"name": name[:60]})]
    return []


# Several records of one item ----------------------------------------------------------------------


def _merged(table: Table, plan: _Plan, parser: LabelParser) -> Rows:
    """Yield one row for all records of an item, where its first one stands."""
    repeated = _repeated(table, plan)
    answers: dict[int, list[Given]] = {}
    for _number, record in table.records():
        group = _group(plan, record)
        if group in repeated and isinstance(record, dict):
            given = plan.given(record)
            # What only a later record has stays with the item, too.
            read = plan.found.mapping.values()
            rest = {name: value for name, value in given.fields.items() if name not in read}
            answers.setdefault(group, []).append(Given(rest, given.answers, given.labels))
    told: set[int] = set()
    for number, record in table.records():
        if isinstance(record, RejectedRow):
            yield record
            continue
        group = _group(plan, record)
        if group in told:
            continue
        given = plan.given(record)
        if group in answers:
            told.add(group)
            given = merged_answers(given, answers[group])
        yield as_row(number, given, plan.found, parser)


def _repeated(table: Table, plan: _Plan) -> set[int]:
    once: set[int] = set()
    repeated: set[int] = set()
    for _number, record in table.records():
        group = _group(plan, record)
        if group:
            (repeated if group in once else once).add(group)
    return repeated


def _group(plan: _Plan, record: dict[str, Any] | RejectedRow) -> int:
    """Return what the records of an item share; 0 for one that stands alone."""
    if isinstance(record, RejectedRow) or plan.tool is None or plan.tool.group is None:
        return 0
    key = plan.tool.group(record)
    return 0 if key is None else hash(key) or 1


def rows_only(rows: Rows) -> Iterator[Row]:
    """Yield the usable rows."""
    return (row for row in rows if isinstance(row, Row))
