"""The item list: found, open beside the list, answered and undone."""

import re
import uuid
from typing import Any

import pytest
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from annotator import tasks
from annotator.flow.annotation import revise
from annotator.flow.items import listing
from annotator.flow.projects import settings
from annotator.flow.queue import leasing, releasing
from annotator.models import Annotation, Disagreement, Item, Project, QueueEntry, User
from annotator.views.snippets import excerpt
from tests import loop
from tests.given import AddItems, Fill, Learn, Region, RunRound, SignedIn

pytestmark = pytest.mark.django_db


def at(project: Project, query: str = "", name: str = "items", *more: Any) -> str:
    return reverse(name, args=[project.pk, *more]) + query


def shown(client: Any, project: Project, query: str = "") -> str:
    answer = client.get(at(project, query))
    assert answer.status_code == 200, answer.content
    return str(answer.content.decode())


def lines(page: str) -> list[int]:
    """Return the keys of the items that are shown."""
    return [int(key) for key in re.findall(r'id="item-(\d+)"', page)]


def give(client: Any, item: Item, label: str = "spam", query: str = "", **headers: Any) -> Any:
    sent = {"labels": [label], "client_id": str(uuid.uuid4())}
    return client.post(at(item.project, query, "answer_item", item.pk), sent, **headers)


# Finding -----------------------------------------------------------------------------------------


def test_hit_is_marked_and_nothing_is_markup(
    signed_in: SignedIn, lea: User, project: Project, add_items: AddItems
) -> None:
    add_items("Win a <b>Prize</b> & more", "lunch")
    page = shown(signed_in(lea), project, "?q=more+prize")
    assert "Win a &lt;b&gt;<mark>Prize</mark>&lt;/b&gt; &amp; <mark>more</mark>" in page
    assert "<b>1 item</b>" in page
    assert "of 2" in page


def test_old_address_leads_to_the_list(
    signed_in: SignedIn, lea: User, project: Project, add_items: AddItems
) -> None:
    add_items("one")
    answer = signed_in(lea).get(at(project, "?q=one&state=pool", "find:find"))
    assert answer.status_code == 302
    assert answer["Location"] == at(project, "?q=one&state=pool")


@pytest.mark.parametrize(
    "query", ["?state=odd", "?label=odd", "?like=x", "?after=-1", "?sort=odd", "?annotator=nobody"]
)
def test_what_cannot_be_looked_for_is_422_in_words(
    signed_in: SignedIn, lea: User, project: Project, add_items: AddItems, query: str
) -> None:
    add_items("one")
    answer = signed_in(lea).get(at(project, query))
    assert answer.status_code == 422
    assert 'class="notice error"' in answer.content.decode()


def test_wrong_day_says_so(signed_in: SignedIn, lea: User, project: Project) -> None:
    assert "tomorrow" in shown(signed_in(lea), project, "?from=tomorrow")


def test_more_comes_page_by_page(
    signed_in: SignedIn, lea: User, project: Project, filled: Fill
) -> None:
    filled(project, 120)
    client, query, seen = signed_in(lea), "?sort=-position", []
    while query:
        page = shown(client, project, query)
        seen += lines(page)
        rest = re.search(r'id="more" href="[^"?]*(\?[^"]*)"', page)
        query = rest.group(1).replace("&amp;", "&") if rest else ""
    places = Item.objects.filter(pk__in=seen).values_list("pk", "position")
    assert [dict(places)[pk] for pk in seen] == list(range(119, -1, -1))


