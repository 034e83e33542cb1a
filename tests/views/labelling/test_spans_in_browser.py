"""Marking stretches of texts at the desk, by keyboard and by mouse, in a real browser."""

import json
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page
from pytest_django.live_server_helper import LiveServer

from annotator.flow.projects import settings
from annotator.models import Annotation, Membership, Project, Role, User
from tests import loop
from tests.views.desk_in_browser import open_desk, wait_until_painted
from tests.views.in_browser import MARKS, listen, sign_in, unfit

pytestmark = MARKS

FAMILY = "👨‍👩‍👧"
LABELS = ["person", "place"]


@pytest.fixture
def project(olga: User, ana: User) -> Project:
    made = settings.create_project(olga, name="Names", task="text-spans", labels=LABELS)
    Membership.objects.create(project=made, user=ana, role=Role.ANNOTATOR)
    settings.change_settings(made, audit_share=0.0)
    return loop.refreshed(made)


@pytest.fixture
def opened(
    page: Page,
    context: BrowserContext,
    live_server: LiveServer,
    ana: User,
    project: Project,
    troubles: list[str],
) -> Any:
    """Bring in texts, and return Ana's page."""

    def opened(*records: Any, **options: Any) -> Any:
        rows = [each if isinstance(each, dict) else {"text": each} for each in records]
        work = loop.bring_in(project, "texts.jsonl", "\n".join(map(json.dumps, rows)), **options)
        assert work.rejected == 0, work.errors
        sign_in(context, live_server, ana)
        listen(page, troubles)
        open_desk(page, live_server, project)
        wait_until_painted(page)
        return page

    return opened


SELECT = """([start, end]) => {
    const node = document.querySelector('#item .text').firstChild;
    const range = document.createRange();
    range.setStart(node, start);
    range.setEnd(node, end);
    const rects = [...range.getClientRects()].filter(({ width }) => width > 0);
    const [first, last] = [rects[0], rects.at(-1)];
    return [first.left, first.top + first.height / 2, last.right, last.top + last.height / 2];
}"""


def drag(page: Page, start: int, end: int, *, is_back: bool = False) -> None:
    """Drag over a stretch of the text, whose offsets are the browser's."""
    left, top, right, bottom = page.evaluate(SELECT, [start, end])
    ends = [(left + 1, top), (right - 1, bottom)]
    (x, y), (to_x, to_y) = reversed(ends) if is_back else ends
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move((x + to_x) / 2, to_y, steps=3)
    page.mouse.move(to_x, to_y, steps=3)
    page.mouse.up()
    wait_until_painted(page)


def click(page: Page, start: int, end: int) -> None:
    left, top, right, _bottom = page.evaluate(SELECT, [start, end])
    page.mouse.click((left + right) / 2, top)
    wait_until_painted(page)


def listed(page: Page) -> list[str]:
    """Return the marks that the list beside the text has."""
    wait_until_painted(page)
    wait_until_painted(page)
    rows = page.locator("#span-list .span-row").all_inner_texts()
    return [" ".join(each.split()) for each in rows]


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)
    wait_until_painted(page)


def saved(page: Page, number: int) -> list[Any]:
    """Wait for that many answers, and return their quotes and labels."""
    for _ in range(200):
        if Annotation.objects.count() >= number:
            break
        page.wait_for_timeout(50)
    return [
        [(each["text"], each["label"]) for each in record["spans"]]
        for record in loop.exported(Annotation.objects.first().project)
    ]


def test_words_are_marked_by_keyboard(opened: Any, troubles: list[str]) -> None:
    page = opened("Ana Roth met Li in Lyon.")
    press(page, "ArrowRight", "Shift+ArrowRight", "1")
    assert listed(page) == ["person Ana Roth"]
    press(page, "ArrowRight", "ArrowRight", "1", "ArrowRight", "ArrowRight", "2")
    assert listed(page) == ["person Ana Roth", "person Li", "place Lyon"]
    press(page, "Enter")
    assert saved(page, 1) == [[("Ana Roth", "person"), ("Li", "person"), ("Lyon", "place")]]
    assert troubles == []


def test_words_are_marked_by_mouse_either_way(opened: Any, troubles: list[str]) -> None:
    text = "Ana Roth (Dr. Wu), in Lyon."
    page = opened(text)
    drag(page, 1, 7)
    press(page, "1")
    drag(page, text.index("(Dr"), text.index("),") + 2, is_back=True)
    press(page, "1")
    click(page, text.index("Lyon"), text.index("Lyon") + 4)
    press(page, "2", "Enter")
    assert saved(page, 1) == [[("Ana Roth", "person"), ("Dr. Wu", "person"), ("Lyon", "place")]]
    assert troubles == []


def test_label_can_be_chosen_first(opened: Any) -> None:
    text = "Ana met Li in Lyon."
    page = opened(text)
    press(page, "1")
    for word in ("Ana", "Li"):
        drag(page, text.index(word), text.index(word) + len(word))
    assert listed(page) == ["person Ana", "person Li"]


def test_selection_alone_marks_nothing(opened: Any) -> None:
    page = opened("Ana met Li in Lyon.")
    drag(page, 0, 7)
    assert listed(page) == []
    assert page.evaluate("() => getSelection().toString()") == "Ana met"


