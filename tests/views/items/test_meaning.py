"""Search by meaning, on the page and in the API."""

import pytest
from django.urls import reverse

from annotator.models import Item, Project, User
from tests import hashing_encoder, loop, vectors
from tests.given import Api, SignedIn

pytestmark = pytest.mark.django_db


@pytest.fixture
def hashing(monkeypatch: pytest.MonkeyPatch) -> hashing_encoder.Hashing:
    return vectors.install(monkeypatch)


def test_page_and_api_search_by_meaning(
    project: Project,
    hashing: hashing_encoder.Hashing,
    signed_in: SignedIn,
    api: Api,
    lea: User,
) -> None:
    vectors.give(project)
    client, address = signed_in(lea), reverse("items", args=[project.pk])
    query = {"q": "claim prize winner money", "by": "meaning"}
    assert "nearest items" in client.get(address, query).content.decode()
    by_words = query | {"by": "words"}
    assert "nearest items" not in client.get(address, by_words).content.decode()
    items = f"/api/v1/projects/{project.pk}/items"
    found = api(lea).get(items, query | {"page_size": 3}).json()["results"]
    assert [loop.truth(Item.objects.get(pk=each["id"])) for each in found] == [["spam"]] * 3
    refused = api(lea).get(items, query | {"by": "sound"})
    assert (refused.status_code, refused.json()["code"]) == (422, "unknown_search")
