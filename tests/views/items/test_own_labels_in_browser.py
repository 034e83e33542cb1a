"""An annotator corrects one of their last labels, counted in actions."""

from typing import Any

from playwright.sync_api import BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from annotator.models import Annotation, Project, User
from tests import loop
from tests.given import Fill
from tests.views.in_browser import MARKS, listen, sign_in

pytestmark = MARKS


def test_one_of_the_last_thirty_labels_is_corrected_in_three_actions(
    page: Page,
    context: BrowserContext,
    live_server: LiveServer,
    project: Project,
    ana: User,
    filled: Fill,
    troubles: Any,
) -> None:
    filled(project, 40)
    given = loop.label(project, ana, 30)
    wrong = given[4]
    before = wrong.said[0].name
    other = "ham" if before == "spam" else "spam"
    sign_in(context, live_server, ana)
    listen(page, troubles)
    page.goto(f"{live_server.url}/projects/{project.pk}/label")
    clicks = 0
    page.get_by_role("link", name="Your labels").click()
    clicks += 1
    row = page.locator(f"#own-{wrong.pk}")
    row.get_by_role("button", name=other).click()
    clicks += 1
    expect(row.locator(".find-now b")).to_have_text(other)
    assert clicks <= 3
    stored = Annotation.objects.get(pk=wrong.pk)
    assert [each.name for each in stored.labels.all()] == [other]
    assert troubles == []
