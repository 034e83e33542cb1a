"""Language of texts, guessed from their script and their most frequent words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

TEXTS = 300
CHARACTERS = 2_000  # of each text
# From so many words among a hundred on, a language is taken for that of the texts.
FEWEST_STOPWORDS = 0.08
# By how much it must be ahead of the next one.
AHEAD = 1.3
FEWEST_LETTERS = 20

# Scripts that are written in one language, or nearly so; others say at least that it is not Latin.
SCRIPTS = {
    "ja": r"[\u3040-\u30ff]",
    "ko": r"[\uac00-\ud7af\u1100-\u11ff]",
    "zh": r"[\u4e00-\u9fff\u3400-\u4dbf]",
    "ru": r"[\u0400-\u04ff]",
    "el": r"[\u0370-\u03ff]",
    "ar": r"[\u0600-\u06ff]",
    "he": r"[\u0590-\u05ff]",
    "hi": r"[\u0900-\u097f]",
    "th": r"[\u0e00-\u0e7f]",
}
LATIN = r"[A-Za-z\u00c0-\u024f]"
STOPWORDS = {
    "en": "the of and to in is that it for was on are with as be this at by have from not you i "
    "but they his her which or an were we all there can their what how do does my me if would",
    "de": "der die das und in den von zu mit sich des auf für ist im dem nicht ein eine als auch "
    "es an werden aus er hat dass sie nach wird bei ich wir was wie nur oder aber war noch kann",
    "fr": "le la les de des et un une du en est que qui dans pour pas sur au plus par il elle ne "
    "ce se avec sont cette je vous nous mais ou son ses aux été comme tout",
    "es": "el la los las de que y en un una es por con no para se su al lo como más pero sus le "
    "ya o este sí porque esta entre cuando muy sin sobre también me hay",
    "it": "il lo la i gli le di che e un una in è per non con si da del della sono al come più ma "
    "anche nel alla o ha questo dei delle mi ci se",
    "pt": "o a os as de que e do da em um uma para com não é por mais dos das se na no ao como mas "
    "foi ele ela seu sua ou muito já eu também pelo",
    "nl": "de het een van en in is dat op te zijn met voor niet aan er om ook als bij maar dan nog "
    "naar door over uit ze wat hij ik je die was kan",
    "pl": "i w na z do nie się to że jest o jak po co ale za od przez dla tak czy są był może już "
    "jego tylko które ze",
    "sv": "och att det i en som på är av för med den till inte har de om ett men var jag vi kan så "
    "från han nu när ska",
    "da": "og at det i en som på er af for med den til ikke har de om et men var jeg vi kan så fra "
    "han nu når skal",
    "tr": "ve bir bu için de da ile çok ne var daha olarak gibi ben en kadar ama o sonra olan mi",
    "cs": "a se na v je že to s z do i o k ale jako by za jsem pro tak po jsou byl od které aby",
}
WORD = re.compile(r"[^\W\d_]+")


def guess_language(texts: Iterable[str]) -> str:
    """Return the language of most of the `texts` as in ISO 639-1; "" where that is not plain.

    The script comes first; for the Latin one, the share of the words that are among the most
    frequent ones of a language. Texts in several languages have the one of most of them, or none.

    >>> guess_language(["The parcel was late and it is broken.", "How do I get my money back?"])
    'en'
    >>> guess_language(["Das Paket war zu spät und ist kaputt.", "Wie bekomme ich das Geld?"])
    'de'
    >>> guess_language(["12345", "#!?"])
    ''
    """
    some = [text[:CHARACTERS] for text, _n in zip(texts, range(TEXTS), strict=False)]
    whole = "\n".join(some)
    letters = len(re.findall(r"[^\W\d_]", whole))
    if letters < FEWEST_LETTERS:
        return ""
    if len(re.findall(LATIN, whole)) > letters / 2:
        return _by_words(whole)
    # Japanese is written in Chinese characters, too, so its own ones count double.
    scripts = {name: len(re.findall(pattern, whole)) for name, pattern in SCRIPTS.items()}
    scripts["ja"] = 3 * scripts["ja"]
    language, number = max(scripts.items(), key=lambda each: each[1])
    return language if number > letters / 4 else ""


def _by_words(whole: str) -> str:
    words = Counter(WORD.findall(whole.lower()))
    total = sum(words.values())
    shares = sorted(
        (
            (sum(words[word] for word in stopwords.split()) / total, language)
            for language, stopwords in STOPWORDS.items()
        ),
        reverse=True,
    )
    (best, language), (second, _next) = shares[:2]
    return language if best >= FEWEST_STOPWORDS and best >= AHEAD * second else ""
