"""Pages without a browser test of their own: they fit, and can be read by everybody."""

from typing import Any

from django.urls import reverse
from playwright.sync_api import BrowserContext
from pytest_django.live_server_helper import LiveServer

from annotator.models import Project, User
from annotator.views import navigation
from tests import loop
from tests.views.in_browser import MARKS, sign_in, unfit

pytestmark = MARKS

OF_A_PROJECT = (
    *("exports", "simulations", "deliver", "own_labels", "decisions"),
    *("project_encoders", "members", "imports", "label_set"),
)
OTHERS = ("projects", "new_project", "open_archive", "people", "encoders", "help")
# Elsewhere: with the tests of their pages.
TESTED = {
    *("dashboard", "map", "summary", "status", "items", "label:desk", "bulk:page", "own_work"),
    *("quality", "disagreements", "settings", "installation", "design", "account"),
    *("desk_preferences", "assignments"),
}


def test_every_page_of_the_navigation_is_looked_at() -> None:
    tabs = (*navigation.PROJECT_TABS, *navigation.SITE_TABS)
    views = {page.view for tab in tabs for page in tab.pages}
    assert views - TESTED - {*OF_A_PROJECT, *OTHERS} == set()


def test_pages_have_no_axe_findings_and_fit(
    context: BrowserContext, live_server: LiveServer, project: Project
) -> None:
    loop.fill(project, 30)
    rosa = User.objects.create_superuser("rosa")
    sign_in(context, live_server, rosa)
    page = context.new_page()
    paths = [reverse(name, args=[project.pk]) for name in OF_A_PROJECT]
    paths += [reverse(name) for name in OTHERS]
    paths += [reverse("person", args=[rosa.pk]), "/nowhere"]
    found: dict[str, Any] = {}
    for path in paths:
        page.goto(live_server.url + path)
        problems = unfit(page, page.reload)
        if problems:
            found[path] = problems
    assert found == {}
