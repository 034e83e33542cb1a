"""From a fresh start to the first label of one's own CSV, with two invited colleagues.

Only what the pages say is followed, each click is counted, and the time is that of the server.
"""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests import servers

pytestmark = [pytest.mark.servers, pytest.mark.browser, pytest.mark.xdist_group("e2e")]

MOST_CLICKS = 12
MOST_SECONDS = 180
ROWS = [
    ("The parcel never came.", "delivery"),
    ("Two books were missing from the box.", "delivery"),
    ("Thank you for the quick answer!", "praise"),
    *((f"Can I change address number {n} online?", "") for n in range(30)),
]


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[servers.Winnow]:
    with servers.winnow(tmp_path / "data") as server:
        yield server


@pytest.fixture
def mail(tmp_path: Path) -> Path:
    path = tmp_path / "customer_mail.csv"
    lines = ["text,label", *(f'"{text}",{label}' for text, label in ROWS)]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


class Clicks:
    """Clicks in a page, counted; typing is not."""

    def __init__(self) -> None:
        self.count = 0

    def on(self, target: Locator) -> None:
        self.count += 1
        target.click()


def test_own_file_is_labelled_in_three_minutes_and_twelve_clicks(
    fresh: servers.Winnow, mail: Path, page: Page, browser: Browser
) -> None:
    clicks, begun = Clicks(), time.monotonic()
    page.set_default_timeout(servers.patient(60_000))
    sign_in(page, fresh, clicks)
    clicks.on(page.get_by_role("link", name="New project"))
    page.get_by_label("File", exact=True).set_input_files(mail)
    # Choosing the file takes a click on the field.
    clicks.count += 1
    clicks.on(page.get_by_role("button", name="Continue"))
    expect(page.get_by_role("cell", name="The parcel never came.")).to_be_visible()
    clicks.on(page.get_by_role("button", name="Continue"))
    expect(page.get_by_label("Labels", exact=True)).to_have_value("delivery\npraise")
    page.get_by_label("Labels", exact=True).fill("delivery\npraise\nquestion")
    clicks.on(page.get_by_role("button", name="Continue and import"))
    page.get_by_label("Usernames").fill("ana\nben")
    clicks.on(page.get_by_role("button", name="Add people"))
    links = [each.input_value() for each in page.get_by_label("Invitation link of").all()]
    clicks.on(page.get_by_role("link", name="Continue"))
    clicks.on(page.get_by_role("button", name="Start labelling"))
    clicks.on(page.get_by_role("button", name="question"))
    expect(page.locator("#mine")).to_contain_text("1")
    assert clicks.count <= MOST_CLICKS
    assert time.monotonic() - begun < MOST_SECONDS
    assert len(links) == 2
    for link in links:
        joins(browser, link)


def sign_in(page: Page, fresh: servers.Winnow, clicks: Clicks) -> None:
    page.goto(fresh.address)
    page.get_by_label("Username").fill(servers.ADMIN)
    page.get_by_label("Password").fill(servers.PASSWORD)
    clicks.on(page.get_by_role("button", name="Log in"))


def joins(browser: Browser, link: str) -> None:
    """Accept an invitation, and see the project with something to label."""
    page = browser.new_context().new_page()
    page.set_default_timeout(servers.patient(60_000))
    page.goto(link)
    for field in page.locator("input[type=password]").all():
        field.fill("winnow-first-project")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Label in Customer mail").click()
    expect(page.locator("#item .text")).not_to_be_empty()
    page.context.close()
