"""Parquet, where pyarrow is installed: a group of rows at a time."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from annotator.formats.base import Outgoing, Writer
from annotator.formats.writing.cells import as_json
from annotator.formats.writing.sink import Sink

ROWS_AT_ONCE = 5_000
# All other columns are texts; objects in them are JSON.
TYPES = {
    "int64": ("id", "item", "audit_key", "round", "model", "corrections"),
    "float64": ("seconds", "seconds_counted", "score", "probability"),
    "bool_": ("counted", "completes", "unsure", "audit", "blind", "agreed"),
    "times": ("created_at", "updated_at", "withdrawn_at"),
    "texts": ("labels", "gold", "decided", "author_labels", "groups"),
}
# Columns of answers that are no lists of texts.
ANSWERS = frozenset(("choice", "spans"))
TYPE_OF = {name: kind for kind, names in TYPES.items() for name in names}


def write(records: Iterator[dict[str, Any]], about: Outgoing) -> Iterator[bytes]:
    """Yield the file, a group of rows after the other, and its directory at the end."""
    import pyarrow
    import pyarrow.parquet

    schema = _schema(about)
    sink = Sink()
    with pyarrow.parquet.ParquetWriter(sink, schema, compression="zstd") as writer:
        while rows := list(islice(records, ROWS_AT_ONCE)):
            columns = [[_value(row.get(field.name), field) for row in rows] for field in schema]
            writer.write_table(pyarrow.table(columns, schema=schema))
            yield sink.taken()
    yield sink.taken()


def _schema(about: Outgoing) -> Any:
    import pyarrow

    made = {
        "times": pyarrow.timestamp("us", "UTC"),
        "texts": pyarrow.list_(pyarrow.string()),
        "string": pyarrow.string(),
    }
    fields = []
    for name in about.columns:
        kind = "string" if name in about.parts else TYPE_OF.get(name, "string")
        # Fixed answers are no lists, and spans are lists of objects.
        no_list = about.spans or not ANSWERS.isdisjoint(about.columns)
        kind = "string" if kind == "texts" and no_list else kind
        fields.append((name, made[kind] if kind in made else getattr(pyarrow, kind)()))
    return pyarrow.schema(fields)


def _value(value: Any, field: Any) -> Any:
    if str(field.type) != "string" or value is None or isinstance(value, str):
        return value
    return as_json(value)


WRITER = Writer("parquet", "application/vnd.apache.parquet", write, "Parquet", needs="pyarrow")
