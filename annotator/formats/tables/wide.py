"""Encodings whose characters have several bytes each, and those that a mark or an escape tells."""

import codecs

BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    # Before UTF-16, whose byte order mark is a prefix of this one.
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def wide_encoding(start: bytes) -> str:
    """Return the encoding by the first bytes of a file; empty where they do not tell it."""
    return (
        marked_as(start)
        or _utf_32_without_mark(start)
        or _utf_16_without_mark(start)
        or _escaped(start)
    )


def marked_as(start: bytes) -> str:
    """Return the encoding that a byte order mark tells."""
    return next((name for mark, name in BYTE_ORDER_MARKS if start.startswith(mark)), "")


def _utf_32_without_mark(start: bytes) -> str:
    """Return the kind of UTF-32 that the bytes are; no character is beyond 0x10FFFF."""
    start = start[: len(start) // 4 * 4]
    if len(start) < 16:
        return ""
    for name, top, second in (("utf-32-le", 3, 2), ("utf-32-be", 0, 1)):
        is_wide = not any(start[top::4]) and max(start[second::4]) <= 0x10
        if is_wide and _decodes(start, name):
            return name
    return ""


def _utf_16_without_mark(start: bytes) -> str:
    """Return the kind of UTF-16 that the bytes are; empty if they are not."""
    pairs = len(start) // 2
    if pairs < 4:
        return ""
    for name, low, high in (("utf-16-le", 0, 1), ("utf-16-be", 1, 0)):
        zeros = start[high : 2 * pairs : 2].count(0)
        breaks = sum(
            start[place + low] in b"\n\r\t,;" and start[place + high] == 0
            for place in range(0, 2 * pairs, 2)
        )
        # Line ends and delimiters have a zero byte in every language; a single one may be a flaw.
        begins = not any(start[high:8:2])
        if (
            (begins or zeros > pairs // 10)
            and breaks
            and not start[low : 2 * pairs : 2].count(0)
            and _decodes(start, name)
        ):
            return name
    return ""


def _decodes(start: bytes, name: str) -> bool:
    try:
        text = codecs.getincrementaldecoder(name)().decode(start)
    except UnicodeDecodeError:
        return False
    return sum(character.isprintable() or character.isspace() for character in text) > 0.9 * len(
        text
    )


def _escaped(start: bytes) -> str:
    """Return the encoding of Japanese mails, which has nothing but ASCII and escapes."""
    is_one = start.isascii() and (b"\x1b$B" in start or b"\x1b$@" in start)
    return "iso2022_jp" if is_one else ""
