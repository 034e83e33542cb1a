"""Encodings of texts that are not UTF-8: which one fits best, and how surely.

A candidate is an encoding with the letters of a language. Its score is the mean plausibility of the
characters that are not ASCII. Statistical detectors need longer samples than a small file offers.
"""

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

# What two readings must differ by before one of them is called sure.
CLEAR_MARGIN = 0.12
SAMPLE_CHARACTERS = 20_000
# How many letters of a language count as frequent.
FREQUENT_OF_LATIN = 4

TYPOGRAPHIC = frozenset("–—‘’‚“”„…•€«»°§£©®·×™№‹›\u00a0\u3000")
CJK_SIGNS = frozenset("、。「」『』・ー〜！？（）：；，“”《》【】…—·　％０１２３４５６７８９～")

# The letters of each language, the most frequent ones first.
_WESTERN = {
    "German": "äüößÄÖÜ",
    "French": "éèàçêâîôùûëïüœÀÂÇÉÈÊÎÔ",
    "Spanish": "óíáéñúü¿¡ÁÉÍÑÓÚºª",
    "Portuguese": "ãçéáõíóêúâôàÃÕÇÁÉÍÓÚÂÊÔÀºª",
    "Italian": "èàéìòùÀÈÉÌÒÙ",
    "Nordic": "åäöøæÅÄÖÆØéü",
    "Icelandic": "áðíóéúýþæöÁÐÉÍÓÚÝÞÆÖ",
}
_CENTRAL = {
    "Polish": "ęąłóżśćńźĄĆĘŁŃÓŚŹŻ",
    "Czech": "íáéěřščžýůúťďňóÁČĎÉĚÍŇÓŘŠŤÚŮÝŽ",
    "Slovak": "áíéčšžýúľťóňäôďŕĺÁČĎÉÍĽŇÓÔŠŤÚÝŽ",
    "Hungarian": "áéőöíóüúűÁÉÍÓÖŐÚÜŰ",
    "Croatian": "čšžćđČĆĐŠŽ",
    "Romanian": "ăîşţâĂÂÎŞŢ",
    "German": "äüößÄÖÜ",
}
_TURKISH = "çğıöşüÇĞİÖŞÜâî"
_BALTIC = "āčēģīķļņšūžąęėįųĀČĒĢĪĶĻŅŠŪŽĄĘĖĮŲõäöüÕÄÖÜ"


@dataclass(frozen=True)
class Guess:
    """The encoding that fits best; it is not sure where another one fits about as well."""

    encoding: str
    is_sure: bool


def guess(data: bytes) -> Guess:
    """Return the encoding of some lines that are not UTF-8."""
    scored = []
    for encoding, score in CANDIDATES:
        text = _decoded(data, encoding)
        if text is not None:
            scored.append((score(text), encoding, text))
    if not scored:
        return Guess("windows-1252", is_sure=False)
    # The first candidate of equal ones: they stand in order of their use.
    best = max(scored, key=lambda each: each[0])
    others = [score for score, _encoding, text in scored if text != best[2]]
    return Guess(best[1], best[0] - max(others, default=-1.0) >= CLEAR_MARGIN)


