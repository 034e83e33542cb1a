"""Lines of a text file: its encoding, and one line after the other without loading the file."""

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from annotator.formats.base import UnreadableFile
from annotator.formats.tables import charsets
from annotator.formats.tables.charsets import codec_of
from annotator.formats.tables.wide import marked_as, wide_encoding

LONGEST_LINE = 10_000_000
# Legacy encodings are judged by the first lines that are not ASCII.
SAMPLE_BYTES = 200_000

# Codecs of Python that are no encodings of text files.
NO_ENCODINGS = {"idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined", "utf-7"}
# In these, a line that is valid UTF-8 is almost certainly meant as UTF-8.
SINGLE_BYTE = ("windows-", "iso-8859", "koi8", "cp4", "cp8", "mac-", "tis-")


@dataclass(frozen=True)
class Encoding:
    """The encoding of a file and its number of lines; not sure where another one fits as well."""

    name: str
    lines: int
    is_sure: bool = True


def encoding_of(path: Path, wanted: str = "") -> Encoding:
    """Return the encoding after one pass over the bytes; `wanted` is what a person named.

    A file is UTF-8 if most of its lines with other characters than ASCII are; the rest of them are
    rejected one by one. Otherwise the best legacy encoding is taken.
    """
    start = _start(path)
    if wanted:
        return Encoding(_named(wanted, marked_as(start)), _line_count(path))
    wide = wide_encoding(start)
    if wide:
        return Encoding(wide, _line_count(path))
    return _by_majority(path)


def encoding_of_start(path: Path) -> str:
    """Return an encoding in which the ASCII characters of the first lines can be read."""
    start = _start(path)
    return wide_encoding(start) or "utf-8"


def _start(path: Path) -> bytes:
    with path.open("rb") as file:
        start = file.read(4096)
    if not start:
        raise UnreadableFile("empty_file", message="no_bytes")
    return start


def _named(wanted: str, marked: str) -> str:
    name = wanted.strip().lower().replace("_", "-").replace(" ", "-")
    name = {"shift-jis": "shift_jis", "latin-1": "windows-1252", "cp1252": "windows-1252"}.get(
        name, name
    )
    try:
        codec = codecs.lookup(codec_of(name))
    except (LookupError, ValueError) as problem:
        raise _unknown(wanted) from problem
    if codec.name.replace("_", "-") in NO_ENCODINGS or not codec._is_text_encoding:
        raise _unknown(wanted)
    return marked if marked.startswith(codec.name) else name


def _unknown(wanted: str) -> UnreadableFile:
    return UnreadableFile("unknown_encoding", name=wanted[:40])


def _by_majority(path: Path) -> Encoding:
    lines = valid = broken = 0
    sample = bytearray()
    with path.open("rb") as file:
        for read in iter(lambda: file.readline(LONGEST_LINE), b""):
            # Old programs end lines with \r alone.
            for line in read.splitlines() or [read]:
                lines += 1
                if line.isascii():
                    continue
                if _is_utf_8(line):
                    valid += 1
                else:
                    broken += 1
                    sample += line[: max(SAMPLE_BYTES - len(sample), 0)]
    if broken <= valid:
        return Encoding("utf-8", lines)
    guess = charsets.guess(bytes(sample))
    return Encoding(guess.encoding, lines, guess.is_sure)


def _is_utf_8(line: bytes) -> bool:
    """Return whether a line is UTF-8, perhaps with a flaw such as a character cut in two."""
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        text = line.decode("utf-8", "surrogateescape")
        bad = sum("\udc80" <= character <= "\udcff" for character in text)
        good = sum(not character.isascii() for character in text) - bad
        return good > 2 * bad or (bad == 1 and good > 0)
    return True


def _line_count(path: Path) -> int:
    with path.open("rb") as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))


# Read ---------------------------------------------------------------------------------------------


class Lines:
    """The lines of a file, for a parser that takes an iterator of them.

    A line above the limit is passed over and leaves `too_long` behind, for the row that it is in.
    """

    def __init__(self, path: Path, encoding: str) -> None:
        self.number = 0
        self.too_long = False
        self.first_is_too_long = False
        self._encoding = encoding
        self._path = path
        self._lines = self._read()

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self.number += 1
        return line

    def _read(self) -> Iterator[str]:
        with opened(self._path, self._encoding) as file:
            for line in iter(lambda: file.readline(LONGEST_LINE), ""):
                if len(line) >= LONGEST_LINE and line[-1] not in "\r\n":
                    self.too_long = True
                    self.first_is_too_long |= not self.number
                    yield _end_of(line, file)
                else:
                    yield line if line.isascii() else _marked(line, self._encoding)


def _end_of(line: str, file: IO[str]) -> str:
    """Pass over the rest of a line; return what keeps a parser's count of quotation marks right."""
    quotes = line.count('"')
    while line and line[-1] not in "\r\n":
        line = file.readline(1 << 20)
        quotes += line.count('"')
    return '"\n' if quotes % 2 else "\n"


def _marked(line: str, encoding: str) -> str:
    """Return the line; one in UTF-8 among others of one byte a character becomes unusable."""
    if not encoding.startswith(SINGLE_BYTE):
        return line
    try:
        data = line.encode(codec_of(encoding))
        data.decode("utf-8")
    except UnicodeError:
        return line
    return data.decode("ascii", "surrogateescape")


def opened(path: Path, encoding: str) -> IO[str]:
    """Open a text file for reading; what isn't text becomes a lone surrogate or a “�”."""
    # Lone surrogates reject their row. UTF-16 and UTF-32 have no bytes to keep.
    is_wide = encoding.startswith(("utf-16", "utf-32"))
    errors = "replace" if is_wide else "lone_surrogates"
    # The byte order mark is no part of the text.
    codec = "utf-8-sig" if encoding == "utf-8" else codec_of(encoding)
    return path.open(encoding=codec, errors=errors, newline="")


def lines_of(path: Path, encoding: str) -> Iterator[str]:
    """Yield the lines of the file; UnreadableFile if one is too long for a text."""
    lines = Lines(path, encoding)
    for line in lines:
        if lines.too_long:
            raise UnreadableFile("line_too_long", message="line_of_no_text_file")
        yield line


def _lone_surrogates(problem: UnicodeError) -> tuple[str, int]:
    if not isinstance(problem, UnicodeDecodeError):
        raise problem
    bad = problem.object[problem.start : problem.end]
    return "".join(chr(0xDC00 + byte) for byte in bad if byte >= 0x80) or "\udcff", problem.end


codecs.register_error("lone_surrogates", _lone_surrogates)
