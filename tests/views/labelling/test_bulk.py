"""The bulk desk as a page: what it shows, what its forms do, what it says when there is nothing."""

import re
from dataclasses import replace
from typing import Any

import pytest
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from annotator.flow.annotation import bulk_confirm, bulk_pages
from annotator.flow.projects import settings
from annotator.flow.queue import releasing
from annotator.models import Annotation, Item, Lease, Project, Source, User
from annotator.tasktypes.media.text import TEXT
from tests import loop
from tests.given import Api, Region, RunRound, SignedIn

pytestmark = pytest.mark.django_db


def at(project: Project, name: str = "page", **query: Any) -> str:
    return reverse(f"bulk:{name}", args=[project.pk], query=query or None)


def show(client: Any, project: Project, **query: Any) -> Any:
    answer = client.get(at(project, **query))
    assert answer.status_code == 200
    return answer.content.decode()


def leases(page: Any) -> Any:
    return re.findall(r'name="lease" value="([0-9a-f-]{36})"', page)


def confirm(
    client: Any, project: Project, page: Any, *, out: Any = (), headers: Any = None, **fields: Any
) -> Any:
    shown = leases(page)
    sent = {
        "label": "spam",
        "seconds": "40",
        "lease": shown,
        "marked": [key for key in shown if key not in out],
        **fields,
    }
    return client.post(at(project, "confirm"), sent, headers=headers)


def saved() -> Any:
    return Annotation.objects.filter(source=Source.BULK, withdrawn_at=None)


# Showing -----------------------------------------------------------------------------------------


def test_page_shows_marked_lines_with_their_confidence(
    signed_in: SignedIn, ben: User, sure: Project
) -> None:
    page = show(signed_in(ben), sure, label="spam")
    assert len(set(leases(page))) == 20
    assert len(re.findall(r'name="marked"[^>]* checked', page)) == 20
    assert len(re.findall(r"<span>\d\d% confidence</span>", page)) == 20
    assert "Are these all <b>spam</b>?" in page
    held = Lease.objects.filter(user=ben, ended_at=None).select_related("item")
    assert all(lease.item.text in page for lease in held)


def test_switch_counts_the_labels_and_begins_with_the_fullest(
    signed_in: SignedIn, ben: User, sure: Project
) -> None:
    choices = bulk_pages.choices(sure, ben)
    page = show(signed_in(ben), sure)
    for choice in choices:
        assert re.search(
            rf'<span dir="auto">{choice.label}</span>\s*<span class="quiet">{choice.left}</span>',
            page,
        )
    fullest = max(choices, key=lambda each: each.left).label
    address = f'label_id={fullest.pk}" class="bulk-label"'
    assert f'{address}\n               aria-current="true"' in page
    assert f"Are these all <b>{fullest}</b>?" in page


def test_text_is_cut_to_a_line_and_comes_whole_on_demand(
    signed_in: SignedIn, ben: User, sure: Project
) -> None:
    lease = bulk_pages.take(sure, ben, "spam")[0]
    for text in ("<b>bold</b>\n" + "word " * 100, "x" * 6000):
        Item.objects.filter(pk=lease.item_id).update(text=text)
        page = show(signed_in(ben), sure, label="spam")
        assert "<b>bold</b>" not in page
        assert page.count("<details") == 1
        line = re.search(r'<span dir="auto">([^<]*…)</span>', page).group(1)
        assert len(line.replace("&lt;", "<").replace("&gt;", ">")) <= 201
    assert "the text has 6,000 characters" in page
    assert "x" * 5001 not in page


def test_pictures_are_thumbnails(signed_in: SignedIn, ben: User, sure: Project) -> None:
    lease = bulk_pages.take(sure, ben, "spam")[0]
    Item.objects.filter(pk=lease.item_id).update(image="p.png", key='a"b')
    Project.objects.filter(pk=sure.pk).update(task="image")
    page = show(signed_in(ben), sure, label="spam")
    address = reverse("media", args=[lease.item_id])
    assert (
        f'<img src="{address}?size=160" srcset="{address}?size=640 2x" alt="Item a&quot;b"' in page
    )


