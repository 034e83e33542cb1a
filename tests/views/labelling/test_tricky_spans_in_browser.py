"""Texts in which offsets go wrong: what is visibly selected at the desk is what is stored."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page
from pytest_django.live_server_helper import LiveServer

from annotator.flow.projects import settings
from annotator.models import Annotation, Item, Membership, Project, Role, User
from tests import loop, servers
from tests.views.desk_in_browser import open_desk, wait_until_painted
from tests.views.in_browser import MARKS, listen, sign_in
from tests.views.labelling.test_spans_in_browser import drag, press

pytestmark = MARKS

TRICKY = servers.DATA.parent / "cases" / "spans_tricky.json"
FIRE, FAMILY, FLAG = "👩🏽‍🚒", "👨‍👩‍👧", "🇫🇷"
HEBREW = "דנה לוי עבדה ב-Orbita בחיפה משנת 2019."
LONG = 50_000

# Each text with what is marked in it, in the order of the text; the same again is the next one.
TEXTS: dict[str, tuple[str, list[str]]] = {
    "emoji": (f"{FIRE} Ana met {FAMILY} in Lyon {FLAG}.", [FIRE, "Ana", FAMILY, "Lyon", FLAG]),
    "combining marks": (
        "Jose\u0301 and Rene\u0301 flew from Zürich to Hue\u0302\u0301.",
        ["Jose\u0301", "Rene\u0301", "Zürich", "Hue\u0302\u0301"],
    ),
    "Arabic": (
        "قال محمد بن علي إن شركة Orbita فتحت مكتبًا في دبي عام 2024.",
        ["محمد بن علي", "Orbita", "مكتبًا", "دبي", "2024"],
    ),
    "Hebrew": (HEBREW, ["דנה לוי", "Orbita", "2019"]),
    "Hebrew in English": ("She read דנה לוי (2nd ed.) twice.", ["דנה לוי", "2nd ed"]),
    "Chinese": (
        "王小明在北京大学读书，后来去了𠮷野家工作。",
        ["王小明", "北京大学", "𠮷野家"],
    ),
    "Japanese": ("𠮟られた田中さんは東京へ。", ["田中さん", "東京"]),
    "zero width": (
        "\u200bData\u200bbase by Ka\u00adrin Berg\u00a0Ltd.",
        ["Data\u200bbase", "Ka\u00adrin Berg\u00a0Ltd"],
    ),
    "line ends": (
        "Case 7\r\nSigned in New\r\nYork by Eva Roth.\r\n\r\nEnd\r\n",
        ["New\r\nYork", "Eva Roth", "End"],
    ),
    "tabs": ("Name:\tDr.\tLee\t\tAge:\t41", ["Dr.\tLee", "41"]),
    "entities": ("AT&amp;T sued <b>Smith & Sons</b>.", ["AT&amp;T", "Smith & Sons"]),
    "neighbours": ("  Bob Carl (Dr. Wu), ParisRome\n", ["Bob", "Carl", "Dr. Wu", "Paris", "Rome"]),
    "whole text": ("X sued Y", ["X sued Y"]),
    "conjuncts": ("क्षत्रिय श्री राम हिन्दी।", ["क्षत्रिय", "श्री राम"]),
    "Jamo": (
        "\u1112\u1161\u11ab\u1100\u116e\u11a8 서울 visit",
        ["\u1112\u1161\u11ab\u1100\u116e\u11a8", "서울"],
    ),
    "Thai": ("สวัสดีกรุงเทพน้ำใจ", ["กรุงเทพ", "น้ำ"]),
    "points": (
        "\u05e9\u05b8\u05c1\u05dc\u05d5\u05b9\u05dd \u05d3\u05b8\u05bc\u05d5\u05b4\u05d3 in",
        ["\u05d3\u05b8\u05bc\u05d5\u05b4\u05d3"],
    ),
    "other line ends": (
        "One\rUma\r\rKai\u2028Oslo\u2029Pia\u0085Bonn.",
        ["Uma", "Oslo", "Bonn"],
    ),
    "byte order marks": ("\ufeffIda\ufeff Tom in \ufeffGenf", ["Ida", "Tom", "Genf"]),
    "controls": ("Lea\x01Max\x02Graz\x1dRiga x", ["Max", "Graz"]),
    "flags": ("🇦🇹🇨🇭 vs 🇨🇭🇦🇹 here", ["🇨🇭", "🇦🇹"]),
    "composed": ("Noé Noe\u0301 fin", ["Noé", "Noe\u0301"]),
}


@dataclass
class Case:
    """A text, and stretches of it with their labels, in code points."""

    text: str
    spans: list[tuple[int, int, str]]

    def units(self, point: int) -> int:
        return len(self.text[:point].encode("utf-16-le")) // 2


def found(text: str, quotes: list[str]) -> Case:
    spans, at = [], 0
    for quote in quotes:
        start = text.index(quote, at)
        at = start + len(quote)
        spans.append((start, at, "person"))
    return Case(text, spans)


def long_text() -> Case:
    """Return a text of 50,000 characters with marks at both ends and between."""
    line = f"{FIRE} Rene\u0301 met 王小明 in \u200bLyon\u00a0{FLAG} \r\n"
    filler = f"First {line * ((LONG - 80) // len(line))}Mid {FAMILY} "
    text = f"{filler}{'x' * (LONG - len(filler) - len(' Last'))} Last"
    assert len(text) == LONG
    places = [text.index("First"), text.index(FAMILY), len(text) - len("Last")]
    quotes = ["First", FAMILY, "Last"]
    return Case(text, [(at, at + len(q), "person") for at, q in zip(places, quotes, strict=True)])


@pytest.fixture
def project(olga: User, ana: User) -> Project:
    made = settings.create_project(
        olga, name="Tricky", task="text-spans", labels=["person", "place"], overlapping_spans="any"
    )
    Membership.objects.create(project=made, user=ana, role=Role.ANNOTATOR)
    settings.change_settings(made, audit_share=0.0)
    return loop.refreshed(made)


@pytest.fixture
def desk(
    page: Page,
    context: BrowserContext,
    live_server: LiveServer,
    ana: User,
    project: Project,
    troubles: list[str],
) -> Iterator[Any]:
    """Bring in texts, and yield a function that yields each with the page that shows it."""

    def served(cases: list[Case]) -> Iterator[tuple[Page, Case]]:
        rows = "\n".join(json.dumps({"text": each.text}) for each in cases)
        work = loop.bring_in(project, "texts.jsonl", rows)
        assert (work.created, work.rejected) == (len(cases), 0), work.errors
        sign_in(context, live_server, ana)
        # No text but the long one scrolls.
        page.set_viewport_size({"width": 1280, "height": 1000})
        listen(page, troubles)
        open_desk(page, live_server, project)
        by_text = {each.text: each for each in cases}
        for _ in cases:
            wait_until_painted(page)
            text = page.evaluate("() => document.querySelector('#item .text').firstChild.data")
            yield page, by_text[text]
            page.keyboard.press("Enter")
            page.wait_for_function(
                "(text) => document.querySelector('#item .text').firstChild?.data !== text"
                " || document.getElementById('desk').classList.contains('is-empty')",
                arg=text,
            )
        for _ in range(200):
            if Annotation.objects.count() == len(cases):
                break
            page.wait_for_timeout(50)

    yield served
    assert troubles == []


def check_stored(project: Project, cases: list[Case]) -> None:
    """Check offsets and quotes of the export, and that no text is another one now."""
    stored = {each["text"]: each["spans"] for each in loop.exported(project)}
    assert set(stored) == {each.text for each in cases}
    for case in cases:
        expected = [(start, end, case.text[start:end], name) for start, end, name in case.spans]
        got = [(e["start"], e["end"], e["text"], e["label"]) for e in stored[case.text]]
        assert sorted(got) == sorted(expected), ascii(case.text[:60])
    assert set(Item.objects.values_list("text", flat=True)) == {each.text for each in cases}


# Where a stretch is on the screen, and where the boxes of the mark with the focus are.
PLACES = """([start, end]) => {
    const box = document.querySelector('#item .text');
    const range = document.createRange();
    range.setStart(box.firstChild, start);
    range.setEnd(box.firstChild, end);
    const round = ({ left, top, right, bottom }) => [left, top, right, bottom].map(Math.round);
    const seen = [...range.getClientRects()].filter(({ width }) => width > 0);
    const marks = [...box.querySelectorAll('.span-mark.focused')];
    return [seen.map(round), marks.map((each) => round(each.getBoundingClientRect()))];
}"""


def joined(rects: list[list[int]]) -> list[list[int]]:
    """Return the rectangles with those of one line that touch as one: they are one box."""
    found: list[list[int]] = []
    for left, top, right, bottom in sorted(rects, key=lambda rect: (rect[1], rect[0])):
        last = found[-1] if found else None
        if last and last[1] == top and left - last[2] <= 1:
            last[2] = max(last[2], right)
        else:
            found.append([left, top, right, bottom])
    return found


def check_seen(page: Page, case: Case, start: int, end: int) -> None:
    seen, painted = page.evaluate(PLACES, [case.units(start), case.units(end)])
    seen, painted = joined(seen), joined(painted)
    assert seen, (ascii(case.text[:60]), start, end)
    assert len(painted) == len(seen), (painted, seen)
    for one, other in zip(sorted(painted), sorted(seen), strict=True):
        assert all(abs(a - b) <= 1 for a, b in zip(one, other, strict=True)), (painted, seen)


def label(page: Page, name: str) -> None:
    page.locator("[data-choice]", has_text=name).click()
    wait_until_painted(page)


SELECTED = "() => getSelection().toString().replaceAll('\\r\\n', '\\n').replaceAll('\\r', '')"


def mark_by_mouse(page: Page, case: Case, *, is_back: bool) -> None:
    """Drag over each stretch; the exact selection is a key."""
    for start, end, name in case.spans:
        ends = case.units(start), case.units(end)
        page.evaluate(REVEAL, list(ends))
        press(page, "Escape")
        drag(page, *ends, is_back=is_back)
        quote = case.text[start:end].replace("\r\n", "\n")
        assert page.evaluate(SELECTED) == quote
        label(page, name)
        check_seen(page, case, start, end)


REVEAL = """([start]) => {
    const node = document.querySelector('#item .text').firstChild;
    const range = document.createRange();
    range.setStart(node, start);
    range.setEnd(node, start + 1);
    const box = document.getElementById('item');
    const middle = box.getBoundingClientRect();
    box.scrollTop += range.getBoundingClientRect().top - middle.top - middle.height / 2;
}"""
VISIBLE = """(text) => [...new Intl.Segmenter(undefined, { granularity: 'grapheme' })
    .segment(text)].length"""
RIGHT_TO_LEFT = "\u0590", "\u08ff"


def mark_by_keyboard(page: Page, case: Case) -> None:
    """Go to each stretch from the start of the text, character by character."""
    first = next(each for each in case.text if each.isalpha())
    is_right_to_left = RIGHT_TO_LEFT[0] <= first <= RIGHT_TO_LEFT[1]
    forward = "ArrowLeft" if is_right_to_left else "ArrowRight"
    for start, end, name in case.spans:
        press(page, "Escape")
        before = page.evaluate(VISIBLE, case.text[:start])
        press(page, *[forward] * (before + 1))
        inner = page.evaluate(VISIBLE, case.text[start:end])
        press(page, *[f"Shift+{forward}"] * (inner - 1))
        label(page, name)
        check_seen(page, case, start, end)


@pytest.mark.parametrize("is_back", [False, True])
def test_what_is_dragged_over_is_stored(desk: Any, project: Project, is_back: bool) -> None:
    cases = [found(*each) for each in TEXTS.values()]
    for number, (page, case) in enumerate(desk(cases)):
        if number == 0:
            press(page, "c")
        mark_by_mouse(page, case, is_back=is_back)
    check_stored(project, cases)


def test_what_keys_select_is_stored(desk: Any, project: Project) -> None:
    cases = [found(*each) for each in TEXTS.values()]
    for number, (page, case) in enumerate(desk(cases)):
        if number == 0:
            press(page, "c")
        mark_by_keyboard(page, case)
    check_stored(project, cases)


def test_long_text_keeps_its_places(desk: Any, project: Project) -> None:
    case = long_text()
    for page, each in desk([case]):
        mark_by_mouse(page, each, is_back=False)
    check_stored(project, [case])
    (stored,) = loop.exported(project)
    assert [each["text"] for each in stored["spans"]] == ["First", FAMILY, "Last"]


@pytest.mark.skipif(not TRICKY.exists(), reason="the case files are not here")
@pytest.mark.parametrize("by", ["mouse", "keyboard"])
def test_texts_of_the_case_file_keep_their_places(desk: Any, project: Project, by: str) -> None:
    given = json.loads(Path(TRICKY).read_text(encoding="utf-8"))["texts"]
    cases = [
        Case(each["text"], [(*one["code_points"], one["label"]) for one in each["spans"]])
        for each in given
    ]
    names = sorted({name for case in cases for _start, _end, name in case.spans})
    settings.change_project(project, labels=names)
    for number, (page, case) in enumerate(desk(cases)):
        if number == 0:
            press(page, "c")
        if by == "mouse":
            mark_by_mouse(page, case, is_back=False)
        else:
            mark_by_keyboard(page, case)
    check_stored(project, cases)
    for each, case in zip(given, cases, strict=True):
        for one in each["spans"]:
            start, end = one["code_points"]
            assert [case.units(start), case.units(end)] == one["utf16"]
            assert case.text[start:end] == one["quote"]
