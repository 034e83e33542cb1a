"""Pages of numbers in a real browser: they fit, and can be read by everybody."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse

from tests.views.in_browser import MARKS, sign_in

pytestmark = MARKS

PAGES = ("dashboard", "quality", "own_work", "map", "summary", "status")


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (360, "dark")])
def test_full_pages_have_no_axe_findings_and_fit(
    context, live_server, crowd, lea, troubles, width, scheme
):
    sign_in(context, live_server, lea)
    page = context.new_page()
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.set_viewport_size({"width": width, "height": 740})
    for name in PAGES:
        page.goto(live_server.url + reverse(name, args=[crowd.pk]))
        violations = Axe().run(page).response["violations"]
        assert [(name, each["id"]) for each in violations] == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