def test_long_search_says_how_far_it_looked(
    signed_in: SignedIn,
    lea: User,
    project: Project,
    add_items: AddItems,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(listing, "LOOKED_AT", 4)
    add_items(*[f"text {number}" for number in range(9)])
    page = shown(signed_in(lea), project, "?q=needle")
    assert "No items found so far." in page
    assert "Searched items 1 to 4 of 9." in page
    assert "Continue the search" in page
    page = shown(signed_in(lea), project, "?q=needle&after=8")
    assert "Searched items 9 to 9 of 9." in page
    assert "Continue the search" not in page


def test_list_costs_the_same_with_many_items(
    signed_in: SignedIn,
    lea: User,
    ana: User,
    project: Project,
    filled: Fill,
    learnt: Learn,
    run_round: RunRound,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    filled(project, 60)
    learnt(project)
    loop.label(project, ana, 30)
    run_round(project)
    client = signed_in(lea)
    for query in ("", "?q=number", "?state=labelled", "?label=spam", "?annotator=ana&unsure=1"):
        client.get(at(project))
        with django_assert_max_num_queries(18):
            shown(client, project, query)


def test_excerpt_shows_where_the_hit_is() -> None:
    assert excerpt("Win a prize!", "a PRIZE") == [
        ("Win ", False),
        ("a", True),
        (" ", False),
        ("prize", True),
        ("!", False),
    ]


def test_columns_and_grid_are_chosen_in_the_address(
    signed_in: SignedIn, lea: User, project: Project, add_items: AddItems
) -> None:
    add_items("one")
    client = signed_in(lea)
    page = shown(client, project, "?columns=key&columns=at")
    assert 'class="items-key"' in page
    assert 'class="items-label"' not in page
    assert "items-card" in shown(client, project, "?view=grid")


def test_skips_and_their_reasons_are_in_the_list(
    signed_in: SignedIn, lea: User, ana: User, project: Project, filled: Fill
) -> None:
    filled(project, 2)
    releasing.skip(leasing.lease_next(project, ana), "The guidelines do not cover it")
    page = shown(signed_in(lea), project, "?skipped=1")
    assert "Skipped by ana: The guidelines do not cover it" in page
    assert len(lines(page)) == 1


# Blind items -------------------------------------------------------------------------------------


@pytest.fixture
def audited(project: Project, filled: Fill, learnt: Learn, run_round: RunRound, ana: User) -> Any:
    """A project with a model, suggestions, and audits among what waits."""
    settings.change_settings(project, audit_share=0.5, overlap=2)
    filled(project, 40)
    loop.bring_in(project, "s.csv", "text,label\nhint one,spam\n", labels_are="suggestion")
    loop.bring_in(project, "g.csv", "text,label\nhint two,spam\n", labels_are="gold")
    learnt(project)
    loop.label(project, ana, 12)
    run_round(project)
    return project


def plain(page: str, item: Item) -> str:
    """Return an item's line without what differs by nature."""
    found = re.search(rf'<tr id="item-{item.pk}".*?</tr>', page, re.S)
    assert found
    line = re.sub(rf"(item-|item=|like=|items/|value=\"){item.pk}\b", r"\1…", found.group())
    return line.replace(item.text, "…").replace(item.key, "…")


def test_lines_of_audit_items_gold_items_and_others_are_alike(
    signed_in: SignedIn, lea: User, audited: Any
) -> None:
    page = shown(signed_in(lea), audited)
    waiting = QueueEntry.objects.filter(project=audited, item__answers=0)
    sources = dict(waiting.values_list("item", "source"))
    assert {"active", "audit"} <= set(sources.values())
    queued = Item.objects.filter(pk__in=sources, state=Item.State.QUEUED)
    assert len({plain(page, item) for item in queued if item.pk in lines(page)}) == 1
    others = Item.objects.filter(project=audited, state=Item.State.POOL)
    assert {"hint one", "hint two"} <= {item.text for item in others}
    assert len({plain(page, item) for item in others if item.pk in lines(page)}) == 1


def test_answers_are_told_of_settled_items_only(
    signed_in: SignedIn, lea: User, ana: User, audited: Any
) -> None:
    client = signed_in(lea)
    first = Annotation.objects.filter(user=ana).first()
    assert first is not None
    begun = first.item
    assert begun.state == Item.State.QUEUED
    cell = 'class="items-annotator">\n  <span dir="auto">ana</span>'
    assert cell not in re.sub(r">\s+<span", ">\n  <span", shown(client, audited))
    assert give(client, begun).status_code == 302
    page = shown(client, audited, "?state=labelled")
    assert '<span dir="auto">ana</span>, <span dir="auto">lea</span>' in page


# One item ----------------------------------------------------------------------------------------


def test_open_item_tells_who_said_what_when_and_how(
    signed_in: SignedIn, lea: User, ana: User, project: Project, filled: Fill, region: Region
) -> None:
    filled(project, 1)
    annotation = loop.answer(
        leasing.lease_next(project, ana), ["spam"], note="Is it?", unsure=True, seconds=3.0
    )
    revise.correct(annotation, lea, ["ham"])
    page = signed_in(lea).get(at(project, "", "item", annotation.item_id)).content.decode()
    for words in ("ham", "corrected by lea; the annotator said spam", "Is it?", "unsure", "3.0 s"):
        assert words in page
    assert "lea: corrected; before: spam" in page
    part = signed_in(lea).get(at(project, "", "item", annotation.item_id), headers=region("detail"))
    assert "<html" not in part.content.decode()
    beside = shown(signed_in(lea), project, f"?item={annotation.item_id}")
    assert "the annotator said spam" in beside


def test_label_of_an_open_item_is_a_seed_and_its_row_comes_anew(
    signed_in: SignedIn, lea: User, project: Project, filled: Fill, region: Region
) -> None:
    (item,) = filled(project, 1)
    client = signed_in(lea)
    answer = give(client, item, headers=region("detail"))
    page = answer.content.decode()
    assert "Saved as a seed label: spam." in page
    assert f'<tr id="item-{item.pk}"' in page
    assert "<template data-renewed>" in page
    assert Annotation.objects.get().strategy == "search"
    undone = client.post(at(project, "", "undo_item", item.pk), headers=region("detail"))
    assert "Seed label removed." in undone.content.decode()
    assert not Annotation.objects.filter(withdrawn_at=None).exists()


def test_label_of_a_labelled_item_corrects_it_and_is_undone(
    signed_in: SignedIn, lea: User, ana: User, project: Project, filled: Fill, region: Region
) -> None:
    filled(project, 1)
    annotation = loop.answer(leasing.lease_next(project, ana), ["spam"])
    client = signed_in(lea)
    assert (
        "Corrected: ham."
        in give(client, annotation.item, "ham", headers=region("detail")).content.decode()
    )
    annotation = Annotation.objects.get()
    assert (annotation.user, annotation.corrected_by) == (ana, lea)
    page = client.post(at(project, "", "undo_item", annotation.item_id), headers=region("detail"))
    assert "Correction undone." in page.content.decode()
    assert Annotation.objects.get().corrected_by is None


def test_answer_to_what_somebody_changed_meanwhile_overwrites_nothing(
    signed_in: SignedIn,
    lea: User,
    olga: User,
    ana: User,
    project: Project,
    filled: Fill,
    region: Region,
) -> None:
    filled(project, 1)
    annotation = loop.answer(leasing.lease_next(project, ana), ["spam"])
    client = signed_in(lea)

    def seen() -> str:
        part = client.get(at(project, "", "item", annotation.item_id), headers=region("detail"))
        (stamp,) = set(re.findall(r'name="seen" value="(\w+)"', part.content.decode()))
        return str(stamp)

    def answered(seen: str, labels: list[str]) -> Any:
        where = at(project, "", "answer_item", annotation.item_id)
        return client.post(where, {"labels": labels, "seen": seen}, headers=region("detail"))

    before = seen()
    assert seen() == before
    revise.correct(Annotation.objects.select_related("project").get(), olga, ["ham"])
    refused = answered(before, ["spam"])
    assert refused.status_code == 409
    page = refused.content.decode()
    assert "This item has changed in the meantime" in page
    assert "corrected by olga" in page
    assert Annotation.objects.get().corrected_by == olga
    assert answered(seen(), ["spam"]).status_code == 200
    assert Annotation.objects.get().corrected_by == lea
    # Nor does an annotation that was undone meanwhile become a seed label.
    before = seen()
    revise.withdraw(Annotation.objects.select_related("project").get(), ana)
    assert answered(before, ["ham"]).status_code == 409
    assert Annotation.objects.count() == 1


def test_label_of_a_disagreement_decides_it(
    signed_in: SignedIn, lea: User, ana: User, ben: User, project: Project, filled: Fill
) -> None:
    settings.change_settings(project, overlap=2)
    (item,) = filled(project, 1)
    loop.answer(leasing.lease_next(project, ana), ["spam"])
    loop.answer(leasing.lease_next(project, ben), ["ham"])
    item.refresh_from_db()
    give(signed_in(lea), item, "ham")
    assert Disagreement.objects.get().state == Disagreement.State.DECIDED
    assert not Annotation.objects.exclude(corrected_by=None).exists()
    signed_in(lea).post(at(project, "", "undo_item", item.pk))
    assert Disagreement.objects.get().state == Disagreement.State.OPEN


def test_one_of_several_annotations_is_corrected(
    signed_in: SignedIn, lea: User, ana: User, ben: User, project: Project, filled: Fill
) -> None:
    settings.change_settings(project, overlap=2)
    filled(project, 1)
    first = loop.answer(leasing.lease_next(project, ana), ["spam"])
    loop.answer(leasing.lease_next(project, ben), ["ham"])
    where = at(project, "", "correct_annotation", first.item_id, first.pk)
    signed_in(lea).post(where, {"labels": ["ham"]})
    first.refresh_from_db()
    assert first.corrected_by == lea
    assert not Disagreement.objects.exists()


@pytest.mark.parametrize("sent", [{}, {"labels": ["odd"]}])
def test_wrong_answer_is_422_in_words(
    signed_in: SignedIn, lea: User, project: Project, filled: Fill, region: Region, sent: Any
) -> None:
    (item,) = filled(project, 1)
    where = at(project, "", "answer_item", item.pk)
    answer = signed_in(lea).post(where, sent, headers=region("detail"))
    assert answer.status_code == 422
    assert 'class="notice error"' in answer.content.decode()


def test_answer_wakes_the_model(
    signed_in: SignedIn,
    lea: User,
    project: Project,
    filled: Fill,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
) -> None:
    (item,) = filled(project, 1)
    sent: list[Any] = []
    monkeypatch.setattr(tasks.learn_if_due, "delay", lambda *args: sent.append(args))
    monkeypatch.setattr(tasks.learn_if_due, "delay_on_commit", lambda *args: sent.append(args))
    give(signed_in(lea), item)
    assert sent == [(project.pk,)]


# Who may -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["answer_item", "undo_item"])
def test_items_are_answered_by_leads_only(
    signed_in: SignedIn, ana: User, zed: User, project: Project, filled: Fill, name: str
) -> None:
    (item,) = filled(project, 1)
    for person, status in ((ana, 403), (zed, 404)):
        answer = signed_in(person).post(at(project, "", name, item.pk), {"labels": ["spam"]})
        assert answer.status_code == status
    assert not Annotation.objects.exists()


@pytest.mark.parametrize("name", ["item", "delete_item"])
def test_items_of_another_project_are_not_there(
    signed_in: SignedIn,
    lea: User,
    project: Project,
    image_project: Project,
    filled: Fill,
    name: str,
) -> None:
    (item,) = filled(project, 1)
    assert signed_in(lea).get(at(image_project, "", name, item.pk)).status_code == 404


@pytest.mark.parametrize(
    ("name", "query", "action"),
    [
        ("items", "", "Import a file"),
        ("own_labels", "", "You have not labelled anything"),
        ("own_labels", "?q=nothing", "Show all your labels"),
        ("decisions", "", "See the quality of the labels"),
        ("disagreements", "", "Set the annotations per item"),
        ("disagreements", "?state=decided", "Open disagreements"),
    ],
)
def test_empty_list_names_the_next_action(
    signed_in: SignedIn, olga: User, project: Project, name: str, query: str, action: str
) -> None:
    page = signed_in(olga).get(reverse(name, args=[project.pk]) + query).content.decode()
    assert '<div class="empty-state">' in page
    assert action in page


def test_filters_that_match_nothing_can_be_cleared(
    signed_in: SignedIn, lea: User, project: Project, filled: Fill
) -> None:
    filled(project, 2)
    assert "Show all items" in signed_in(lea).get(f"{at(project)}?q=nonesuch").content.decode()
