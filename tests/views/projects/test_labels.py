"""The page of the labels: changed with a preview, merged, split, undone."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from annotator.flow.labels import naming
from annotator.flow.projects import label_set
from annotator.flow.queue import leasing
from annotator.models import Annotation, Label, LabelEdit, Project, User
from tests import loop
from tests.given import Fill, Region, SignedIn

pytestmark = pytest.mark.django_db


@pytest.fixture
def labelled(project: Project, filled: Fill, ana: User) -> Any:
    """Six of eight items labelled by Ana; “junk mail” is a third label."""
    there = [{"id": each.pk, "name": each.name} for each in project.labels.all()]
    label_set.change_labels(project, [*there, "junk mail"])
    filled(project, 8)
    for each in ("spam", "junk mail", "ham") * 2:
        loop.answer(leasing.lease_next(project, ana), [each])
    return loop.refreshed(project)


def at(project: Project, name: str = "label_set", *more: Any) -> str:
    return reverse(name, args=[project.pk, *more])


def pk(project: Project, name: str) -> int:
    return Label.objects.get(project=project, name=name).pk


def rows(project: Project, **changes: Any) -> dict[str, Any]:
    """What the form sends where nothing is typed, with changes by row and field."""
    labels = list(naming.labels_of(loop.refreshed(project)))
    sent = {"row-TOTAL_FORMS": len(labels), "row-INITIAL_FORMS": len(labels), "labels": ""}
    for n, label in enumerate(labels):
        values = label_set.values_of(label)
        values |= {"id": label.pk, "place": n + 1, "parent": values["parent"] or ""}
        values.pop("retired")
        sent |= {f"row-{n}-{name}": value for name, value in values.items()}
        sent |= {f"row-{n}-retired": "on"} if label.retired_at else {}
    return sent | {f"row-{key}": value for key, value in changes.items()}


def names(project: Project) -> list[str]:
    return [label.name for label in naming.labels_of(loop.refreshed(project))]


def said(project: Project) -> list[str]:
    found = Annotation.objects.filter(project=project, withdrawn_at=None).order_by("pk")
    return list(found.values_list("given__label__name", flat=True))


@pytest.fixture
def lead(signed_in: SignedIn, lea: User) -> Client:
    return signed_in(lea)


def test_annotators_and_strangers_see_no_page(
    signed_in: SignedIn, project: Project, ana: User, zed: User
) -> None:
    assert signed_in(ana).get(at(project)).status_code == 403
    assert signed_in(zed).get(at(project)).status_code == 404
    assert signed_in(ana).post(at(project, "merge_labels")).status_code == 403


def test_labels_are_moved_coloured_grouped_and_retired(lead: Client, labelled: Project) -> None:
    changes = {"2-place": 1, "0-color": "blue", "1-parent": pk(labelled, "spam")}
    sent = rows(labelled, **changes, **{"2-retired": "on"})
    assert lead.post(at(labelled, "labels"), sent).status_code == 302
    assert names(labelled) == ["junk mail", "spam", "ham"]
    ham = Label.objects.get(project=labelled, name="ham")
    assert ham.parent == Label.objects.get(project=labelled, name="spam")
    assert ham.parent.color == "blue"
    offered = [label.name for label in naming.offered(loop.refreshed(labelled))]
    assert offered == ["spam", "ham"]
    work = LabelEdit.objects.get()
    assert lead.post(at(labelled, "undo_label_edit", work.pk)).status_code == 302
    assert names(labelled) == ["spam", "ham", "junk mail"]
    labels = naming.labels_of(loop.refreshed(labelled))
    assert [(each.color, each.parent_id, each.retired_at) for each in labels] == [
        ("", None, None)
    ] * 3


def test_preview_of_a_change_counts_and_stores_nothing(lead: Client, labelled: Project) -> None:
    sent = rows(labelled, **{"0-name": "unwanted"}) | {"preview": "1", "labels": "new"}
    answer = lead.post(at(labelled, "labels"), sent)
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "Renamed: “spam” is now “unwanted” (2 annotations)" in page
    assert "New: “new”" in page
    assert 'value="unwanted"' in page
    assert names(labelled) == ["spam", "ham", "junk mail"]
    assert not LabelEdit.objects.exists()


def test_removed_label_comes_back_with_its_id(lead: Client, project: Project) -> None:
    there = [{"id": each.pk, "name": each.name} for each in project.labels.all()]
    label_set.change_labels(project, [*there, {"name": "odd", "hotkey": "o"}])
    key = pk(project, "odd")
    lead.post(at(project, "labels"), rows(project, **{"2-remove": "on"}))
    assert names(project) == ["spam", "ham"]
    lead.post(at(project, "undo_label_edit", LabelEdit.objects.get().pk))
    assert (pk(project, "odd"), Label.objects.get(pk=key).hotkey) == (key, "o")
    assert loop.refreshed(project).removed_labels == {}


def test_undo_keeps_what_was_changed_again_since(lead: Client, project: Project) -> None:
    lead.post(at(project, "labels"), rows(project, **{"0-name": "one", "0-color": "red"}))
    first = LabelEdit.objects.get()
    lead.post(at(project, "labels"), rows(project, **{"0-name": "two"}))
    lead.post(at(project, "undo_label_edit", first.pk))
    assert names(project) == ["two", "ham"]
    assert Label.objects.get(project=project, name="two").color == ""
    first.refresh_from_db()
    assert (first.is_undo, first.kept) == (True, 1)


def test_merge_shows_what_it_touches_then_merges(
    lead: Client, labelled: Project, region: Region
) -> None:
    pair = {"merge-source": pk(labelled, "junk mail"), "merge-target": pk(labelled, "spam")}
    half = lead.post(
        at(labelled, "merge_labels"),
        {"merge-source": pair["merge-source"], "merge-target": "", "preview": "1"},
        headers=region("merge"),
    ).content.decode()
    assert "errors" not in half
    seen = lead.post(
        at(labelled, "merge_labels"), {**pair, "preview": "1"}, headers=region("merge")
    ).content.decode()
    assert "“junk mail” becomes “spam”:" in seen
    assert "<li>2 annotations</li>" in seen
    assert "<html" not in seen
    assert names(labelled) == ["spam", "ham", "junk mail"]
    done = lead.post(at(labelled, "merge_labels"), pair, follow=True).content.decode()
    assert "Labels merged." in done
    assert "“junk mail” merged into “spam”" in done
    assert said(labelled) == ["spam", "spam", "ham"] * 2


def test_refused_merge_says_why_and_keeps_what_was_chosen(lead: Client, labelled: Project) -> None:
    same = dict.fromkeys(("merge-source", "merge-target"), pk(labelled, "spam"))
    answer = lead.post(at(labelled, "merge_labels"), same)
    assert answer.status_code == 422
    assert "Choose two different labels." in answer.content.decode()
    assert f'<option value="{pk(labelled, "spam")}" selected>' in answer.content.decode()


def test_split_asks_again_and_is_undone(lead: Client, labelled: Project, region: Region) -> None:
    sent = {"split-label": pk(labelled, "spam"), "split-names": "advert\nfraud"}
    seen = lead.post(at(labelled, "split_label"), {**sent, "preview": "1"}).content.decode()
    assert "2 items are asked again." in seen
    assert "advert\nfraud" in seen
    answer = lead.post(at(labelled, "split_label"), {**sent, "split-retire": "on"}, follow=True)
    assert "Label split. 2 items are asked again." in answer.content.decode()
    assert names(labelled) == ["spam", "advert", "fraud", "ham", "junk mail"]
    part = lead.get(at(labelled, "label_edits"), headers=region("label_edits")).content.decode()
    assert "“spam” split into advert, fraud" in part


def test_page_costs_the_same_with_many_labels(
    lead: Client, labelled: Project, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    lead.get(at(labelled))
    with django_assert_num_queries(6) as few:
        lead.get(at(labelled))
    there = [{"id": each.pk, "name": each.name} for each in labelled.labels.all()]
    label_set.change_labels(labelled, [*there, *(f"label {n}" for n in range(80))])
    with django_assert_num_queries(len(few)):
        page = lead.get(at(labelled)).content
    assert len(page) < 400_000


def test_list_of_a_label_leads_to_its_split_with_the_same_filters(
    lead: Client, labelled: Project
) -> None:
    found = lead.get(at(labelled, "items") + "?label=spam&annotator=ana&q=number").content.decode()
    address = re.search(r'<a href="([^"]*)">Split this label', found)[1].replace("&amp;", "&")
    page = lead.get(address).content.decode()
    assert f'<option value="{pk(labelled, "spam")}" selected>' in page
    assert '<input type="hidden" name="annotator" value="ana">' in page
    assert 'name="split-q" value="number"' in page
    assert "Split this label" not in lead.get(at(labelled, "items")).content.decode()
