"""Parquet, where pyarrow is installed: a batch of rows at a time."""

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from annotator.formats.base import Columns, Looked, Note, Reader, Rows, UnreadableFile
from annotator.formats.tables import class_names, reading

BATCH = 500
# A small file may decode to gigabytes; this is what one batch may take.
MOST_BYTES_OF_BATCH = 100 << 20
MOST_BYTES = 20 << 30


def look(path: Path, columns: Columns) -> Looked:
    """Check the schema and the first rows; UnreadableFile if it is no Parquet file."""
    return reading.look(_table(path, set(columns.label_names)), columns)


def read(path: Path, columns: Columns, _looked: Looked, label_names: set[str]) -> Rows:
    """Yield every row in order, numbered from 1."""
    yield from reading.read(_table(path, label_names), columns, label_names)


def _table(path: Path, label_names: set[str]) -> reading.Table:
    if find_spec("pyarrow") is None:
        raise UnreadableFile("parquet_missing")
    file = _opened(path)
    schema = file.schema_arrow
    repeated = next((name for name in schema.names if schema.names.count(name) > 1), "")
    if repeated:
        raise UnreadableFile("duplicate_column", name=repeated[:60])
    classes = class_names.of_schema(schema.metadata or {}, label_names)
    return reading.Table(
        lambda: class_names.named(_records(path), classes),
        _names(schema),
        file.metadata.num_rows,
        notes=(Note("class_names", {"names": ", ".join(classes)}),) if classes else (),
    )


def _names(schema: Any) -> list[str]:
    """Return the columns, then the fields within them by dotted names."""
    import pyarrow

    nested = [
        f"{column.name}.{inner.name}"
        for column in schema
        if pyarrow.types.is_struct(column.type)
        for inner in column.type
    ]
    return [*map(str, schema.names), *nested]


def _opened(path: Path) -> Any:
    import pyarrow
    import pyarrow.parquet

    try:
        return pyarrow.parquet.ParquetFile(path)
    except (pyarrow.ArrowException, OSError, ValueError) as problem:
        raise UnreadableFile("not_parquet", problem=str(problem)[:200]) from problem


def _records(path: Path) -> reading.Records:
    yield from enumerate(_decoded(path), start=1)


def _decoded(path: Path) -> Iterator[dict[str, Any]]:
    import pyarrow

    total = 0
    try:
        for batch in _opened(path).iter_batches(BATCH, use_threads=False):
            total += batch.nbytes
            if batch.nbytes > MOST_BYTES_OF_BATCH or total > MOST_BYTES:
                raise UnreadableFile("too_large", message="parquet_unpacks_to_much")
            yield from _readable(batch).to_pylist()
    except (pyarrow.ArrowException, OSError, ValueError, OverflowError) as problem:
        raise UnreadableFile("not_parquet", problem=str(problem)[:200]) from problem


def _readable(batch: Any) -> Any:
    """Return a batch with texts for bytes that are texts, and times that Python knows."""
    import pyarrow

    columns = [_readable_column(column) for column in batch.columns]
    return pyarrow.RecordBatch.from_arrays(columns, names=batch.schema.names)


def _readable_column(column: Any) -> Any:
    import pyarrow

    kind = column.type
    is_moment, is_span = pyarrow.types.is_timestamp(kind), pyarrow.types.is_duration(kind)
    if (is_moment or is_span) and kind.unit == "ns":
        return _without_nanoseconds(column)
    if pyarrow.types.is_binary(kind) or pyarrow.types.is_large_binary(kind):
        try:
            # Some programs write texts without telling that they are.
            return column.cast(pyarrow.large_string())
        except pyarrow.ArrowInvalid:
            pass
    return column


def _without_nanoseconds(column: Any) -> Any:
    """Return times as Python has them; those with more digits as texts or numbers, to keep them."""
    import pyarrow

    kind = column.type
    is_moment = pyarrow.types.is_timestamp(kind)
    try:
        return column.cast(
            pyarrow.timestamp("us", kind.tz) if is_moment else pyarrow.duration("us")
        )
    except pyarrow.ArrowInvalid:
        bare = column.cast(pyarrow.timestamp("ns", "UTC")) if is_moment and kind.tz else column
        return bare.cast(pyarrow.string() if is_moment else pyarrow.int64())


READER = Reader("parquet", "Parquet", (".parquet",), look, read)
