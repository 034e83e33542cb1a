"""What somebody chooses on a page whose scripts are still on their way."""

from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import BrowserContext, Page, Route
from pytest_django.live_server_helper import LiveServer

from annotator.models import Project, User
from tests import loop
from tests.given import Fill
from tests.views.in_browser import MARKS, listen, sign_in

pytestmark = MARKS


@pytest.fixture
def without_scripts(
    page: Page, context: BrowserContext, live_server: LiveServer, lea: User, troubles: list[str]
) -> Any:
    """Return a function that opens a page, and one that lets its scripts come."""
    held: list[Route] = []

    def at(name: str, project: Project) -> tuple[Page, Callable[[], None]]:
        sign_in(context, live_server, lea)
        listen(page, troubles)
        page.route("**/*.js", lambda route: held.append(route))
        page.goto(live_server.url + reverse(name, args=[project.pk]), wait_until="commit")
        return page, let_come

    def let_come() -> None:
        for route in held:
            route.continue_()
        page.unroute("**/*.js")

    return at


def test_filter_chosen_early_is_applied(
    without_scripts: Any, project: Project, filled: Fill, ana: User, troubles: list[str]
) -> None:
    filled(project, 10)
    loop.label(project, ana, 4)
    page, let_scripts_come = without_scripts("items", project)
    page.select_option(".find-form [name=state]", "labelled")
    assert page.locator("[data-find]").count() == 10
    let_scripts_come()
    page.wait_for_url("**state=labelled**")
    assert page.locator("[data-find]").count() == 4
    # Going back shows all of them, whatever the browser fills in.
    page.go_back()
    page.locator("[data-find]").nth(9).wait_for()
    page.wait_for_load_state("networkidle")
    assert "state=" not in page.url
    assert troubles == []


def test_merge_chosen_early_is_judged(
    without_scripts: Any, project: Project, troubles: list[str]
) -> None:
    page, let_scripts_come = without_scripts("label_set", project)
    page.select_option("[name=merge-source]", label="spam")
    page.select_option("[name=merge-target]", label="ham")
    let_scripts_come()
    page.locator("#merge .notice.error", has_text="A project needs between 2").wait_for()
    assert troubles == []
