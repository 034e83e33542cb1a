"""An annotator in a real browser, with the keyboard alone, on real texts and pictures."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page

from tests import servers
from tests.e2e.signing_in import sign_in
from tests.oracle import new_project, rows

pytestmark = [pytest.mark.servers, pytest.mark.browser, pytest.mark.xdist_group("e2e")]

WITHOUT_MODEL = re.compile("Typical of a cluster|Drawn at random|Unlike any labelled")
WITH_MODEL = re.compile("hesitates|expects|[Uu]ncertain")
LABELS = 30


@pytest.fixture
def signed_in(page: Page, running: Any) -> Any:
    """The browser after a log-in by keyboard."""
    sign_in(page, running)
    return page


def label_by_keyboard(page: Page, truth_of: Any, number: Any) -> Any:
    """Label that many items, and return what was told about each: (item, reason)."""
    seen = []
    for _ in range(number):
        lease = page.locator("#answer input[name=lease]").input_value()
        item = truth_of(page)
        why = page.locator(".why")
        seen.append((item, why.text_content() if why.count() else ""))
        page.keyboard.press(key_of(page, item[1]))
        page.wait_for_function(
            "lease => document.querySelector('#answer input[name=lease]')?.value !== lease",
            arg=lease,
        )
        # Nobody reads faster; a faster client would get items of the offline buffer.
        page.wait_for_timeout(200)
    return seen


def key_of(page: Page, label: Any) -> Any:
    """The key that the desk shows for a label."""
    row = page.locator(".choice").filter(has=page.get_by_text(label, exact=True))
    return row.locator("kbd").text_content().lower()


def check_loop(page: Page, oracle: Any, truth_of: Any) -> None:
    """Label 30 items, see a round finish, and see the reasons of the queue change with it."""
    page.goto(f"{oracle.client.address}/projects/{oracle.project}/label")
    seen = label_by_keyboard(page, truth_of, 22)
    servers.wait_until(lambda: trained(oracle), 60, "a round with a model")
    seen += label_by_keyboard(page, truth_of, LABELS - 22)
    reasons = [reason for _item, reason in seen if reason]
    assert WITHOUT_MODEL.search(reasons[0])
    assert WITH_MODEL.search(reasons[-1])
    page.locator('#standing[data-standing="saved"]').wait_for()
    keys = [item[0] for item, _reason in seen]
    assert len(set(keys)) == LABELS
    assert oracle.progress()["answers"] == LABELS
    page.goto(f"{oracle.client.address}/projects/{oracle.project}/")
    assert page.get_by_text(re.compile(r"Round|round")).count()


def trained(oracle: Any) -> Any:
    turn = oracle.progress()["round"]
    return turn["state"] == "done" and turn["model"]


def prepared(running: Any, path: Any, truth: Any, **settings: Any) -> Any:
    oracle = new_project(running.client(), path, truth, **settings)
    servers.wait_until(
        lambda: not oracle.progress()["features"]["improving"] and oracle.progress()["round"],
        300,
        "features",
    )
    servers.wait_until(lambda: oracle.progress()["round"]["state"] == "done", 60, "a round")
    return oracle


def test_thirty_texts_by_keyboard(signed_in: Any, running: Any) -> None:
    path = servers.data_set("ag_news.csv")
    sample = rows(path)
    by_text = {" ".join(row["text"].split()): (row["id"], row["label"]) for row in sample}
    oracle = prepared(running, path, {row["id"]: row["label"] for row in sample})

    def truth_of(page: Page) -> Any:
        return by_text[" ".join(page.locator("#item .text").text_content().split())]

    check_loop(signed_in, oracle, truth_of)


def test_thirty_pictures_by_keyboard(signed_in: Any, running: Any) -> None:
    path = servers.data_set("fashion.zip")
    names = "ankle-boot bag coat dress pullover sandal shirt sneaker t-shirt trouser"
    oracle = prepared(running, path, {name: name for name in names.split()}, task="image")

    def truth_of(page: Page) -> Any:
        picture = page.locator("#item img")
        key = picture.get_attribute("alt").removeprefix("Item ")
        page.wait_for_function("() => document.querySelector('#item img').naturalWidth > 0")
        return key, key.split("/")[-2]

    check_loop(signed_in, oracle, truth_of)


def test_the_sample_project_is_two_clicks_away(page: Page, running: Any) -> None:
    page.goto(running.address)
    page.fill("input[name=username]", servers.ADMIN)
    page.fill("input[name=password]", servers.PASSWORD)
    page.get_by_role("button", name=re.compile("[Ll]og in")).click()
    page.get_by_role("link", name=re.compile("^Label")).last.click()
    assert page.locator("[data-choice]").count() == 4
    page.locator("[data-choice]").first.click()
    page.locator("#said", has_text="Saved").wait_for()