def test_where_nothing_says_how_sure_no_word_stands(
    signed_in: SignedIn, ben: User, sure: Project
) -> None:
    page = bulk_pages.take(sure, ben, "spam")
    Lease.objects.filter(pk=page[0].pk).update(score=None)
    assert show(signed_in(ben), sure, label="spam").count(" confidence</span>") == len(page) - 1


def test_other_labels_of_the_answer_are_said(signed_in: SignedIn, ben: User, sure: Project) -> None:
    lease = bulk_pages.take(sure, ben, "spam")[0]
    both = {"labels": loop.ids(sure, "spam", "ham"), "confidence": 0.9}
    Lease.objects.filter(pk=lease.pk).update(suggestion=both)
    assert "<span>also ham</span>" in show(signed_in(ben), sure, label="spam")


def test_long_page_costs_what_a_short_one_costs(
    signed_in: SignedIn,
    ben: User,
    sure: Project,
    django_assert_num_queries: DjangoAssertNumQueries,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client = signed_in(ben)
    for size in (3, 20):
        monkeypatch.setattr(TEXT, "limits", replace(TEXT.limits, bulk=size))
        assert len(leases(show(client, sure, label="spam"))) == size
        # Held already: taking it claims each item by itself. Five let it run anew.
        with django_assert_num_queries(15):
            show(client, sure, label="spam")
        releasing.release_pages(sure, ben)


def test_unknown_label_is_404(signed_in: SignedIn, ben: User, sure: Project) -> None:
    assert signed_in(ben).get(at(sure, label="nonsense")).status_code == 404


def test_setting_is_checked_by_form_and_api(
    signed_in: SignedIn, api: Api, lea: User, project: Project
) -> None:
    assert (
        "Bulk labelling of confident items"
        in signed_in(lea).get(reverse("settings", args=[project.pk])).content.decode()
    )
    address = f"/api/v1/projects/{project.pk}"
    assert api(lea).get(address).json()["bulk_desk"] is True
    assert api(lea).patch(address, {"bulk_desk": "perhaps"}).status_code in {400, 422}
    assert api(lea).patch(address, {"bulk_desk": False}).json()["bulk_desk"] is False


def test_link_is_there_unless_the_lead_turned_the_desk_off(
    signed_in: SignedIn, ana: User, project: Project
) -> None:
    link = f'href="{at(project)}"'
    desk = reverse("label:desk", args=[project.pk])
    assert link in signed_in(ana).get(desk).content.decode()
    settings.change_settings(project, bulk_desk=False)
    assert link not in signed_in(ana).get(desk).content.decode()


# When there is nothing ---------------------------------------------------------------------------


def test_before_the_first_model_it_says_what_to_do(
    signed_in: SignedIn, ana: User, project: Project, region: Region
) -> None:
    client = signed_in(ana)
    page = show(client, project)
    assert "after the first round with a model" in page
    assert reverse("label:desk", args=[project.pk]) in page
    # It polls, and is told when there is nothing new.
    address = re.search(r'hx-get="([^"]*)"', page).group(1).replace("&amp;", "&")
    assert client.get(address, headers=region("bulk")).status_code == 204
    assert 'hx-trigger="every 4s"' in page


def test_nothing_sure_says_how_sure_it_must_be(
    signed_in: SignedIn,
    ben: User,
    sure: Project,
    monkeypatch: pytest.MonkeyPatch,
    run_round: RunRound,
) -> None:
    monkeypatch.setattr("annotator.flow.training.confident_items.LEAST", 0.8)
    run_round(sure)
    assert "No remaining item has a confidence of 80%" in show(signed_in(ben), sure)


def test_label_that_is_used_up_points_to_the_others(
    signed_in: SignedIn, ben: User, sure: Project
) -> None:
    while page := bulk_pages.take(sure, ben, "spam"):
        keys = [str(lease.pk) for lease in page]
        bulk_confirm.confirm(sure, ben, keys, keys)
    shown = show(signed_in(ben), sure, label="spam")
    assert "Choose another label" in shown
    assert f"label_id={loop.ids(sure, 'ham')[0]}" in shown


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"bulk_desk": False}, "Bulk labelling is turned off"),
        ({"show_suggestions": False}, "Suggestions are turned off"),
    ],
)
def test_closed_desk_says_who_closed_it(
    signed_in: SignedIn, ben: User, sure: Project, changes: Any, words: str
) -> None:
    settings.change_settings(sure, **changes)
    page = show(signed_in(ben), sure, label="spam")
    assert words in page
    assert not leases(page)
    assert "bulk-label" not in page


