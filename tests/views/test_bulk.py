"""The page on which sure items are confirmed together, as plain forms and as a region."""

import re

import pytest
from django.urls import reverse

from annotator.flow import bulk, setup, surest
from annotator.models import Annotation, Lease, Source
from tests import loop

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _easily_sure(monkeypatch):
    # A dozen labels make nobody sure; what is likelier than not is enough for these tests.
    monkeypatch.setattr(surest, "LEAST", 0.5)


@pytest.fixture
def sure(project, filled, learnt, run_round, ana):
    filled(project, 120)
    learnt(project)
    loop.label(project, ana, 12)
    run_round(project)
    return project


def at(project, name="page", query=""):
    return reverse(f"bulk:{name}", args=[project.pk]) + query


def leases(page):
    return re.findall(r'name="lease" value="([^"]+)"', page)


def test_page_shows_sure_items_with_all_of_them_marked(signed_in, ben, sure):
    page = signed_in(ben).get(at(sure, query="?label=spam")).content.decode()
    assert len(leases(page)) == 20
    assert page.count(" checked ") >= 20
    assert "Are these all <b>spam</b>?" in page


def test_what_is_marked_is_saved_and_the_rest_given_back(signed_in, ben, sure):
    client = signed_in(ben)
    shown = leases(client.get(at(sure, query="?label=spam")).content.decode())
    sent = {"label": "spam", "lease": shown, "marked": shown[2:], "seconds": "30"}
    page = client.post(at(sure, "confirm"), sent, follow=True).content.decode()
    assert "Saved 18 as spam, 2 given back" in page
    saved = Annotation.objects.filter(user=ben, source=Source.BULK)
    assert saved.count() == 18
    assert Lease.objects.filter(pk__in=shown[:2], ended_at=None).count() == 0
    # The same page once more changes nothing.
    client.post(at(sure, "confirm"), sent)
    assert saved.count() == 18


def test_undo_takes_the_whole_page_back(signed_in, ben, sure):
    client = signed_in(ben)
    shown = leases(client.get(at(sure, query="?label=spam")).content.decode())
    client.post(at(sure, "confirm"), {"label": "spam", "lease": shown, "marked": shown})
    page = client.post(at(sure, "undo"), follow=True).content.decode()
    assert "Undone: 20 labels are taken back" in page
    standing = Annotation.objects.filter(user=ben, source=Source.BULK, withdrawn_at=None)
    assert not standing.exists()


def test_region_brings_the_next_page_in_the_same_answer(signed_in, ben, sure, region):
    client = signed_in(ben)
    shown = leases(client.get(at(sure, query="?label=spam")).content.decode())
    sent = {"label": "spam", "lease": shown, "marked": shown}
    answer = client.post(at(sure, "confirm"), sent, headers=region("bulk"))
    page = answer.content.decode()
    assert page.strip().startswith('<section id="bulk"')
    assert not set(leases(page)) & set(shown)


def test_before_any_model_the_page_says_what_to_do(signed_in, ben, project):
    page = signed_in(ben).get(at(project)).content.decode()
    assert "Nothing to confirm right now" in page
    assert reverse("label:desk", args=[project.pk]) in page


@pytest.mark.parametrize("setting", ["bulk_desk", "show_suggestions"])
def test_lead_can_turn_it_off(signed_in, ben, sure, setting):
    setup.change_settings(sure, **{setting: False})
    page = signed_in(ben).get(at(sure, query="?label=spam")).content.decode()
    assert leases(page) == []


def test_incomplete_form_and_foreign_leases_save_nothing(signed_in, ana, ben, sure):
    foreign = [str(lease.pk) for lease in bulk.take(sure, ana, "spam")]
    client = signed_in(ben)
    for sent in ({"lease": foreign}, {"label": "spam", "lease": foreign, "marked": foreign}):
        assert client.post(at(sure, "confirm"), sent).status_code in {302, 404, 409, 422}
    assert not Annotation.objects.filter(source=Source.BULK).exists()


def test_page_costs_as_many_queries_with_many_items(
    signed_in, ben, sure, filled, learnt, run_round, django_assert_max_num_queries
):
    client = signed_in(ben)
    client.get(at(sure, query="?label=spam"))
    with django_assert_max_num_queries(30):
        client.get(at(sure, query="?label=spam"))