def test_mark_is_changed_moved_and_removed(opened: Any) -> None:
    text = "Ana Roth met Li in Lyon."
    page = opened(text)
    press(page, "ArrowRight", "1")
    press(page, "2")
    assert listed(page) == ["place Ana"]
    press(page, "Shift+ArrowRight")
    assert listed(page) == ["place Ana Roth"]
    press(page, "Shift+ArrowLeft")
    assert listed(page) == ["place Ana"]
    press(page, "Delete")
    assert listed(page) == []
    press(page, *["Control+z"] * 4)
    assert listed(page) == ["person Ana"]
    press(page, "Control+Shift+Z", "Control+y")
    assert listed(page) == ["place Ana Roth"]


def test_border_is_dragged(opened: Any) -> None:
    text = "Ana Roth met Li in Lyon."
    page = opened(text)
    press(page, "ArrowRight", "1")
    box = page.locator('.span-handle[data-side="end"]').bounding_box()
    _left, _top, right, bottom = page.evaluate(SELECT, [4, 7])
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(right, bottom, steps=4)
    page.mouse.up()
    assert listed(page) == ["person Ana Roth"]


def test_same_text_is_marked_everywhere_with_one_undo(opened: Any) -> None:
    page = opened("Paris, Parisian, Paris and Paris.")
    press(page, "ArrowRight", "2")
    assert "2" in page.inner_text("#said")
    press(page, "m")
    assert listed(page) == ["place Paris"] * 3
    press(page, "Control+z")
    assert listed(page) == ["place Paris"]


def test_nothing_here_is_one_key(opened: Any) -> None:
    page = opened("Nobody.", "Nobody else.")
    press(page, "e")
    assert saved(page, 1) == [[]]


def test_overlap_is_refused_in_words(opened: Any) -> None:
    page = opened("Ana Roth met Li.")
    press(page, "ArrowRight", "1", "Escape", "ArrowRight", "Shift+ArrowRight", "2")
    assert "overlap" in page.inner_text("#said")
    assert listed(page) == ["person Ana"]


TRICKY = {
    "emoji": (f"👩🏽‍🚒 Ana met {FAMILY} in Lyon 🇫🇷.", FAMILY),
    "accents": ("Jose\u0301 and Rene\u0301 flew.", "Rene\u0301"),
    "arabic": ("قال محمد بن علي إن شركة Orbita فتحت.", "محمد بن علي"),
    "chinese": ("王小明在北京大学读书，后来去了𠮷野家工作。", "𠮷野家"),
    "line ends": ("Case 7\r\nSigned in New\r\nYork by Eva Roth.\r\n", "New\r\nYork"),
    "entities": ("AT&amp;T sued <b>Smith & Sons</b>.", "Smith & Sons"),
    "invisible": ("\u200bData\u200bbase by Ka\u00adrin\u00a0Berg.", "Data\u200bbase"),
}


@pytest.mark.parametrize("name", TRICKY)
def test_what_is_marked_is_what_is_stored(opened: Any, name: str, troubles: list[str]) -> None:
    text, wanted = TRICKY[name]
    page = opened(text)
    start = len(text[: text.index(wanted)].encode("utf-16-le")) // 2
    end = start + len(wanted.encode("utf-16-le")) // 2
    drag(page, start, end)
    press(page, "1", "Enter")
    assert saved(page, 1) == [[(wanted, "person")]]
    assert Annotation.objects.get().item.text == text
    assert troubles == []


@pytest.mark.parametrize("earlier", [0, 2], ids=["in the page", "by a later call"])
def test_suggestions_are_accepted_rejected_and_changed(opened: Any, earlier: int) -> None:
    text = "Ana met Li and Bo in Lyon."
    given = [
        {"start": text.index(word), "end": text.index(word) + len(word), "label": label}
        for word, label in (
            ("Ana", "person"),
            ("Li", "person"),
            ("Bo", "person"),
            ("Lyon", "place"),
        )
    ]
    texts = [{"text": f"{text} {n}", "spans": given} for n in range(earlier + 1)]
    page = opened(*texts, labels_are="suggestion")
    for n in range(earlier):
        press(page, "e")
        assert saved(page, n + 1)[n] == []
    page.locator(".span-mark.suggested").first.wait_for()
    assert page.locator(".span-mark.suggested").count() == 4
    press(page, "a", "a")
    assert page.locator(".span-mark.made").count() == 1
    press(page, "d")
    press(page, "2")
    assert sorted(listed(page)) == ["person Ana", "place Bo", "place Lyon suggested"]
    press(page, "Enter")
    answer = saved(page, earlier + 1)[earlier]
    assert answer == [("Ana", "person"), ("Bo", "place"), ("Lyon", "place")]


def test_letters_do_nothing_while_somebody_types(opened: Any) -> None:
    page = opened("Ana met Li.")
    press(page, "n")
    page.keyboard.type("e d a 1")
    assert listed(page) == []
    assert Annotation.objects.count() == 0
    assert page.input_value("#note") == "e d a 1"


def test_page_is_accessible_on_desktop_and_phone(opened: Any, troubles: list[str]) -> None:
    page = opened("Ana Roth met محمد بن علي.")
    press(page, "ArrowRight", "Shift+ArrowRight", "1", "ArrowRight")
    assert listed(page) == ["person Ana Roth"]
    assert unfit(page) == []
    assert troubles == []
