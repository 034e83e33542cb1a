"""The page on which a lead settles what people disagree about."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from annotator.flow.projects import members, settings
from annotator.flow.queue import leasing
from annotator.models import Decision, Disagreement, Item, Project, User
from annotator.views.quality import disagreements
from tests import loop
from tests.given import Region, SignedIn

pytestmark = pytest.mark.django_db


def at(project: Project, name: str = "disagreements", *more: Any) -> str:
    return reverse(name, args=[project.pk, *more])


def test_opinions_stand_side_by_side(
    signed_in: SignedIn, project: Project, torn: Any, lea: User
) -> None:
    page = signed_in(lea).get(at(project)).content.decode()
    assert page.count("data-find") == disagreements.SHOWN
    for words in ("ana", "ben", "not sure", "&lt;b&gt;odd", "Open (12)", "number"):
        assert words in page
    assert f'id="disagreement-{torn[0].item_id}"' in page
    assert f'id="disagreement-{torn[11].item_id}"' not in page


def test_more_comes_behind_the_last_one(
    signed_in: SignedIn, project: Project, torn: Any, lea: User, region: Region
) -> None:
    address = f"{at(project)}?state=open&before={torn[9].pk}"
    page = signed_in(lea).get(address, headers=region("disagreements")).content.decode()
    assert page.count("data-find") == 2
    assert "<html" not in page


def test_decision_shows_on_the_card_and_can_be_taken_back(
    signed_in: SignedIn, project: Project, torn: Any, lea: User, region: Region
) -> None:
    item = torn[0].item_id
    headers = region(f"disagreement-{item}")
    client = signed_in(lea)
    said = {"labels": "ham", "note": "see the guidelines"}
    card = client.post(at(project, "settle", item), said, headers=headers).content.decode()
    assert 'data-said="Decided: ham."' in card
    assert "data-undo" in card
    assert Decision.objects.get().user == lea
    decided = client.get(at(project) + "?state=decided").content.decode()
    assert decided.count("data-find") == 1
    assert "see the guidelines" in decided
    card = client.post(at(project, "unsettle", item), headers=headers).content.decode()
    assert "data-undo" not in card
    assert Disagreement.objects.get(item=item).state == Disagreement.State.OPEN
    again = client.post(at(project, "unsettle", item), headers=headers)
    assert again.status_code == 409


def test_form_without_scripts_goes_back_to_the_list(
    signed_in: SignedIn, project: Project, torn: Any, lea: User
) -> None:
    answer = signed_in(lea).post(at(project, "settle", torn[0].item_id), {"labels": "ham"})
    assert answer.url == at(project)
    assert Decision.objects.count() == 1


@pytest.mark.parametrize("labels", [[], ["spam", "ham"], ["nonsense"]])
def test_what_cannot_be_decided_is_said_on_the_card(
    signed_in: SignedIn, project: Project, torn: Any, lea: User, region: Region, labels: Any
) -> None:
    item = torn[0].item_id
    answer = signed_in(lea).post(
        at(project, "settle", item), {"labels": labels}, headers=region(f"disagreement-{item}")
    )
    assert answer.status_code == 422
    assert 'role="alert"' in answer.content.decode()
    assert not Decision.objects.exists()


def test_long_lists_of_labels_come_as_a_picker(signed_in: SignedIn, olga: User, lea: User) -> None:
    names = [f"label {number}" for number in range(12)]
    many = settings.create_project(olga, name="Many", labels=names)
    members.add_member(many, lea.username, "lead")
    settings.change_settings(many, overlap=2)
    loop.fill(many, 1)
    for who, name in ((olga, names[3]), (lea, names[7])):
        loop.answer(leasing.lease_next(many, who), [name])
    page = signed_in(lea).get(at(many)).content.decode()
    assert page.count("<option value=") == 1 + 12
    assert page.count("data-key") == 2
    item = Item.objects.get(project=many).pk
    signed_in(lea).post(at(many, "settle", item), {"labels": ["", "label 11"]})
    assert Decision.objects.get().given.get().label.name == "label 11"


def test_several_labels_come_as_boxes(signed_in: SignedIn, olga: User, lea: User) -> None:
    many = settings.create_project(olga, name="Many", labels=["a", "b", "c"], multi_label=True)
    members.add_member(many, lea.username, "lead")
    settings.change_settings(many, overlap=2)
    loop.fill(many, 1)
    for who, names in ((olga, ["a"]), (lea, ["a", "b"])):
        loop.answer(leasing.lease_next(many, who), names)
    page = signed_in(lea).get(at(many)).content.decode()
    assert page.count('type="checkbox"') == 3
    item = Item.objects.get(project=many).pk
    signed_in(lea).post(at(many, "settle", item), {"labels": ["b", "c"]})
    assert Decision.objects.get().given.count() == 2


def test_empty_page_says_when_something_comes(signed_in: Any, project: Project, lea: User) -> None:
    assert "No disagreements." in signed_in(lea).get(at(project)).content.decode()
    decided = signed_in(lea).get(at(project) + "?state=decided").content.decode()
    assert "No decisions yet." in decided
    assert signed_in(lea).get(at(project) + "?state=odd").status_code == 422


def test_page_costs_the_same_for_few_and_for_many(
    signed_in: SignedIn, project: Project, torn: Any, lea: User
) -> None:
    client = signed_in(lea)
    with CaptureQueriesContext(connection) as many:
        client.get(at(project))
    Disagreement.objects.filter(pk__lt=torn[1].pk).delete()
    with CaptureQueriesContext(connection) as few:
        client.get(at(project))
    assert len(many) == len(few) <= 12
