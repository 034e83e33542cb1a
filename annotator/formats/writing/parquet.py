"""Parquet, where pyarrow is installed: a group of rows at a time."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from annotator.formats.base import Outgoing, Writer
from annotator.formats.writing.cells import as_json

ROWS_AT_ONCE = 5_000
# All other columns are texts; objects in them are JSON.
TYPES = {
    "int64": ("id", "item", "audit_key", "round", "model", "corrections"),
    "float64": ("seconds", "seconds_counted", "score", "probability"),
    "bool_": ("counted", "completes", "unsure", "audit", "blind", "agreed"),
    "times": ("created_at", "updated_at", "withdrawn_at"),
    "texts": ("labels", "gold", "decided"),
}
TYPE_OF = {name: kind for kind, names in TYPES.items() for name in names}


def write(records: Iterator[dict[str, Any]], about: Outgoing) -> Iterator[bytes]:
    """Yield the file, a group of rows after the other, and its directory at the end."""
    import pyarrow
    import pyarrow.parquet

    schema = _schema(about)
    sink = _Sink()
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
        # The fixed answers of a task type are no lists.
        kind = "string" if kind == "texts" and "choice" in about.columns else kind
        fields.append((name, made[kind] if kind in made else getattr(pyarrow, kind)()))
    return pyarrow.schema(fields)


def _value(value: Any, field: Any) -> Any:
    if str(field.type) != "string" or value is None or isinstance(value, str):
        return value
    return as_json(value)


class _Sink:
    """A file to write to, of which what was written can be taken."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._size = 0
        self.closed = False

    def write(self, data: Any) -> int:
        self._parts.append(bytes(data))
        self._size += len(data)
        return len(data)

    def tell(self) -> int:
        return self._size

    def flush(self) -> None:
        return

    def close(self) -> None:
        self.closed = True

    def writable(self) -> bool:
        return True

    def readable(self) -> bool:
        return False

    def seekable(self) -> bool:
        return False

    def taken(self) -> bytes:
        data = b"".join(self._parts)
        self._parts.clear()
        return data


WRITER = Writer("parquet", "application/vnd.apache.parquet", write, "Parquet", needs="pyarrow")
