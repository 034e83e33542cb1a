"""The pages of the setup, of tokens and of assignments, on desktop and phone, light and dark."""

from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import BrowserContext, Page
from pytest_django.live_server_helper import LiveServer

from annotator.flow.items import saved_views
from annotator.flow.queue.assigned import assigning
from annotator.models import Project, User
from tests.given import Fill
from tests.views.in_browser import MARKS, listen, sign_in, unfit

pytestmark = MARKS


@pytest.fixture
def opened(page: Page, context: BrowserContext, live_server: LiveServer, troubles: Any) -> Any:
    """Return a function that opens a page for the installation admin."""
    sign_in(context, live_server, User.objects.create_superuser("root"))
    listen(page, troubles)

    def at(name: str, *args: Any, query: str = "") -> Page:
        page.goto(live_server.url + reverse(name, args=args) + query)
        return page

    return at


def test_setup_is_fit_and_survives_a_closed_browser(
    opened: Any, tmp_path: Path, troubles: list[str]
) -> None:
    file = tmp_path / "a_very_long_name_of_a_file_with_customer_mail_of_2026.csv"
    rows = "".join(f'"Row {n} that never ends {"and " * 20}",label {n % 3}\n' for n in range(9))
    file.write_text("text,label\n" + rows)
    found = {}
    page = opened("setup_data")
    found["data"] = unfit(page)
    page.get_by_label("File", exact=True).set_input_files(file)
    page.get_by_role("button", name="Continue").click()
    found["items"] = unfit(page)
    # Closed, and opened again from the list of projects.
    page = opened("projects")
    page.get_by_role("link", name="Continue the setup of").click()
    page.get_by_role("button", name="Continue").click()
    found["labels"] = unfit(page)
    page.get_by_role("button", name="Continue and import").click()
    page.get_by_label("Usernames").fill("ann\nmaximiliane.von-und-zu-langenname")
    page.get_by_role("button", name="Add people").click()
    found["people"] = unfit(page)
    page.get_by_role("link", name="Continue", exact=True).click()
    found["start"] = unfit(page)
    opened("dashboard", Project.objects.get().pk)
    page.locator("#first-steps").wait_for()
    found["dashboard"] = unfit(page)
    assert {name: faults for name, faults in found.items() if faults} == {}
    assert troubles == []


def test_tokens_assignments_and_tabs_are_fit(
    opened: Any, project: Project, lea: User, filled: Fill, troubles: list[str]
) -> None:
    filled(project, 8)
    assigning.begin(project, lea, ["ana", "ben"], share=0.25)
    root = User.objects.get(username="root")
    saved_views.save(project, root, "Unsure ones of the last week", "unsure=1")
    found = {}
    page = opened("api_token")
    page.get_by_role("button", name="Create a token").click()
    found["token"] = unfit(page)
    found["assignments"] = unfit(opened("assignments", project.pk))
    found["tab"] = unfit(opened("items", project.pk, query="?unsure=1"))
    page = opened("items", project.pk, query="?q=prize")
    page.get_by_text("Save this view").click()
    page.locator("#view-name").fill("Prizes")
    page.locator("#save-view").get_by_role("button", name="Save").click()
    page.get_by_role("link", name="Prizes", exact=True).wait_for()
    assert {name: faults for name, faults in found.items() if faults} == {}
    assert troubles == []
