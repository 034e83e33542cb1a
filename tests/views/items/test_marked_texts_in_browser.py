"""Texts with marks on pages for leads, in a real browser: they fit, and everybody can read them."""

from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page
from pytest_django.live_server_helper import LiveServer

from annotator.flow.annotation import revise, submit
from annotator.flow.projects import settings
from annotator.flow.queue import leasing
from annotator.models import Annotation, Item, Membership, Project, Role, User
from annotator.tasktypes.marks import Mark
from tests import loop
from tests.tasktypes.test_spans import key
from tests.views.in_browser import MARKS, listen, sign_in, unfit
from tests.views.items.test_marked_texts import OF_ANA, OF_BEN, TEXT

pytestmark = MARKS


@pytest.fixture
def disagreed(olga: User, ana: User, ben: User) -> Project:
    """A text that two people marked differently; one of the answers was corrected."""
    made = settings.create_project(
        olga, name="Two", task="text-spans", labels=["person", "place"], overlap=2
    )
    loop.bring_in(made, "texts.csv", f'text\n"{TEXT}"')
    for user, marks in ((ana, OF_ANA), (ben, OF_BEN)):
        Membership.objects.create(project=made, user=user, role=Role.ANNOTATOR)
        lease = leasing.lease_next(loop.refreshed(made), user)
        assert lease is not None
        submit.submit(made, user, lease=str(lease.pk), labels=marks, client_id=key())
    return loop.refreshed(made)


@pytest.mark.parametrize("name", ["item", "disagreements"])
def test_pages_fit_and_are_accessible(
    page: Page,
    context: BrowserContext,
    live_server: LiveServer,
    disagreed: Any,
    olga: User,
    troubles: list[str],
    name: str,
) -> None:
    first = Annotation.objects.earliest("pk")
    if name == "item":
        revise.correct(first, olga, [Mark(0, 8, "person")])
    item = Item.objects.get()
    path = {"item": f"items/{item.pk}", "disagreements": "disagreements"}[name]
    sign_in(context, live_server, olga)
    listen(page, troubles)
    page.goto(f"{live_server.url}/projects/{disagreed.pk}/{path}")
    assert page.locator("p.marked").count() >= 2
    assert unfit(page) == []
    assert troubles == []
