"""What needs a lead's decision, and an annotator's own labels with what came back."""

from typing import Any

import pytest
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from annotator.flow.annotation import revise
from annotator.flow.items import bulk
from annotator.flow.queue import leasing, releasing, skipped_items
from annotator.models import Annotation, BulkEdit, Project, SentBack, User
from tests import loop
from tests.given import Fill, Region, SignedIn

pytestmark = pytest.mark.django_db


def page(client: Any, project: Project, name: str = "decisions", query: str = "") -> str:
    answer = client.get(reverse(name, args=[project.pk]) + query)
    assert answer.status_code == 200
    return str(answer.content.decode())


@pytest.fixture
def busy(project: Project, filled: Fill, ana: User, ben: User) -> Any:
    """A note, a doubt, a skip, and an item that everybody skipped."""
    filled(project, 8)
    loop.answer(leasing.lease_next(project, ana), ["spam"], note="Is this right?")
    loop.answer(leasing.lease_next(project, ana), ["ham"], unsure=True)
    skipped = leasing.lease_next(project, ana)
    releasing.skip(skipped, "unclear")
    for _ in range(8):
        lease = leasing.lease_next(project, ben)
        if lease is None or lease.item_id == skipped.item_id:
            releasing.skip(lease, "unreadable")
            break
        loop.answer(lease, ["ham"])
    return project


def test_page_says_what_waits_with_reasons(signed_in: SignedIn, lea: User, busy: Project) -> None:
    shown = page(signed_in(lea), busy)
    for words in (
        "The guidelines do not cover it",
        "unreadable",
        "Is this right?",
        "Unsure",
        "Label 1 item that everybody skipped",
    ):
        assert words in shown
    dashboard = page(signed_in(lea), busy, "dashboard")
    assert "The guidelines do not cover it" in dashboard


def test_note_of_a_skip_stands_with_its_reason(
    signed_in: SignedIn, lea: User, project: Project, filled: Fill, ana: User
) -> None:
    filled(project, 2)
    for reason, note in (("unclear", "two topics"), ("", "half a page")):
        lease = leasing.lease_next(project, ana)
        assert lease is not None
        releasing.skip(lease, skipped_items.joined(reason, note))
    shown = page(signed_in(lea), project)
    assert "The guidelines do not cover it: two topics" in shown
    assert "Another reason: half a page" in shown
    # The overview counts reasons.
    dashboard = page(signed_in(lea), project, "dashboard")
    assert "The guidelines do not cover it · 1" in dashboard
    assert "two topics" not in dashboard


def test_corrected_remark_waits_no_longer(signed_in: SignedIn, lea: User, busy: Project) -> None:
    noted = Annotation.objects.exclude(note="").select_related("project", "user", "lease").get()
    revise.correct(noted, lea, ["ham"])
    assert "Is this right?" not in page(signed_in(lea), busy)


def test_nothing_waits_at_first(signed_in: SignedIn, lea: User, project: Project) -> None:
    assert "Nothing waits for you" in page(signed_in(lea), project)