# Confirming --------------------------------------------------------------------------------------


def test_confirming_saves_and_shows_the_next_page(
    signed_in: SignedIn, ben: User, sure: Project, region: Region
) -> None:
    client = signed_in(ben)
    page = show(client, sure, label="spam")
    shown = leases(page)
    answer = confirm(client, sure, page, out=shown[:2], headers=region("bulk"))
    after = answer.content.decode()
    assert after.strip().startswith('<section id="bulk"')
    assert "Saved 18 as spam, 2 released, to be labelled one by one." in after
    assert len(leases(after)) == 20
    assert not set(leases(after)) & set(shown)
    assert saved().count() == 18
    assert set(saved().values_list("seconds", flat=True)) == {2.0}


def test_confirming_wakes_the_worker(
    signed_in: SignedIn,
    ben: User,
    sure: Project,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
) -> None:
    woken = []
    monkeypatch.setattr("annotator.tasks.learn_if_due.delay_on_commit", woken.append)
    client = signed_in(ben)
    confirm(client, sure, show(client, sure, label="spam"))
    client.post(at(sure, "undo"))
    assert woken == [sure.pk, sure.pk]


@pytest.mark.parametrize("fields", [{"seconds": "-1"}, {"seconds": "x"}, {"label": ""}])
def test_incomplete_form_saves_nothing_and_shows_the_page_again(
    signed_in: SignedIn, ben: User, sure: Project, region: Region, fields: Any
) -> None:
    client = signed_in(ben)
    answer = confirm(
        client, sure, show(client, sure, label="spam"), headers=region("bulk"), **fields
    )
    assert answer.status_code == 422
    assert "Nothing was saved" in answer.content.decode()
    assert not saved().exists()


@pytest.mark.parametrize("lease", ["x", "00000000-0000-4000-8000-000000000000"])
def test_page_of_nobody_is_refused_and_the_next_one_shown(
    signed_in: SignedIn, ben: User, sure: Project, region: Region, lease: str
) -> None:
    client = signed_in(ben)
    page = show(client, sure, label="spam")
    for fields in ({"lease": [lease]}, {"lease": []}, {"marked": ["x"]}):
        answer = confirm(client, sure, page, headers=region("bulk"), **fields)
        assert answer.status_code == 409
        assert "This page isn&#x27;t leased to you." in answer.content.decode()
    assert not saved().exists()


def test_page_of_somebody_else_is_refused(
    signed_in: SignedIn, ana: User, ben: User, sure: Project, region: Region
) -> None:
    page = show(signed_in(ben), sure, label="spam")
    answer = confirm(signed_in(ana), sure, page, headers=region("bulk"))
    assert answer.status_code == 409
    assert not saved().exists()


def test_undo_brings_the_page_back(
    signed_in: SignedIn, ben: User, sure: Project, region: Region
) -> None:
    client = signed_in(ben)
    page = show(client, sure, label="ham")
    items = set(Lease.objects.filter(pk__in=leases(page)).values_list("item", flat=True))
    confirm(client, sure, page, label="ham", headers=region("bulk"))
    answer = client.post(at(sure, "undo"), {"label": "spam"}, headers=region("bulk"))
    again = answer.content.decode()
    assert "Undone: 20 annotations removed" in again
    assert "Are these all <b>ham</b>?" in again
    assert set(Lease.objects.filter(pk__in=leases(again)).values_list("item", flat=True)) == items
    assert not saved().exists()
    assert client.post(at(sure, "undo")).url == at(sure)


def test_what_others_had_labelled_is_said(
    signed_in: SignedIn, ana: User, ben: User, sure: Project, region: Region
) -> None:
    client = signed_in(ben)
    page = show(client, sure, label="spam")
    releasing.release_pages(sure, ben)
    loop.label(sure, ana, 200)
    after = confirm(client, sure, page, headers=region("bulk")).content.decode()
    assert "Saved 0 as spam, 20 were already labelled." in after
