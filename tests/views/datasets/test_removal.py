"""Deleting items and undoing imports on their pages."""

import pytest

from annotator.models import Import, Item, Project, User
from tests import loop
from tests.given import Fill, SignedIn

pytestmark = pytest.mark.django_db


def newest(project: Project) -> Import:
    return Import.objects.filter(project=project).order_by("-pk")[0]


def test_page_says_what_goes_and_what_stays_before_it_goes(
    signed_in: SignedIn, project: Project, filled: Fill, olga: User, ana: User
) -> None:
    filled(project, 12)
    loop.label(project, ana, 3)
    browser, url = signed_in(olga), f"/projects/{project.pk}/imports"
    assert "Undo import" in browser.get(url).content.decode()
    page = browser.get(f"{url}/{newest(project).pk}/undo").content.decode()
    assert "<dd>12</dd>" in page
    assert "Delete the 3 labelled items and their annotations, too" in page
    assert loop.refreshed(project).population == 12
    browser.post(f"{url}/{newest(project).pk}/undo")
    assert loop.refreshed(project).population == 3
    told = browser.get(url).content.decode()
    assert "Undone: 9 items deleted." in told
    assert "3 labelled items stay." in told


def test_item_is_deleted_after_a_question(
    signed_in: SignedIn, project: Project, filled: Fill, lea: User
) -> None:
    item = filled(project, 3)[1]
    browser, url = signed_in(lea), f"/projects/{project.pk}/items/{item.pk}/delete"
    assert item.text in browser.get(url).content.decode()
    assert Item.objects.present(project).count() == 3
    assert browser.post(url).status_code == 302
    assert Item.objects.present(project).count() == 2
    assert browser.get(url).status_code == 404
