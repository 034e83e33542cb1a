"""Which part of a table names the pictures of an archive, where no column says so."""

from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote

import orjson

from annotator.formats.archives.names import tidy_path
from annotator.formats.base import Columns, Looked, Part, Reader, Row, UnreadableFile

SAMPLE = 50
MOST_COLUMNS = 50
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class PictureNames:
    """The names of the pictures in an archive, whatever their folders, cases and endings."""

    def __init__(self, paths: Iterable[str]) -> None:
        names = [PurePosixPath(path) for path in paths]
        self._names = {each.name.casefold() for each in names}
        self._stems = {each.stem.casefold() for each in names}

    def __contains__(self, value: object) -> bool:
        if not isinstance(value, str) or not value.strip():
            return False
        name = PurePosixPath(path_of(value)).name.casefold()
        return name in self._names or name in self._stems or unquote(name) in self._names

    def share(self, values: Sequence[Any]) -> float:
        """Return the share of values that name a picture."""
        return sum(value in self for value in values) / len(values) if values else 0.0


def path_of(name: str) -> str:
    """Return the path of a picture that a tool may have written as an address."""
    path = tidy_path(name.strip())
    return path.removeprefix("./").partition("?d=")[2] or path.removeprefix("./")


def column_of(reader: Reader, path: Path, part: Part, names: PictureNames) -> str:
    """Return the column in which most cells name a picture; empty if there is none."""
    shares = {
        column: names.share(_values(reader, path, part, column))
        for column in _looked(reader, path).header[:MOST_COLUMNS]
    }
    best = max(shares, key=lambda column: shares[column], default="")
    return best if best and shares[best] > 0.5 else ""


def _looked(reader: Reader, path: Path) -> Looked:
    return reader.look(path, Columns(parts=(), ignore_ids=True))


def _values(reader: Reader, path: Path, part: Part, column: str) -> list[Any]:
    wanted = Columns(text=column, parts=(part,), ignore_ids=True, plain=True)
    try:
        rows = reader.read(path, wanted, reader.look(path, wanted), set())
        return [each.content for each in islice(rows, SAMPLE) if isinstance(each, Row)]
    except UnreadableFile:
        return []


def with_header(reader: Reader, path: Path, names: PictureNames, label_names: set[str]) -> bytes:
    """Return the table with a header where its first line has a picture; else nothing."""
    looked = _looked(reader, path)
    cells = looked.header
    if not looked.delimiter or len(cells) < 2 or not any(cell in names for cell in cells):
        return b""
    file = next(place for place, cell in enumerate(cells) if cell in names)
    others = [place for place in range(len(cells)) if place != file]
    label = next((place for place in others if cells[place] in label_names), others[0])
    if len(cells) > 2 and cells[label] not in label_names:
        return b""
    titles = [f"column {place + 1}" for place in range(len(cells))]
    titles[file], titles[label] = "filename", "label"
    header = looked.delimiter.join(titles).encode()
    return header + b"\n" + path.read_bytes().removeprefix(BYTE_ORDER_MARK)


def of_object(content: bytes, names: PictureNames) -> bytes:
    """Return the records of an object by picture or by label, as lines; nothing if it is none."""
    try:
        whole = orjson.loads(content.removeprefix(BYTE_ORDER_MARK))
    except orjson.JSONDecodeError:
        return b""
    if not isinstance(whole, dict) or not whole:
        return b""
    if names.share(list(whole)) > 0.5 and not any(isinstance(e, dict) for e in whole.values()):
        pairs = [(name, label) for name, label in whole.items()]
    else:
        lists = {label: each for label, each in whole.items() if isinstance(each, list)}
        pairs = [(name, label) for label, each in lists.items() for name in each]
        if len(lists) < len(whole) or names.share([name for name, _label in pairs]) <= 0.5:
            return b""
    return b"\n".join(orjson.dumps({"filename": name, "label": label}) for name, label in pairs)
