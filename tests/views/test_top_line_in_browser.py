"""The top line on a phone, in a real browser."""

import pytest
from django.urls import reverse
from playwright.sync_api import BrowserContext, Page
from pytest_django.live_server_helper import LiveServer

from annotator.models import Project, User
from tests.views.in_browser import MARKS, sign_in

pytestmark = MARKS

TOPS = "elements => elements.map(each => Math.round(each.getBoundingClientRect().top))"


@pytest.mark.parametrize("name", ["projects", "dashboard"])
def test_admins_links_stand_beside_the_logo(
    page: Page, context: BrowserContext, live_server: LiveServer, project: Project, name: str
) -> None:
    sign_in(context, live_server, User.objects.create_superuser("maximilian-the-third"))
    page.set_viewport_size({"width": 345, "height": 740})
    page.goto(live_server.url + reverse(name, args=[project.pk] if name == "dashboard" else []))
    page.locator(".top-own a", has_text="Users").wait_for()
    tops = page.locator(".logo, .top-own > a, .top-own .link, .top-project").evaluate_all(TOPS)
    assert max(tops) - min(tops) < 12, tops
