"""Every page loads the sheets whose rules it needs, and no other page's."""

import re
from functools import cache
from pathlib import Path

from django.conf import settings

TEMPLATES = Path(settings.BASE_DIR) / "templates"
SHEETS = Path(settings.BASE_DIR) / "static" / "css"
BASE = "base.html"


@cache
def source(name: str) -> str:
    return (TEMPLATES / name).read_text()


def parts_of(name: str) -> set[str]:
    """Return a template with all that it includes."""
    found, waiting = set(), [name]
    while waiting:
        each = waiting.pop()
        if each not in found:
            found.add(each)
            waiting += re.findall(r'{% include "([^"]+)"', source(each))
            # The medium's or the answer's, whichever task type it is.
            for kind in re.findall(r"{% include access\.type\.(\w+)_template", source(each)):
                typed = (TEMPLATES / "tasktypes").glob(f"*/{kind}.html")
                waiting += [str(path.relative_to(TEMPLATES)) for path in typed]
    return found


def names_in(page: str) -> set[str]:
    """Return the classes and ids that a page writes, as selectors call them."""
    names = set()
    for part in parts_of(page) | parts_of(BASE):
        for kind, value in re.findall(r'\b(class|id)="([^"]*)"', source(part)):
            sign = "." if kind == "class" else "#"
            names |= {sign + each for each in re.sub(r"{[%{].*?[%}]}", " ", value).split()}
    return names


def loaded_by(page: str) -> set[str]:
    """Return the sheets that a page links, and those that these import."""
    named = re.search(r"{% block styles %}(.*?){% endblock", source(page), flags=re.DOTALL)
    own = named[1] if named else "{{ block.super }}"
    shared = source(BASE) if "block.super" in own else source(BASE).split("{% block styles")[0]
    if "{% block base_styles %}{% endblock" in source(page):
        # The sheet of the medium, which imports the shared ones.
        shared, own = "", "css/desk.css"
    linked = set(re.findall(r"css/([\w/]+)\.css", shared + own))
    return linked.union(*(imported_by(each) for each in linked))


def imported_by(sheet: str) -> set[str]:
    path = SHEETS / f"{sheet}.css"
    text = path.read_text() if path.exists() else ""
    names = set(re.findall(r'@import "([\w/]+)\.css"', text))
    return names.union(*(imported_by(each) for each in names))


@cache
def selectors_of(sheet: str) -> frozenset[str]:
    text = re.sub(r"/\*.*?\*/", "", (SHEETS / f"{sheet}.css").read_text(), flags=re.DOTALL)
    heads = re.findall(r"([^{};]+){", text)
    return frozenset(
        one.strip() for head in heads if not head.strip().startswith("@") for one in head.split(",")
    )


def needs(selector: str) -> set[str]:
    """Return the classes and ids without which a selector matches nothing."""
    plain = re.sub(r"\[[^\]]*\]|:[\w-]+\([^()]*(?:\([^()]*\)[^()]*)*\)", "", selector)
    return set(re.findall(r"[.#][A-Za-z][\w-]*", plain))


def test_no_sheet_depends_on_the_orientation_of_the_screen() -> None:
    sheets = list((Path(settings.BASE_DIR) / "static").rglob("*.css"))
    assert len(sheets) > 12
    assert [path.name for path in sheets if "orientation:" in path.read_text()] == []


def test_pages_load_the_sheets_of_what_they_write() -> None:
    pages = [
        str(path.relative_to(TEMPLATES))
        for path in TEMPLATES.rglob("*.html")
        if '{% extends "base.html" %}' in path.read_text()
    ]
    sheets = [str(path.relative_to(SHEETS).with_suffix("")) for path in SHEETS.rglob("*.css")]
    assert len(pages) > 15
    assert len(sheets) > 8
    offenders = []
    for page in sorted(pages):
        names, loaded = names_in(page), loaded_by(page)
        offenders += [f"{page}: no sheet {sheet}" for sheet in loaded - set(sheets)]
        for sheet in set(sheets) - loaded:
            missed = [one for one in selectors_of(sheet) if needs(one) and needs(one) <= names]
            elsewhere = set().union(*(selectors_of(each) for each in loaded))
            offenders += [f"{page}: {one} of {sheet}" for one in missed if one not in elsewhere]
    assert not offenders, "\n".join(offenders)