def test_page_costs_the_same_with_more(
    signed_in: SignedIn,
    lea: User,
    busy: Project,
    ana: User,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    client = signed_in(lea)
    page(client, busy)
    with django_assert_max_num_queries(24):
        page(client, busy)


def test_annotators_do_not_see_it(signed_in: SignedIn, ana: User, busy: Project) -> None:
    assert signed_in(ana).get(reverse("decisions", args=[busy.pk])).status_code == 403


# Own labels --------------------------------------------------------------------------------------


def test_own_labels_are_searched_and_corrected(
    signed_in: SignedIn, ana: User, busy: Project, region: Region
) -> None:
    client = signed_in(ana)
    own = Annotation.objects.filter(user=ana).order_by("pk")
    shown = page(client, busy, "own_labels")
    assert [f'id="own-{each.pk}"' in shown for each in own] == [True, True]
    only = page(client, busy, "own_labels", "?label=ham")
    assert [f'id="own-{each.pk}"' in only for each in own] == [False, True]
    assert "No labels found." in page(client, busy, "own_labels", "?q=nonesuch")
    where = reverse("correct_own", args=[busy.pk, own[0].pk])
    answer = client.post(where, {"labels": ["ham"]}, headers=region(f"own-{own[0].pk}"))
    assert "Corrected: ham." in answer.content.decode()
    assert Annotation.objects.get(pk=own[0].pk).corrected_by is None


def test_only_ones_own_labels_are_corrected_there(
    signed_in: SignedIn, lea: User, ben: User, busy: Project
) -> None:
    first = Annotation.objects.filter(user__username="ana").order_by("pk")[0]
    for person in (ben, lea):
        where = reverse("correct_own", args=[busy.pk, first.pk])
        assert signed_in(person).post(where, {"labels": ["ham"]}).status_code == 404


def test_annotator_sees_what_came_back_and_why_and_replies(
    signed_in: SignedIn, lea: User, ana: User, ben: User, busy: Project
) -> None:
    first = Annotation.objects.filter(user=ana).order_by("pk")[0]
    work = bulk.start(busy, lea, "redo", items=[first.item_id], by="author", comment="Look again.")
    bulk.run(work.pk)
    shown = page(signed_in(ana), busy, "own_labels")
    assert "Look again." in shown
    assert "Label it again: it comes next" in shown
    assert "Look again." not in page(signed_in(ben), busy, "own_labels")
    back = SentBack.objects.get()
    where = reverse("reply_own", args=[busy.pk, back.pk])
    signed_in(ben).post(where, {"reply": "not mine"})
    assert SentBack.objects.get().reply == ""
    signed_in(ana).post(where, {"reply": "It says free prize."})
    decisions = page(signed_in(lea), busy)
    assert "ana replies: It says free prize." in decisions
    signed_in(lea).post(reverse("close_reply", args=[busy.pk, back.pk]))
    assert "It says free prize." not in page(signed_in(lea), busy)


# Bulk edits on the page --------------------------------------------------------------------------


def test_selected_items_are_redone_and_that_is_undone(
    signed_in: SignedIn, lea: User, busy: Project
) -> None:
    client = signed_in(lea)
    items = list(Annotation.objects.filter(user__username="ana").values_list("item", flat=True))
    where = reverse("bulk_items", args=[busy.pk]) + "?annotator=ana"
    sent = {"bulk-action": "redo", "items": items, "bulk-by": "others"}
    assert client.post(where, sent).status_code == 302
    assert "2 items changed." in page(client, busy, "items")
    assert SentBack.objects.count() == 2
    work = BulkEdit.objects.get()
    client.post(reverse("undo_bulk_items", args=[busy.pk, work.pk]))
    assert "2 changes undone." in page(client, busy, "items")
    assert Annotation.objects.filter(user__username="ana", withdrawn_at=None).count() == 2


def test_all_matching_items_are_edited_by_the_filter(
    signed_in: SignedIn, lea: User, busy: Project
) -> None:
    where = reverse("bulk_items", args=[busy.pk]) + "?annotator=ana&label=spam"
    sent = {"bulk-action": "label", "bulk-label": "ham", "bulk-whole": "on"}
    signed_in(lea).post(where, sent)
    assert Annotation.objects.filter(corrected_by=lea).count() == 1


@pytest.mark.parametrize("sent", [{}, {"bulk-action": "redo"}, {"bulk-action": "odd"}])
def test_wrong_bulk_edit_says_so(
    signed_in: SignedIn, lea: User, busy: Project, sent: dict[str, str]
) -> None:
    client = signed_in(lea)
    client.post(reverse("bulk_items", args=[busy.pk]), sent)
    assert "notice warning" in page(client, busy, "items")
    assert not BulkEdit.objects.exists()


def test_names_on_quality_lead_to_that_persons_labels(
    signed_in: SignedIn, lea: User, crowd: Project
) -> None:
    shown = page(signed_in(lea), crowd, "quality")
    assert f'<a href="{reverse("items", args=[crowd.pk])}?annotator=ana">ana</a>' in shown