def _decoded(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(CODECS.get(encoding, encoding))[:SAMPLE_CHARACTERS]
    except (UnicodeDecodeError, LookupError):
        return None


def _latin(letters: str, weight: float) -> Callable[[str], float]:
    """Return the score of a text in a language that adds some letters to the ASCII ones."""
    own = dict.fromkeys(letters, 0.9) | dict.fromkeys(letters[:FREQUENT_OF_LATIN], 1.0)

    def score(text: str) -> float:
        return weight * _mean([_latin_letter(text, place, own) for place in _places(text)])

    return score


def _latin_letter(text: str, place: int, own: dict[str, float]) -> float:
    character, before, after = _surrounded(text, place)
    is_letter = character.isalpha() and unicodedata.category(character) != "Lm"
    if not is_letter and character not in own:
        return _sign(character, before, after)
    accented = [each.isalpha() and not each.isascii() for each in (before, after)]
    if all(accented) or (character.isupper() and before.islower()):
        return -0.7
    # Such letters seldom stand side by side.
    return own.get(character, 0.1) * (0.7 if any(accented) else 1.0)


def _script(first: str, last: str, frequent: str, weight: float) -> Callable[[str], float]:
    """Return the score of a text in a script of its own, without cases or with two."""

    def score(text: str) -> float:
        scores = (_script_letter(text, place, first, last, frequent) for place in _places(text))
        return weight * _mean(list(scores))

    return score


def _script_letter(text: str, place: int, first: str, last: str, frequent: str) -> float:
    character, before, after = _surrounded(text, place)
    if not character.isalpha() and not first <= character <= last:
        return _sign(character, before, after)
    if not first <= character <= last:
        return -0.5
    if any(each.isascii() and each.isalpha() for each in (before, after)):
        return -1.0
    if character.isupper() and before.islower():
        return -0.7
    has_company = first <= before <= last or first <= after <= last
    if not has_company:
        return 0.3
    return 1.0 if character.lower() in frequent else 0.75


def _east_asian(
    encoding: str, leads: tuple[int, int], kana: float, frequent: str = ""
) -> Callable[[str], float]:
    """Return the score of a text by the rows of its code table that have the common characters."""
    codec = CODECS.get(encoding, encoding)

    def one(text: str, place: int, narrow: float) -> float:
        character, before, after = _surrounded(text, place)
        if any(each.isascii() and each.isalpha() for each in (before, after)):
            return 0.2
        if character in CJK_SIGNS:
            return 0.8
        if "\u3041" <= character <= "\u30fa":
            return kana
        if "\uff61" <= character <= "\uff9f":
            return narrow
        if not character.isalpha():
            return -0.3
        if character in frequent:
            return 1.0
        return 0.9 if leads[0] <= character.encode(codec)[0] <= leads[1] else -0.2

    def score(text: str) -> float:
        # Narrow signs are letters of Western words, unless wide ones stand in the text as well.
        narrow = 0.6 if any("\u3041" <= character <= "\u3096" for character in text) else -0.5
        return _mean([one(text, place, narrow) for place in _places(text)])

    return score


def _places(text: str) -> list[int]:
    return [place for place, character in enumerate(text) if not character.isascii()]


def _surrounded(text: str, place: int) -> tuple[str, str, str]:
    before = text[place - 1] if place else " "
    after = text[place + 1] if place + 1 < len(text) else " "
    return text[place], before, after


def _sign(character: str, before: str, after: str) -> float:
    if unicodedata.category(character) in {"Cc", "Cn", "Co"}:
        return -2.0
    # The only sign within a word.
    if character == "’":
        return 1.0
    is_inside = before.isalpha() and after.isalpha()
    if character in TYPOGRAPHIC:
        return 0.8 if not is_inside else -0.3
    return -0.5


def _mean(scores: list[float]) -> float:
    return sum(scores) / len(scores) if scores else 0.0


# What people call an encoding, and the codec that also reads its usual extensions.
CODECS = {"shift_jis": "cp932", "euc-kr": "cp949", "windows-1252": "cp1252"}

HANZI = (
    "的一是不了在人有我他这個个們们中來来上大為为國国地到以說说"
    "時时要就出會会可也你對对生能而子那得谢謝请請好没沒"
)
HANGUL = "이다는을가고에의하지기사한아어나리로은를도서니요"
CYRILLIC = "оаеинтсрвлкпдмуіы"
CANDIDATES: list[tuple[str, Callable[[str], float]]] = [
    *(("windows-1252", _latin(letters, 1.0)) for letters in _WESTERN.values()),
    ("windows-1252", _latin("".join(_WESTERN.values()), 0.9)),
    ("iso-8859-15", _latin("".join(_WESTERN.values()), 0.89)),
    *(("windows-1250", _latin(letters, 1.0)) for letters in _CENTRAL.values()),
    ("windows-1250", _latin("".join(_CENTRAL.values()), 0.8)),
    ("windows-1251", _script("Ѐ", "ӿ", CYRILLIC, 1.0)),
    ("gb18030", _east_asian("gb18030", (0xB0, 0xD7), -0.2, HANZI)),
    ("shift_jis", _east_asian("shift_jis", (0x88, 0x97), 1.0)),
    ("big5", _east_asian("big5", (0xA4, 0xC6), -0.2, HANZI)),
    ("euc-kr", _east_asian("euc-kr", (0xB0, 0xC8), -0.2, HANGUL)),
    ("euc-jp", _east_asian("euc-jp", (0xB0, 0xCF), 1.0)),
    ("windows-1254", _latin(_TURKISH, 0.95)),
    ("windows-1253", _script("Ͱ", "Ͽ", "αοιετσνηυρά", 1.0)),
    ("windows-1255", _script("א", "ת", "יוהלארתבשםמןע", 1.0)),
    ("windows-1256", _script("ء", "ۿ", "اليمونرتبةع", 1.0)),
    ("windows-1257", _latin(_BALTIC, 0.9)),
    ("tis-620", _script("ก", "๛", "านรอกเงมยลวดท", 0.7)),
    ("koi8-r", _script("Ѐ", "ӿ", CYRILLIC, 0.95)),
    ("cp866", _script("Ѐ", "ӿ", CYRILLIC, 0.9)),
    ("cp850", _latin("".join(_WESTERN.values()), 0.75)),
    ("mac-roman", _latin("".join(_WESTERN.values()), 0.75)),
    ("iso-8859-2", _latin("".join(_CENTRAL.values()), 0.75)),
]


def codec_of(encoding: str) -> str:
    """Return Python's name of an encoding."""
    return CODECS.get(encoding, encoding)
