"""What is chosen on the import and the export page lasts, in a real browser."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from annotator.models import Import, Project, User
from tests import loop
from tests.given import Fill
from tests.views.in_browser import MARKS, listen, sign_in

pytestmark = MARKS

RESTORED = "Your input was restored. It is not saved yet."
PASSWORD = "correct horse staple"
Opened = Callable[[str], Page]


@pytest.fixture
def opened(
    page: Page,
    context: BrowserContext,
    live_server: LiveServer,
    project: Project,
    olga: User,
    troubles: list[str],
) -> Opened:
    """Return a function that opens a page of the project for its admin."""
    olga.set_password(PASSWORD)
    olga.save()
    sign_in(context, live_server, olga)
    listen(page, troubles)

    def at(name: str) -> Page:
        page.goto(f"{live_server.url}/projects/{project.pk}/{name}")
        return page

    return at


def log_in(page: Page) -> None:
    page.fill("[name=username]", "olga")
    page.fill("[name=password]", PASSWORD)
    page.click("main button[type=submit]")
    page.wait_for_load_state()


def checked(page: Page, file: Path) -> None:
    """Choose a file with a label that the project does not have, and wait for its preview."""
    file.write_text("text,label\nfree money,junk\nlunch,ham\n", encoding="utf-8")
    page.set_input_files("input[type=file]", file)
    expect(page.locator("#import-preview")).to_contain_text("Labels that the project does not have")


def test_choices_of_an_import_outlive_the_session(
    opened: Opened, tmp_path: Path, project: Project
) -> None:
    form = opened("imports")
    checked(form, tmp_path / "mail.csv")
    form.select_option("#id_labels_are", "suggestion")
    expect(form.locator("#import-preview")).to_contain_text("junk")
    Session.objects.all().delete()
    # Each choice asks for the preview again.
    form.select_option("[name='map:junk']", "spam")
    form.wait_for_url("**/login?*")
    expect(form.locator("[data-kept]")).to_be_visible()
    log_in(form)
    expect(form.locator("#upload .restored", has_text=RESTORED)).to_be_visible()
    assert form.input_value("#id_labels_are") == "suggestion"
    # The file cannot be kept; what was chosen for its labels is, until they are seen again.
    checked(form, tmp_path / "mail.csv")
    expect(form.locator("[name='map:junk']")).to_have_value("spam")
    form.click("#upload button.primary")
    expect(form.locator("#import_rows")).to_contain_text("mail.csv")
    made = Import.objects.get()
    assert (made.labels_are, made.label_map) == ("suggestion", {"junk": "spam"})
    form.reload()
    expect(form.locator(".restored")).to_have_count(0)


def test_preview_of_an_export_keeps_its_choices(
    opened: Opened, filled: Fill, project: Project, ana: User
) -> None:
    filled(project, 6)
    loop.label(project, ana, 4)
    form = opened("exports")
    form.select_option("#id_format", "csv")
    form.get_by_role("button", name="Show the first rows").click()
    expect(form.locator("#export-preview")).to_contain_text("4")
    form.reload()
    expect(form.locator(".restored", has_text=RESTORED)).to_be_visible()
    assert form.input_value("#id_format") == "csv"
    form.get_by_role("button", name="Export", exact=True).click()
    expect(form.locator("#export_rows")).to_contain_text("CSV")
    expect(form.locator(".restored")).to_have_count(0)
