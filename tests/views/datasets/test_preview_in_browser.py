"""The preview of a file that is chosen for an import, in a real browser."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from annotator.flow.projects import settings
from annotator.models import Import, User
from tests.views.in_browser import MARKS, listen, sign_in

pytestmark = MARKS


@pytest.fixture
def form(
    page: Page, context: BrowserContext, live_server: LiveServer, olga: User, troubles: list[str]
) -> Any:
    """Return the page with the form of a project that compares texts."""
    project = settings.create_project(olga, name="Replies", task="text-pairs")
    sign_in(context, live_server, olga)
    listen(page, troubles)
    page.goto(f"{live_server.url}/projects/{project.pk}/imports")
    return page


def test_columns_are_named_until_the_preview_is_right(
    form: Page, tmp_path: Path, troubles: list[str]
) -> None:
    file = tmp_path / "replies.csv"
    file.write_text("mine,theirs\nhello,bye\n", encoding="utf-8")
    form.set_input_files("input[type=file]", file)
    preview = form.locator("#import-preview")
    expect(preview).to_contain_text("No column found for text A")
    form.fill("#id_a_column", "theirs")
    form.locator("#id_a_column").press("Tab")
    expect(preview).to_contain_text("No column found for text B")
    form.fill("#id_b_column", "mine")
    form.locator("#id_b_column").press("Tab")
    expect(preview.locator("tbody td").nth(1)).to_contain_text("bye")
    assert not Import.objects.exists()
    form.click("#upload button.primary")
    expect(form.locator("#import_rows")).to_contain_text("replies.csv")
    assert Import.objects.get().part_columns == {"a": "theirs", "b": "mine"}
    assert troubles == []
