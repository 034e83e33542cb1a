"""What the descriptions of labels say of five items, on the settings page."""

import pytest
from django.urls import reverse

from annotator.flow.training import label_preview
from annotator.models import Project, User
from annotator.pool import audit_set
from tests import hashing_encoder, loop, vectors
from tests.given import Region, SignedIn

pytestmark = pytest.mark.django_db


@pytest.fixture
def hashing(monkeypatch: pytest.MonkeyPatch) -> hashing_encoder.Hashing:
    return vectors.install(monkeypatch)


def test_five_typical_items_and_what_descriptions_say_of_them(
    project: Project, hashing: hashing_encoder.Hashing
) -> None:
    vectors.describe(project)
    vectors.give(project)
    said = label_preview.preview(project)
    assert len({each.item.pk for each in said}) == 5
    assert [each.label.name for each in said] == [loop.truth(each.item)[0] for each in said]
    bound = audit_set.audit_threshold(project)
    assert all(each.item.audit_key >= bound for each in said)


def test_page_shows_them_with_and_without_a_script(
    project: Project,
    hashing: hashing_encoder.Hashing,
    signed_in: SignedIn,
    olga: User,
    region: Region,
) -> None:
    vectors.describe(project)
    vectors.give(project)
    client, address = signed_in(olga), reverse("label_preview", args=[project.pk])
    page = client.get(address).content.decode()
    assert "<h1>" in page
    assert page.count("% confidence") == 5
    part = client.get(address, headers=region("label_preview")).content.decode()
    assert "<h1>" not in part
    assert part.count("% confidence") == 5


def test_page_says_what_is_missing(
    project: Project, signed_in: SignedIn, olga: User, lea: User
) -> None:
    client, address = signed_in(olga), reverse("label_preview", args=[project.pk])
    assert "Describe the labels first." in client.get(address).content.decode()
    vectors.describe(project)
    assert "has not read the items" in client.get(address).content.decode()


def test_image_projects_ask_for_no_descriptions(
    image_project: Project, project: Project, signed_in: SignedIn, olga: User
) -> None:
    client = signed_in(olga)
    for each, count in ((project, 1), (image_project, 0)):
        page = client.get(reverse("label_set", args=[each.pk])).content.decode()
        assert page.count("Try the descriptions on five items") == count
