"""The German catalogue: complete, compiled, with every hole and every space where it was."""

import gettext
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from django.utils import translation

from annotator.i18n import stored_messages
from selection.strategies.registry import STRATEGIES
from tests.checks.source import ROOT, assert_nothing_found
from tests.servers import needed

MESSAGES = Path("annotator/locale/de/LC_MESSAGES")
HOLES = re.compile(r"%\(\w+\)[sd]|%[sd](?![^\W\d_])|%%|\{\w*\}|</?\w+>")
SPACES = "\u202f\u00a0"


def texts(path: Path) -> dict[str, list[str]]:
    """Return each text of a compiled catalogue with its translations, one for each number."""
    with path.open("rb") as file:
        catalogue = gettext.GNUTranslations(file)._catalog
    found: dict[str, list[str]] = {}
    for key, said in catalogue.items():
        found.setdefault(key[0] if isinstance(key, tuple) else key, []).append(said)
    found.pop("")
    return found


GERMAN = texts(ROOT / MESSAGES / "django.mo")


# The files ---------------------------------------------------------------------------------------


def run(*command: str | Path, **more: Any) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, **more)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def compiled(tmp_path: Path) -> Any:
    """A function that compiles a catalogue and returns its texts."""
    msgfmt = needed(shutil.which("msgfmt"), "gettext")

    def compile_it(path: Path) -> dict[str, list[str]]:
        run(msgfmt, "--check-format", "-o", tmp_path / "compiled.mo", path)
        return texts(tmp_path / "compiled.mo")

    return compile_it


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The catalogue that comes of collecting the texts of a copy of the code anew."""
    needed(shutil.which("xgettext"), "gettext")
    copy = tmp_path_factory.mktemp("copy")
    for name in ("annotator", "selection", "templates"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "manage.py", copy)
    environment = {**os.environ, "WINNOW_DATA": str(copy / "data")}
    run(sys.executable, "manage.py", "makemessages", cwd=copy, env=environment)
    return copy / MESSAGES / "django.po"


@pytest.mark.parametrize("lacking", ["--untranslated", "--only-fuzzy"])
def test_every_text_of_the_code_is_translated(collected: Any, lacking: str) -> None:
    left = run(needed(shutil.which("msgattrib"), "gettext"), lacking, collected)
    assert re.findall(r'^msgid (?!""$).*', left, re.MULTILINE) == []


def test_catalogue_has_no_text_that_the_code_has_no_more(collected: Any, compiled: Any) -> None:
    assert set(compiled(ROOT / MESSAGES / "django.po")) == set(compiled(collected))
    assert "#~" not in (ROOT / MESSAGES / "django.po").read_text(encoding="utf-8")


def test_compiled_catalogue_says_what_the_written_one_says(compiled: Any) -> None:
    assert compiled(ROOT / MESSAGES / "django.po") == GERMAN


# The translations --------------------------------------------------------------------------------


PAIRS = [(text.partition("\x04")[2] or text, said) for text in GERMAN for said in GERMAN[text]]


def signs(text: str) -> list[str]:
    """Return the holes of a text and its spaces that break no line, in any order.

    A percent sign stands behind such a space in German, whether it does in English or not.
    """
    apart = re.sub(rf"[{SPACES} ](?=%(?!\())", "", text)
    return sorted([*HOLES.findall(apart), *(sign for sign in apart if sign in SPACES)])


def test_holes_and_spaces_are_those_of_the_text() -> None:
    for text, (first, *others) in GERMAN.items():
        assert signs(first) == signs(text)
        # “The nearest item” has no number, “the 3 nearest items” have one.
        assert [said for said in others if Counter(signs(said)) < Counter(signs(text))] == []


def test_percent_signs_stand_behind_a_space_in_german() -> None:
    # "%%%" would be one right behind a number's hole.
    close = re.compile(r"(?:\)s|\)d|\d|\})%%")
    assert [said for _text, said in PAIRS if close.search(said)] == []


def test_texts_are_collected_as_they_are_looked_up() -> None:
    # A sign that the source writes as an escape is not the sign for those who collect the texts.
    assert [text for text, _said in PAIRS if "\\" in text] == []


def test_quotation_marks_are_german() -> None:
    odd = [said for _text, said in PAIRS if said.count("„") != said.count("“") or "”" in said]
    assert odd == []


def test_sentences_end_as_they_do_in_english() -> None:
    ends = (".", "?", ":")
    assert [said for text, said in PAIRS if text.endswith(ends) != said.endswith(ends)] == []


def test_nothing_of_two_words_is_left_in_english() -> None:
    words = re.compile(r"[^\W\d_]{2,}")
    same = [text for text, said in PAIRS if text == said and text.strip()]
    assert [text for text in same if len(words.findall(HOLES.sub("", text))) > 1] == []


def test_strategies_are_translated() -> None:
    texts = [text for each in STRATEGIES.values() for text in (each.title, each.description)]
    assert [text for text in texts if text not in GERMAN] == []


# What workers stored -----------------------------------------------------------------------------

STORED = [text for text in GERMAN if stored_messages.HOLE.search(text) and "\x04" not in text]
STORED = [
    text for text in STORED if len(GERMAN[text]) == 1 and stored_messages.is_recognisable(text)
]


def filled(text: str, source: str) -> str:
    """Return the text with a name or a number of its own in each of the holes of `source`."""
    found = list(stored_messages.HOLE.finditer(source))
    samples = [
        str(17 + place) if hole[0].endswith("d") else f"Sample {place}"
        for place, hole in enumerate(found)
    ]
    if all(hole[1] for hole in found):
        named = dict(zip((hole[1] for hole in found), samples, strict=True))
        return re.sub(r"%\((\w+)\)d", r"%(\1)s", text) % named
    return text.replace("%d", "%s") % tuple(samples)


def test_stored_sentences_are_told_in_the_readers_language() -> None:
    assert len(STORED) > 100
    with translation.override("de"):
        told = [(text, stored_messages.translated(filled(text, text))) for text in STORED]
    assert_nothing_found(pair for pair in told if pair[1] != filled(GERMAN[pair[0]][0], pair[0]))


def test_sentences_are_told_one_by_one() -> None:
    for stored, told in [
        ("Drawn at random.", "Zufällig gezogen."),
        (
            "From a class with few labels. The model expects a (b). No. (93 %).",
            "Aus einer Klasse mit wenigen Labels. Das Modell erwartet a (b). No. (93 %).",
        ),
        ("a.png: it is damaged: bad data.", "a.png: ist beschädigt: bad data."),
        ("OSError: the disk is gone", "OSError: the disk is gone"),
        ("", ""),
    ]:
        with translation.override("de"):
            assert stored_messages.translated(stored) == told
        assert stored_messages.translated(stored) == stored
