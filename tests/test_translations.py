"""English and German are complete: no text escapes the catalogue, which has all of them."""

import ast
import gettext
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.conf import settings
from django.urls import reverse
from django.utils import translation

from tests import servers

ROOT = Path(settings.BASE_DIR)
CATALOGUE = ROOT / "annotator" / "locale" / "de" / "LC_MESSAGES" / "django.po"
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
ATTRIBUTES = {"title", "aria-label", "placeholder", "alt"}
STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%%|%[sd]|\{\w+\}|</?\w+>")


@pytest.fixture(autouse=True)
def _back_to_english():
    # A request leaves its language in the thread, where the next test would find it.
    yield
    translation.activate("en")


def entries(path):
    """Return the texts of a catalogue: {(text, plural or None): [translations]}."""
    found = {}
    for block in path.read_text(encoding="utf-8").split("\n\n"):
        fields = {}
        for line in block.splitlines():
            if line.startswith("msg"):
                name = line.split(" ", 1)[0]
                fields[name] = ""
            if line.startswith(("msg", '"')):
                fields[name] += "".join(ast.literal_eval(each) for each in STRING.findall(line))
        if fields.get("msgid"):
            said = [text for name, text in sorted(fields.items()) if name.startswith("msgstr")]
            found[fields["msgid"], fields.get("msgid_plural")] = said
    return found


def test_every_text_of_the_code_is_translated(tmp_path):
    """What Django finds to translate is what the catalogue has, no more and no less."""
    servers.needed(shutil.which("xgettext"), "gettext")
    for name in ("annotator", "templates"):
        leave = shutil.ignore_patterns("locale", "__pycache__")
        shutil.copytree(ROOT / name, tmp_path / name, ignore=leave)
    (tmp_path / "annotator" / "locale").mkdir()
    shutil.copy(ROOT / "manage.py", tmp_path)
    subprocess.run(
        [sys.executable, "manage.py", "makemessages", "-l", "de", "--no-location", "--no-wrap"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    wanted = entries(tmp_path / CATALOGUE.relative_to(ROOT))
    known = entries(CATALOGUE)
    assert sorted(set(wanted) - set(known), key=str) == []
    assert sorted(set(known) - set(wanted), key=str) == []


def test_nothing_is_left_open():
    assert "fuzzy" not in CATALOGUE.read_text(encoding="utf-8")
    assert [text for text, said in entries(CATALOGUE).items() if not all(said)] == []


def test_what_is_filled_in_is_the_same_in_both_languages():
    for (text, plural), said in entries(CATALOGUE).items():
        for original, translated in zip([text, plural or text], said, strict=False):
            wanted = sorted(PLACEHOLDER.findall(original))
            assert sorted(PLACEHOLDER.findall(translated)) == wanted, text


def test_compiled_catalogue_says_what_the_text_says():
    with CATALOGUE.with_suffix(".mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    known = entries(CATALOGUE)
    for (text, plural), said in known.items():
        if plural is None:
            assert compiled.gettext(text) == said[0]
        else:
            assert [compiled.ngettext(text, plural, n) for n in (1, 2)] == said
    assert len(compiled._catalog) == len(known) + sum(1 for _, plural in known if plural) + 1


# Templates ---------------------------------------------------------------------------------------


# Not only capitals: the names of file formats are the same everywhere.
WORD = re.compile(r"[A-Za-z]+[a-z]")


class Words(HTMLParser):
    """Collects what a reader would see of a template that nobody translates."""

    def __init__(self):
        super().__init__()
        self.found = []
        self.within = []

    def handle_starttag(self, tag, attributes):
        self.within.append(tag)
        for name, value in attributes:
            if name in ATTRIBUTES and value and WORD.search(value):
                self.found.append((name, value))

    def handle_endtag(self, tag):
        while self.within and self.within.pop() != tag:
            pass

    def handle_data(self, data):
        is_seen = not {"script", "style", "code"} & set(self.within)
        if is_seen and WORD.search(data):
            self.found.append(("text", data.strip()))


def untranslated(source):
    source = re.sub(r"\{% comment %\}.*?\{% endcomment %\}|\{#.*?#\}", "", source, flags=re.S)
    source = re.sub(r"\{% block body_class %\}.*?\{% endblock body_class %\}", "", source)
    source = re.sub(r"\{% blocktranslate.*?%\}.*?\{% endblocktranslate %\}", "", source, flags=re.S)
    source = re.sub(r"\{%.*?%\}|\{\{.*?\}\}", "", source, flags=re.S)
    words = Words()
    words.feed(source)
    return words.found


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_text_of_a_template_is_left_untranslated(path):
    assert untranslated(path.read_text(encoding="utf-8")) == []


def test_untranslated_text_would_be_found():
    assert untranslated("<p title='Say so'>{{ name }} said it</p>{% translate 'Fine' %}") == [
        ("title", "Say so"),
        ("text", "said it"),
    ]


def test_scripts_have_no_words_of_their_own():
    """They are told what to say by the page; a sentence in a script would stay English."""
    words = r"\b[A-Za-z]{2,} [a-z]{2,} [a-z]{2,}"
    sentence = re.compile(rf"""(["'`])(?:(?!\1).)*?{words}(?:(?!\1).)*\1""")
    for path in sorted((ROOT / "static").rglob("*.js")):
        code = "\n".join(
            line.split("//")[0] for line in path.read_text(encoding="utf-8").splitlines()
        )
        found = [match[0] for match in sentence.finditer(code)]
        assert found == [], path.name


# Pages -------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "german", "english"),
    [
        ("label:desk", "Überspringen", "Skip"),
        ("dashboard", "Übersicht", "Learning curve"),
        ("settings", "Einstellungen speichern", "Save the settings"),
        ("bulk:page", "Sammelbestätigung", "Nothing to confirm"),
        ("find:find", "Suchen", "Search in"),
        ("projects", "Projekte", "Projects"),
        ("account", "Passwort", "Change the password"),
        ("desk_preferences", "Tasten", "Held in advance"),
    ],
)
def test_pages_come_in_german(client, project, filled, lea, name, german, english):
    filled(project, 3)
    client.force_login(lea)
    needs_project = name not in {"projects", "account", "desk_preferences"}
    address = reverse(name, args=[project.pk] if needs_project else [])
    page = client.get(address, headers={"Accept-Language": "de"}).content.decode()
    assert '<html lang="de"' in page
    assert german in page
    assert english not in page


@pytest.mark.django_db
def test_language_is_chosen_for_a_browser(client, lea):
    client.force_login(lea)
    answer = client.post(reverse("set_language"), {"language": "de", "next": "/account/"})
    assert answer.headers["Location"] == "/account/"
    assert '<html lang="de"' in client.get("/account/").content.decode()
