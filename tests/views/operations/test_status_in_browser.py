"""The status pages in a real browser: they fit, all can read them, and they keep up to date."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import BrowserContext, Page
from pytest_django.live_server_helper import LiveServer

from annotator.flow.operations import readiness
from annotator.models import Import, Project, User, WorkerBeat
from tests import loop
from tests.given import Fill, Learn, RunRound
from tests.views.in_browser import MARKS, listen, sign_in, unfit
from tests.views.operations.test_status import failed, failed_round

pytestmark = MARKS


@pytest.fixture
def opened(
    page: Page,
    context: BrowserContext,
    live_server: LiveServer,
    project: Project,
    filled: Fill,
    learnt: Learn,
    run_round: RunRound,
    ana: User,
    olga: User,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Any]:
    """Return a function that opens one of the two pages, with all that can be said on it."""
    monkeypatch.setattr(readiness, "_broker", lambda: "not reachable (OperationalError)")
    olga.is_superuser = True
    olga.save()
    filled(project, 60)
    learnt(project)
    loop.label(project, ana, 20)
    run_round(project)
    failed_round(project)
    failed(Import, project, name="a-rather-long-file-name" * 4, path="x", error="No column “text”")
    Import.objects.create(project=project, name="b.csv", path="x", state="running", total=9, done=3)
    silent = timezone.now() - timedelta(minutes=9)
    WorkerBeat.objects.create(name="a-machine-with-a-long-name.example.org:4711", seen_at=silent)
    troubles = []

    def at(name: Any) -> Any:
        sign_in(context, live_server, olga)
        listen(page, troubles)
        args = [project.pk] if name == "status" else []
        page.goto(live_server.url + reverse(name, args=args))
        return page

    yield at
    assert troubles == []


@pytest.mark.parametrize("name", ["status", "installation"])
def test_pages_have_no_axe_findings_and_fit(opened: Any, page: Page, name: str) -> None:
    opened(name)
    assert unfit(page, page.reload) == []


def test_page_brings_itself_up_to_date(opened: Any, page: Page) -> None:
    opened("status")
    assert page.get_by_text("No worker seen for 9 minutes").is_visible()
    WorkerBeat.objects.update(seen_at=timezone.now())
    page.get_by_text("Running.").wait_for()


def test_a_lead_comes_to_the_status_by_keyboard(
    opened: Any, page: Page, live_server: LiveServer, project: Project
) -> None:
    opened("status")
    page.goto(live_server.url + reverse("dashboard", args=[project.pk]))
    page.locator(".top-pages").get_by_role("link", name="Status").focus()
    page.keyboard.press("Enter")
    page.locator("#status").wait_for()
