"""Steps at the desk of spans: undone, done again, kept while looking back, in either direction."""

from typing import Any

import pytest
from playwright.sync_api import Page

from annotator.flow.projects import settings
from annotator.models import Label, Project
from tests import loop
from tests.views.desk_in_browser import wait_for, wait_until_painted, wait_until_saved
from tests.views.in_browser import MARKS
from tests.views.labelling.test_spans_in_browser import (
    SELECT,
    listed,
    opened,
    press,
    project,
    saved,
)

pytestmark = MARKS

__all__ = ["opened", "project"]

TEXT = "Ana met Li in Lyon."
SUGGESTED = [("Ana", "person"), ("Li", "person"), ("Lyon", "place")]
ALL = ["person Ana suggested", "person Li suggested", "place Lyon suggested"]


def with_suggestions(*texts: str) -> list[dict[str, Any]]:
    return [
        {
            "text": text,
            "spans": [
                {"start": text.index(word), "end": text.index(word) + len(word), "label": label}
                for word, label in SUGGESTED
            ],
        }
        for text in texts
    ]


def shown(page: Page) -> str:
    return str(page.evaluate("() => document.querySelector('#item .text').firstChild.data"))


def save(page: Page, key: str = "Enter") -> None:
    """Save, and wait for the next text."""
    before = shown(page)
    page.keyboard.press(key)
    page.wait_for_function(
        "(text) => document.querySelector('#item .text').firstChild?.data !== text", arg=before
    )
    wait_until_painted(page)


# Suggestions --------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["d", "Delete"])
def test_rejected_suggestion_is_a_step(opened: Any, key: str) -> None:
    page = opened(*with_suggestions(TEXT), labels_are="suggestion")
    press(page, "d")
    press(page, key)
    assert listed(page) == ALL[1:]
    assert "Ana" in page.inner_text("#said")
    press(page, "Control+z")
    assert listed(page) == ALL
    press(page, "Control+Shift+Z")
    assert listed(page) == ALL[1:]
    press(page, "Enter")
    assert saved(page, 1) == [[("Li", "person"), ("Lyon", "place")]]


def test_changed_suggestion_comes_back_with_its_step(opened: Any) -> None:
    page = opened(*with_suggestions(TEXT), labels_are="suggestion")
    press(page, "Tab", "2")
    assert listed(page) == ["place Ana", *ALL[1:]]
    press(page, "Control+z")
    assert listed(page) == ALL
    press(page, "Control+y")
    assert listed(page) == ["place Ana", *ALL[1:]]


def test_only_what_was_done_is_undone(opened: Any) -> None:
    page = opened(TEXT)
    press(page, "Control+z")
    assert page.inner_text("#said") == "There is no such step in this text."
    press(page, "ArrowRight", "1", "Control+z")
    assert page.inner_text("#said") == "Step undone. Spans: 0."
    press(page, "Control+z")
    assert page.inner_text("#said") == "There is no such step in this text."


def test_rejected_suggestion_stays_so_after_a_look_back(opened: Any, troubles: list[str]) -> None:
    page = opened(*with_suggestions(f"{TEXT} 1", f"{TEXT} 2"), labels_are="suggestion")
    save(page, "e")
    press(page, "d", "d")
    assert listed(page) == ALL[1:]
    press(page, "Escape", "b")
    page.locator("#past").wait_for()
    assert listed(page) == []
    press(page, "ArrowRight")
    assert listed(page) == ALL[1:]
    assert troubles == []


def test_undone_answer_comes_back_as_it_was(opened: Any, troubles: list[str]) -> None:
    page = opened(*with_suggestions(f"{TEXT} 1", f"{TEXT} 2"), labels_are="suggestion")
    first = shown(page)
    press(page, "d", "d", "a", "x", "n")
    page.keyboard.type("who is Ana?")
    press(page, "Control+Enter")
    save(page)
    wait_until_saved(page)
    press(page, "z")
    page.wait_for_function(
        "(text) => document.querySelector('#item .text').firstChild.data === text", arg=first
    )
    # Without the rejected one; the last one was accepted with the others.
    assert listed(page) == ["person Li", "place Lyon"]
    assert page.input_value("#note") == "who is Ana?"
    assert page.get_attribute("#unsure-button", "aria-pressed") == "true"
    assert troubles == []


