"""Every page on a phone: it fits, a finger hits what is pressed, and it says where it is."""

from typing import Any

import pytest
from playwright.sync_api import Browser
from pytest_django.live_server_helper import LiveServer

from annotator.models import Item, Project, User
from tests.e2e.photograph_pages import PAGES, PROJECT_PAGES, UNFIT
from tests.views.in_browser import MARKS, sign_in

pytestmark = MARKS

# The labelling page has the whole window, and the way through the setup is its own.
WITHOUT_CRUMBS = {"label", "bulk"}


def of_project(project: Project) -> dict[str, str]:
    item = Item.objects.present(project).first()
    assert item is not None
    return {
        name: f"/projects/{project.pk}{path.format(item=item.pk)}"
        for name, path in PROJECT_PAGES.items()
        if name != "undo-import"
    }


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_page_fits_a_phone(
    browser: Browser, live_server: LiveServer, crowd: Any, olga: User, ana: User, language: str
) -> None:
    olga.is_superuser, olga.is_staff = True, True
    olga.save()
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True, locale=language
    )
    sign_in(context, live_server, olga)
    page = context.new_page()
    found = []
    for name, address in {**of_project(crowd), **PAGES}.items():
        path = {
            "person": f"/people/{olga.pk}",
            "deactivate": f"/people/{ana.pk}/deactivate",
        }.get(name, address)
        answer: Any = page.goto(live_server.url + path)
        if answer.status >= 400 and name != "missing":
            found.append(f"{name}: {answer.status}")
            continue
        found += [f"{name}: {each}" for each in page.evaluate(UNFIT)]
        is_inner = path.startswith("/projects/") and name in PROJECT_PAGES
        if is_inner and name not in WITHOUT_CRUMBS and not page.locator(".crumbs").count():
            found.append(f"{name}: no breadcrumbs")
    context.close()
    assert not found, "\n".join(["", *found])
