"""The screening card and the list of projects in a real browser: they fit, and all can use them."""

from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, Page
from pytest_django.live_server_helper import LiveServer

from annotator.flow.operations import background_reports
from annotator.flow.projects import settings
from annotator.models import Project, RecallProof, Tally, User
from tests import loop
from tests.given import Fill, Learn, RunRound
from tests.views.in_browser import MARKS, listen, sign_in, unfit
from tests.views.operations.test_status import failed_round

pytestmark = MARKS


@pytest.fixture
def hunted(project: Project, filled: Fill, learnt: Learn, run_round: RunRound, ana: User) -> Any:
    """A project that has read 120 of 240 items in its search."""
    settings.change_settings(
        project, rare_label="spam", audit_share=0.5, target_metric="recall", target_value=0.9
    )
    filled(project, 240)
    learnt(project)
    loop.label(project, ana, 120)
    run_round(project)
    background_reports.make_all(project.pk)
    return project


@pytest.fixture
def many(hunted: Any, olga: User, ana: User) -> Any:
    """Seven projects, of which some need a decision."""
    for number in range(6):
        made = settings.create_project(
            olga, name=f"Survey {number} with a rather long name of its own", labels=["a", "b"]
        )
        Project.objects.filter(pk=made.pk).update(items=500, budget=100)
        Tally.objects.create(
            project=made,
            user=ana,
            day=timezone.now().date(),
            labels=30 * number,
            finished=30 * number,
        )
    failed_round(made)
    return hunted


def open_at(
    page: Page, context: BrowserContext, live_server: LiveServer, user: User, address: Any
) -> Any:
    sign_in(context, live_server, user)
    page.goto(live_server.url + address)
    return page


def test_list_of_projects_fits_and_is_accessible(
    page: Page, context: BrowserContext, live_server: LiveServer, many: Any, olga: User
) -> None:
    troubles = []
    listen(page, troubles)
    open_at(page, context, live_server, olga, reverse("projects"))
    assert page.locator(".project").count() == 7
    assert "Needs a decision" in page.locator(".project").first.inner_text()
    assert unfit(page, page.reload) == []
    assert troubles == []


def test_project_is_found_by_keyboard_and_without_scripts(
    browser: Browser, live_server: LiveServer, many: Any, olga: User
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    open_at(page, context, live_server, olga, reverse("projects"))
    page.locator("#q").focus()
    page.keyboard.type("survey 3")
    page.keyboard.press("Enter")
    page.wait_for_url("**q=survey+3")
    assert page.locator(".project").count() == 1
    context.close()


def test_card_fits_and_is_accessible(
    page: Page, context: BrowserContext, live_server: LiveServer, hunted: Any, lea: User
) -> None:
    open_at(page, context, live_server, lea, reverse("dashboard", args=[hunted.pk]))

    def reopen() -> None:
        page.reload()
        page.locator("#screening").wait_for()
        page.locator("#figure-frontier img").wait_for()

    assert unfit(page, reopen) == []


def test_sample_is_drawn_by_keyboard(
    page: Page, context: BrowserContext, live_server: LiveServer, hunted: Any, lea: User
) -> None:
    address = reverse("dashboard", args=[hunted.pk])
    open_at(page, context, live_server, lea, address)
    number = page.locator("#proof-number")
    assert int(number.input_value()) >= 10
    number.fill("25")
    number.press("Enter")
    page.get_by_text("25 items are served first.").wait_for()
    assert page.locator("#prove").count() == 0
    assert len(RecallProof.objects.get().positions) == 25
