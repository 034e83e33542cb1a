"""From a labelled project to a downloaded delivery, and a second one after corrections."""

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from annotator.flow.annotation import revise
from annotator.flow.delivery import freezing, planning, proof
from annotator.flow.operations import background_reports
from annotator.models import Annotation, Delivery, Project, User
from tests import loop
from tests.flow.delivery.test_delivery import answer_checks, train
from tests.views.in_browser import MARKS, listen, sign_in, unfit

pytestmark = MARKS
CORRECTED = 10


@pytest.fixture
def trained(project: Project) -> Project:
    return loop.refreshed(train(project))


@pytest.fixture
def opened(
    page: Page,
    context: BrowserContext,
    live_server: LiveServer,
    trained: Project,
    lea: User,
    troubles: Any,
) -> Page:
    background_reports.make_all(trained.pk)
    listen(page, troubles)
    sign_in(context, live_server, lea)
    page.goto(live_server.url + reverse("deliver", args=[trained.pk]))
    return page


def deliver(page: Page, project: Project, ana: User, number: int) -> Delivery:
    """Start a delivery on the page, let the worker and the annotators work, and freeze it."""
    page.get_by_label("20%").check()
    allowed = page.locator(".form > input[type=hidden][name=max_error]")
    expect(allowed).to_have_value("0.20000")
    page.get_by_label("I will try only once", exact=False).check()
    page.get_by_role("button", name="Start a delivery").click()
    expect(page.get_by_text("Choosing what the model may label.")).to_be_visible()
    work = Delivery.objects.get(number=number)
    planning.plan(work.pk)
    proof.go_on(work.pk)
    expect(page.get_by_role("progressbar", name="Checks done")).to_be_visible(timeout=15_000)
    assert unfit(page) == []
    answer_checks(work, ana, 50)
    page.reload()
    assert unfit(page) == []
    page.get_by_role("button", name="Freeze").click()
    freezing.freeze(work.pk)
    expect(page.locator(f"#delivery-{number} .download")).to_be_visible(timeout=15_000)
    return loop.refreshed(work)


def downloaded(page: Page, number: int) -> list[dict[str, str]]:
    with page.expect_download() as caught:
        block = page.locator(f"#delivery-{number}")
        block.get_by_label("Format").select_option("csv")
        block.get_by_role("button", name="Download").click()
    text = Path(caught.value.path()).read_text("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def test_project_is_delivered_twice(
    opened: Page, trained: Project, lea: User, ana: User, troubles: Any
) -> None:
    assert unfit(opened) == []
    first = deliver(opened, trained, ana, 1)
    rows = downloaded(opened, 1)
    assert len(rows) == first.card["people"] + first.card["machine"]
    assert {row["by"] for row in rows} == {"person", "model"}
    card = opened.get_by_role("link", name="Data card").get_attribute("href")
    told = opened.request.get(opened.url.split("/projects/")[0] + str(card)).text()
    assert "At most 20% of the labels" in told
    _correct(trained, ana)
    deliver(opened, trained, ana, 2)
    opened.locator("#delivery-2").get_by_role("link", name="Changes").click()
    expect(opened.get_by_text("compared with delivery 1")).to_be_visible()
    assert opened.locator("tbody tr").count() >= CORRECTED
    assert unfit(opened) == []
    opened.get_by_role("link", name="Back").click()
    opened.locator("#delivery-1").get_by_role("link", name="Delete").click()
    assert unfit(opened) == []
    opened.get_by_label("Delete it all the same").check()
    opened.get_by_role("button", name="Delete").click()
    expect(opened.get_by_text("The delivery was deleted.")).to_be_visible()
    assert opened.locator("#delivery-1").count() == 0
    assert troubles == []


def _correct(project: Project, user: User) -> None:
    """Turn the labels of ten items that were delivered as one person's."""
    given = Annotation.objects.filter(project=project, user=user, counted=True).order_by("pk")
    for each in given[:CORRECTED]:
        now = {label.label.name for label in each.given.select_related("label")}
        revise.correct(each, user, ["ham" if now == {"spam"} else "spam"])
