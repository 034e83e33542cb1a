"""Texts with marks on the pages of an item and of disagreements."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.urls import reverse

from annotator.flow.annotation import revise, submit
from annotator.flow.items import conditions
from annotator.flow.projects import settings
from annotator.flow.queue import leasing
from annotator.models import Annotation, Item, Membership, Project, Role
from annotator.tasktypes.mark_differences import differences
from annotator.tasktypes.marks import Mark
from annotator.views.snippets import ShownMark, marked
from tests import loop
from tests.tasktypes.test_spans import key
from tests.tasktypes.test_spans_learning import label, project, truth

pytestmark = pytest.mark.django_db

__all__ = ["project"]


def read(page: str) -> list[str]:
    """Return the marked texts of a page, with brackets around marks."""
    found = re.findall(r'<p class="marked".*?</p>', page, re.DOTALL)
    texts = [re.sub(r"<mark[^>]*>", "[", each).replace("</mark>", "]") for each in found]
    return [re.sub(r"<[^>]+>", "", each.replace("<small>", "|")) for each in texts]


# The item -----------------------------------------------------------------------------------------


def page_of(client: Any, item: Item) -> str:
    path = reverse("item", args=[item.project_id, item.pk])
    return str(client.get(path).content.decode())


def test_prediction_is_shown_as_marks_but_never_of_open_audits(
    client: Any, project: Project, ana: Any, olga: Any
) -> None:
    label(project, ana, 60)
    assert loop.go_round(project).model is not None
    client.force_login(olga)
    still_open = Item.objects.filter(project=project).exclude(state=Item.State.LABELLED)
    bound = conditions.kept_back_below(loop.refreshed(project))
    free = still_open.filter(audit_key__gte=bound, text__contains=" met ").first()
    assert free is not None
    (text,) = read(page_of(client, free))
    wanted = "".join(
        f"[{each.text}|{each.ended[0].name}]" if each.ended else each.text
        for each in marked(free.text, [ShownMark(m, m.label, 0) for m in truth(free.text)])
    )
    assert text == wanted
    kept_back = still_open.filter(audit_key__lt=bound)
    assert kept_back.exists()
    for item in kept_back:
        assert read(page_of(client, item)) == []
        assert "Prediction" not in page_of(client, item)


def test_project_without_a_model_predicts_nothing(client: Any, project: Project, olga: Any) -> None:
    client.force_login(olga)
    item = Item.objects.filter(project=project).first()
    assert item is not None
    assert read(page_of(client, item)) == []


def test_history_shows_what_was_marked_before(
    client: Any, project: Project, ana: Any, olga: Any
) -> None:
    (lease,) = label(project, ana, 1)
    annotation = Annotation.objects.get()
    text = lease.item.text
    revise.correct(annotation, olga, [Mark(0, 5, "place")])
    client.force_login(olga)
    now, before = read(page_of(client, lease.item))
    assert now == f"[{text[:5]}|place]{text[5:]}"
    assert before.count("[") == len(truth(text))


# Disagreements ------------------------------------------------------------------------------------

TEXT = "Ana Roth met Li in Lyon."
OF_ANA = [Mark(0, 8, "person"), Mark(13, 15, "person"), Mark(19, 23, "place")]
OF_BEN = [Mark(0, 3, "person"), Mark(13, 15, "place"), Mark(19, 23, "place"), Mark(9, 12, "place")]


def test_marks_that_differ_say_how(client: Any, olga: Any, ana: Any, ben: Any) -> None:
    made = settings.create_project(
        olga, name="Two", task="text-spans", labels=["person", "place"], overlap=2
    )
    loop.bring_in(made, "texts.csv", f'text\n"{TEXT}"')
    for user, marks in ((ana, OF_ANA), (ben, OF_BEN)):
        Membership.objects.create(project=made, user=user, role=Role.ANNOTATOR)
        lease = leasing.lease_next(loop.refreshed(made), user)
        assert lease is not None
        submit.submit(made, user, lease=str(lease.pk), labels=marks, client_id=key())
    client.force_login(olga)
    page = client.get(reverse("disagreements", args=[made.pk])).content.decode()
    assert read(page) == [
        "[Ana Roth|person (other border)] met [Li|person (other label)] in [Lyon|place].",
        "[Ana|person (other border)] Roth [met|place (not marked by all)] "
        "[Li|place (other label)] in [Lyon|place].",
    ]


def test_difference_of_three_people_is_the_widest() -> None:
    one, two = Mark(0, 3, "a"), Mark(1, 3, "b")
    found = differences([[one], [one], [two]])
    assert [list(each.values()) for each in found] == [["both"], ["both"], ["both"]]
    assert [list(each.values()) for each in differences([[one], [one], []])] == [
        ["missing"],
        ["missing"],
        [],
    ]


def test_overlapping_marks_are_cut_into_pieces_and_long_texts_around_them() -> None:
    marks = [
        ShownMark(Mark(0, 8, "a"), "a", 0),
        ShownMark(Mark(4, 8, "b"), "b", 9),
        ShownMark(Mark(6, 12, "c"), "c", 2),
    ]
    found = marked("Ana Roth met Li.", marks)
    assert [(each.text, "".join(m.name for m in each.marks)) for each in found] == [
        ("Ana ", "a"),
        ("Ro", "ab"),
        ("th", "abc"),
        (" met", "c"),
        (" Li.", ""),
    ]
    assert [m.name for m in found[2].ended] == ["b", "a"]
    assert found[1].tone == 1
    long = f"{'x' * 400} Ana {'y' * 400}"
    first, mark, last = (
        each.text for each in marked(long, [ShownMark(Mark(401, 404, "a"), "a", 0)])
    )
    assert mark == "Ana"
    assert first.endswith(f" … {'x' * 59} ")
    assert len(first) + len(last) < 150
