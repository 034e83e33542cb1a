"""Pages of numbers in a real browser: they fit, and can be read by everybody."""

from django.urls import reverse

from tests.views.in_browser import MARKS, sign_in, unfit

pytestmark = MARKS

PAGES = ("dashboard", "quality", "own_work", "map", "summary", "status")


def test_full_pages_have_no_axe_findings_and_fit(context, live_server, crowd, lea):
    sign_in(context, live_server, lea)
    page = context.new_page()
    for name in PAGES:
        page.goto(live_server.url + reverse(name, args=[crowd.pk]))
        assert unfit(page, page.reload) == [], name
