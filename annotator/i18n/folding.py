"""Folded texts, for a search that ignores case, accents and Unicode forms."""

import re
import unicodedata

# A phrase in quotes stays together; anything else is a word.
WORDS = re.compile(r'"([^"]+)"|(\S+)')
MOST_WORDS = 12


def fold(text: str) -> str:
    """Return the text in lower case, without accents, its characters in their plain forms."""
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", text)
    plain = "".join(each for each in apart if not unicodedata.combining(each))
    return unicodedata.normalize("NFKD", plain.casefold())


def stored(text: str, key: str) -> str | None:
    """Return what is searched in place of an item's text; None if that is the text itself.

    Databases ignore the case of A to Z only, so the text is folded once, when it is stored. The
    key is part of it where it has other letters as well.
    """
    if not key.isascii():
        return fold(f"{text}\n{key}").replace("\x00", "")
    return None if text.isascii() else fold(text).replace("\x00", "")


def words(query: str) -> list[str]:
    """Return the words and quoted phrases of a query, as they were typed."""
    found = [phrase or word for phrase, word in WORDS.findall(query)]
    return found[:MOST_WORDS]