# Earlier answers ----------------------------------------------------------------------------------


def test_earlier_answer_is_marked_by_keys(opened: Any) -> None:
    page = opened(f"{TEXT} 1", f"{TEXT} 2")
    save(page, "e")
    wait_until_saved(page)
    press(page, "b")
    page.locator("#past").wait_for()
    press(page, "Shift+ArrowRight", "1", "Enter")
    wait_for(page, "Corrected")
    wait_until_saved(page)
    assert saved(page, 1) == [[("Ana", "person")]]


ARABIC = "قال محمد بن علي إن شركة Orbita فتحت."


def test_right_to_left_turns_every_arrow(opened: Any) -> None:
    page = opened(f"{ARABIC} 1", f"{ARABIC} 2")
    press(page, "ArrowLeft", "ArrowLeft", "Shift+ArrowLeft", "1")
    assert listed(page) == ["person محمد بن"]
    save(page)
    wait_until_saved(page)
    press(page, "ArrowRight")
    page.locator("#past").wait_for()
    assert page.inner_text("#back-button kbd") == "→"
    assert page.inner_text("#past kbd") == "←"
    assert listed(page) == ["person محمد بن"]
    press(page, "ArrowLeft")
    assert page.is_hidden("#past")
    press(page, "b")
    page.locator("#past").wait_for()


def test_borders_of_text_from_right_to_left_are_where_they_are_dragged(opened: Any) -> None:
    page = opened(ARABIC)
    press(page, "ArrowLeft", "ArrowLeft", "1")
    left, _top, right, _bottom = page.evaluate(SELECT, [4, 8])
    for side, wanted in (("start", right), ("end", left)):
        box = page.locator(f'.span-handle[data-side="{side}"]').bounding_box()
        assert box is not None
        assert abs(box["x"] + box["width"] / 2 - wanted) < 1


# Borders and labels -------------------------------------------------------------------------------


def test_start_of_a_span_is_moved_by_keys(opened: Any) -> None:
    page = opened("Doctor Ana Roth met Li.")
    press(page, "ArrowRight", "ArrowRight", "Shift+ArrowRight", "1")
    press(page, "Control+Shift+ArrowLeft")
    assert listed(page) == ["person Doctor Ana Roth"]
    press(page, *["Control+Shift+ArrowRight"] * 3)
    assert listed(page) == ["person Roth"]
    press(page, *["Control+z"] * 3)
    assert listed(page) == ["person Ana Roth"]


def test_labels_that_change_meanwhile_change_buttons_and_marks(
    opened: Any, project: Project, troubles: list[str]
) -> None:
    settings.change_settings(project, lease_seconds=10)
    page = opened(f"{TEXT} 1", f"{TEXT} 2")
    press(page, "ArrowRight", "1", "Escape")
    press(page, "ArrowRight", "ArrowRight", "ArrowRight", "2")
    assert listed(page) == ["person Ana", "place Li"]
    person, place = Label.objects.filter(project=project)
    settings.change_labels(loop.refreshed(project), [{"id": person.pk, "name": "human"}, "date"])
    page.locator("#changed-words", has_text="human").wait_for(timeout=20_000)
    assert page.locator(".choice-name").all_inner_texts() == ["human", "date"]
    assert page.locator(".span-label[data-line]").count() == 2
    # The mark of the removed label is gone, also from the steps.
    assert listed(page) == ["human Ana"]
    press(page, "Control+z", "Control+Shift+Z")
    assert listed(page) == ["human Ana"]
    save(page)
    wait_until_saved(page)
    assert saved(page, 1) == [[("Ana", "human")]]
    assert place.name == "place"
    assert troubles == []


def test_mark_over_a_line_end_has_one_box_in_each_line(opened: Any) -> None:
    text = " ".join(f"word{n:03}" for n in range(40))
    page = opened(text)
    press(page, "ArrowRight", *["Shift+ArrowRight"] * 30, "1")
    lines = page.evaluate(
        """() => {
          const boxes = [...document.querySelectorAll('.span-mark')];
          return boxes.map((each) => Math.round(each.getBoundingClientRect().top));
        }"""
    )
    assert len(lines) > 2
    assert len(lines) == len(set(lines))
