"""Pages of numbers in a real browser: they fit, and can be read by everybody."""

from typing import Any

from django.urls import reverse
from playwright.sync_api import BrowserContext
from pytest_django.live_server_helper import LiveServer

from annotator.models import User
from tests.views.in_browser import MARKS, sign_in, unfit

pytestmark = MARKS

PAGES = ("dashboard", "quality", "own_work", "map", "summary", "status")


def test_full_pages_have_no_axe_findings_and_fit(
    context: BrowserContext, live_server: LiveServer, crowd: Any, lea: User
) -> None:
    sign_in(context, live_server, lea)
    page = context.new_page()
    for name in PAGES:
        page.goto(live_server.url + reverse(name, args=[crowd.pk]))
        assert unfit(page, page.reload) == [], name
