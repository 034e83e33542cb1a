"""The page where leads find items and label them as seeds."""

import re
import uuid
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from annotator import tasks
from annotator.flow.datasets import search
from annotator.flow.projects import members, settings
from annotator.models import Annotation, Item, Project, QueueEntry, User
from annotator.views.snippets import excerpt
from tests import loop
from tests.given import AddItems, Fill, Learn, Region, RunRound, SignedIn

pytestmark = pytest.mark.django_db


def at(project: Project, query: str = "", name: str = "find", *more: Any) -> str:
    return reverse(f"find:{name}", args=[project.pk, *more]) + query


def shown(client: Any, project: Project, query: str = "") -> Any:
    answer = client.get(at(project, query))
    assert answer.status_code == 200, answer.content
    return answer.content.decode()


def lines(page: Any) -> Any:
    """Return the keys of the items that are shown."""
    return [int(key) for key in re.findall(r'id="find-(\d+)"', page)]


def sow(client: Any, item: Any, labels: Any = ("spam",), query: str = "", **headers: Any) -> Any:
    sent = {"labels": list(labels), "client_id": str(uuid.uuid4())}
    return client.post(at(item.project, query, "seed", item.pk), sent, **headers)


@pytest.fixture
def htmx(region: Region) -> Any:
    def headers(item: Any) -> Any:
        return region(f"find-{item.pk}")

    return headers


# Finding -----------------------------------------------------------------------------------------


def test_hit_is_marked_and_nothing_is_markup(
    signed_in: SignedIn, lea: User, project: Project, add_items: AddItems
) -> None:
    add_items("Win a <b>Prize</b> & more", "lunch")
    page = shown(signed_in(lea), project, "?q=prize")
    assert "Win a &lt;b&gt;<mark>Prize</mark>&lt;/b&gt; &amp; more" in page
    assert "<h2>1 item</h2>" in page
    assert "lunch" not in page


def test_state_and_label_narrow_it(
    signed_in: SignedIn, lea: User, project: Project, add_items: AddItems
) -> None:
    one, two = add_items("one", "two")
    client = signed_in(lea)
    sow(client, one, ["ham"])
    assert lines(shown(client, project, "?state=labelled")) == [one.pk]
    assert lines(shown(client, project, "?state=pool")) == [two.pk]
    assert lines(shown(client, project, "?label=ham")) == [one.pk]
    assert lines(shown(client, project, "?label=spam")) == []


@pytest.mark.parametrize("query", ["?state=odd", "?label=odd", "?like=x", "?after=-1"])
def test_what_cannot_be_looked_for_is_422_in_words(
    signed_in: SignedIn, lea: User, project: Project, add_items: AddItems, query: str
) -> None:
    add_items("one")
    answer = signed_in(lea).get(at(project, query))
    assert answer.status_code == 422
    assert 'id="find-' not in answer.content.decode()
    assert re.search(r'class="(errors|notice error)"', answer.content.decode())


def test_nothing_found_says_so(
    signed_in: SignedIn, lea: User, project: Project, add_items: AddItems
) -> None:
    add_items("one")
    assert "No items found." in shown(signed_in(lea), project, "?q=needle")
    empty = settings.create_project(project.created_by, name="Empty", labels=["a", "b"])
    members.add_member(empty, "lea", "lead")
    assert "No items found." in shown(signed_in(lea), empty)


def test_more_comes_page_by_page(
    signed_in: SignedIn, lea: User, project: Project, add_items: AddItems, region: Region
) -> None:
    made = add_items(*[f"text {number}" for number in range(60)])
    client = signed_in(lea)
    page = shown(client, project, "?q=text")
    assert "<h2>50+ items</h2>" in page
    (rest,) = set(re.findall(r'href="([^"]*after=50[^"]*)"', page))
    answer = client.get(rest.replace("&amp;", "&"), headers=region("found"))
    assert answer.content.decode().lstrip().startswith('<ul class="finds">')
    both = lines(page) + lines(answer.content.decode())
    assert both == [item.pk for item in made]
    assert 'id="more"' not in answer.content.decode()


def test_long_search_says_how_far_it_looked(
    signed_in: SignedIn,
    lea: User,
    project: Project,
    add_items: AddItems,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(search, "LOOKED_AT", 4)
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
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    filled(project, 60)
    loop.label(project, ana, 30)
    client = signed_in(lea)
    for query in ("?q=number", "?state=labelled", "?label=spam"):
        client.get(at(project))
        with django_assert_max_num_queries(8):
            assert len(lines(shown(client, project, query))) >= 10


def test_excerpt_shows_where_the_hit_is() -> None:
    text = "a" * 500 + " needle " + "b" * 500
    pieces = excerpt(text, "NEEDLE")
    assert [words for words, is_hit in pieces if is_hit] == ["needle"]
    assert sum(len(words) for words, _is_hit in pieces) == 202
    assert pieces[0] == pieces[-1] == ("…", False)
    assert excerpt(text) == [("a" * 200, False), ("…", False)]
    assert excerpt("short", "x") == [("short", False)]
    assert excerpt("", "x") == []
    assert excerpt("x" * 400, "x" * 300)[0] == ("x" * 300, True)


# Similar items ----------------------------------------------------------------------------------


def test_like_items_are_shown_with_the_one_they_are_like(
    signed_in: SignedIn, lea: User, project: Project, filled: Fill, learnt: Learn
) -> None:
    items = filled(project, 20)
    client = signed_in(lea)
    waiting = shown(client, project, f"?like={items[0].pk}")
    assert "are still being computed" in waiting
    assert lines(waiting) == []
    learnt(project)
    page = shown(client, project, f"?like={items[0].pk}")
    assert len(lines(page)) == 19
    assert items[0].pk not in lines(page)
    assert items[0].text in page
    assert f"?like={items[1].pk}" in page


def test_state_is_kept_on_the_way_to_like_items(
    signed_in: SignedIn, lea: User, project: Project, add_items: AddItems
) -> None:
    (item,) = add_items("one")
    page = shown(signed_in(lea), project, "?state=pool&q=one")
    assert f"?like={item.pk}&amp;state=pool" in page


def test_like_an_item_of_another_project_is_404(
    signed_in: SignedIn, lea: User, project: Project, image_project: Project, add_items: AddItems
) -> None:
    (item,) = add_items("one")
    assert signed_in(lea).get(at(image_project, f"?like={item.pk}")).status_code == 404


# Labelling ---------------------------------------------------------------------------------------


def test_label_is_stored_as_a_seed_and_the_line_comes_anew(
    signed_in: SignedIn, lea: User, project: Project, add_items: AddItems, htmx: Any
) -> None:
    (item,) = add_items("Win a prize")
    answer = sow(signed_in(lea), item, query="?q=prize", headers=htmx(item))
    page = answer.content.decode()
    assert answer.status_code == 200
    assert page.lstrip().startswith(f'<li id="find-{item.pk}"')
    assert 'data-said="Saved: spam."' in page
    assert "<b>spam</b> by lea, seed label" in page
    assert "<mark>prize</mark>" in page
    made = Annotation.objects.get()
    assert (made.source, made.user) == ("seed", lea)


def test_undo_gives_the_line_its_labels_back(
    signed_in: SignedIn, lea: User, project: Project, add_items: AddItems, htmx: Any
) -> None:
    (item,) = add_items("one")
    client = signed_in(lea)
    saved = sow(client, item, headers=htmx(item)).content.decode()
    assert "data-undo" in saved
    assert "data-key" not in saved
    answer = client.post(at(project, "", "undo", item.pk), headers=htmx(item))
    assert "Seed label removed." in answer.content.decode()
    assert "data-key" in answer.content.decode()
    assert loop.refreshed(item).state == Item.State.POOL
    again = client.post(at(project, "", "undo", item.pk), headers=htmx(item))
    assert again.status_code == 409


def test_item_that_somebody_labelled_meanwhile_says_so(
    signed_in: SignedIn, lea: User, olga: User, project: Project, add_items: AddItems, htmx: Any
) -> None:
    (item,) = add_items("one")
    sow(signed_in(olga), item, ["ham"])
    answer = sow(signed_in(lea), item, headers=htmx(item))
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "already labelled" in page
    assert "<b>ham</b> by olga" in page
    assert "data-undo" not in page


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({}, "Choose a label first."),
        ({"labels": [""]}, "Choose a label first."),
        ({"labels": ["odd"]}, "isn&#x27;t a label in this project"),
        ({"labels": ["spam", "ham"]}, "Choose exactly one label."),
        ({"labels": ["spam"], "client_id": "x"}, "client_id must be a UUID."),
    ],
)
def test_wrong_form_is_422_in_words(
    signed_in: SignedIn,
    lea: User,
    project: Project,
    add_items: AddItems,
    htmx: Any,
    sent: Any,
    words: str,
) -> None:
    (item,) = add_items("one")
    body = {"client_id": str(uuid.uuid4()), **sent}
    answer = signed_in(lea).post(at(project, "", "seed", item.pk), body, headers=htmx(item))
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not Annotation.objects.exists()


def test_seed_wakes_the_model(
    signed_in: SignedIn,
    lea: User,
    project: Project,
    add_items: AddItems,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (item,) = add_items("one")
    woken = []
    monkeypatch.setattr(tasks.learn_if_due, "delay_on_commit", woken.append)
    client = signed_in(lea)
    sow(client, item)
    client.post(at(project, "", "undo", item.pk))
    assert woken == [project.pk] * 2


@pytest.mark.parametrize("multi_label", [True, False])
def test_more_than_ten_labels_are_picked_once_for_all_items(
    signed_in: SignedIn, olga: User, multi_label: bool
) -> None:
    names = [f"label {number}" for number in range(11)]
    many = settings.create_project(olga, name="Many", labels=names, multi_label=multi_label)
    items = loop.fill(many, 3)
    client = signed_in(olga)
    page = shown(client, many)
    assert page.count(">label 10<") == 2  # in the picker and among the filters
    assert page.count('form="give"') == 3
    assert ("multiple" in page) is multi_label
    sow(client, items[0], ["label 10"])
    assert Annotation.objects.get().item == items[0]


# What is not told --------------------------------------------------------------------------------


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


def plain(page: Any, item: Any) -> Any:
    """Return an item's line without what differs by nature."""
    line = re.search(rf'<li id="find-{item.pk}".*?</li>', page, re.S).group()
    line = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|csrfmiddlewaretoken\" value=\"\w+", "", line)
    line = re.sub(rf"(find-|find/|like=|items/){item.pk}\b", r"\1…", line)
    return line.replace(item.text, "…").replace(item.key, "…")


def test_lines_of_audit_items_checks_and_others_are_alike(
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
    signed_in: SignedIn, lea: User, ana: User, ben: User, audited: Any
) -> None:
    client = signed_in(lea)
    begun = Annotation.objects.filter(user=ana).first().item
    assert begun.state == Item.State.QUEUED
    assert "by ana" not in shown(client, audited)
    answer = sow(client, begun)
    assert answer.status_code == 302
    assert "by ana" in shown(client, audited, "?state=labelled")


def test_own_answer_from_the_desk_leaves_nothing_to_seed(
    signed_in: SignedIn, lea: User, project: Project, filled: Fill
) -> None:
    settings.change_settings(project, overlap=2)
    filled(project, 1)
    loop.label(project, lea, 1)
    page = shown(signed_in(lea), project)
    assert "you have labelled it" in page
    assert "data-key" not in page
    assert "data-undo" not in page


# Who may -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["seed", "undo"])
def test_items_are_labelled_here_by_leads_only(
    signed_in: SignedIn, client: Client, project: Project, ana: User, zed: User, name: str
) -> None:
    item = loop.fill(project, 1)[0]
    path = at(project, "", name, item.pk)
    sent = {"labels": ["spam"], "client_id": str(uuid.uuid4())}
    assert signed_in(zed).post(path, sent).status_code == 404
    assert signed_in(ana).post(path, sent).status_code == 403
    assert client.post(path, sent).url.startswith("/login")
    assert not Annotation.objects.exists()


@pytest.mark.parametrize("name", ["seed", "undo"])
def test_items_of_another_project_are_not_there(
    signed_in: SignedIn, lea: User, image_project: Project, project: Project, name: str
) -> None:
    item = loop.fill(project, 1)[0]
    path = at(image_project, "", name, item.pk)
    sent = {"labels": ["cat"], "client_id": str(uuid.uuid4())}
    assert signed_in(lea).post(path, sent).status_code == 404
    assert signed_in(lea).post(at(project, "", name, 10**30), sent).status_code == 404


def test_navigation_leads_there_for_leads(
    signed_in: SignedIn, lea: User, ana: User, project: Project
) -> None:
    dashboard = reverse("dashboard", args=[project.pk])
    assert at(project) in signed_in(lea).get(dashboard).content.decode()
    assert at(project) not in signed_in(ana).get(dashboard).content.decode()


def test_pictures_are_shown_small(signed_in: SignedIn, lea: User, image_project: Project) -> None:
    item = Item.objects.create(
        project=image_project,
        position=0,
        audit_key=1,
        key="cat.png",
        content_hash=b"1" * 16,
        image="pictures/1/aa/x.png",
    )
    image_project.items = 1
    image_project.save()
    page = shown(signed_in(lea), image_project, "?q=CAT")
    address = reverse("media", args=[item.pk])
    assert f'src="{address}?size=160" loading="lazy" alt="Item cat.png"' in page
    assert "<mark>cat</mark>.png" in page


def test_imported_seed_is_not_undone_here(signed_in: SignedIn, lea: User, project: Project) -> None:
    loop.bring_in(project, "a.csv", "text,label\nx,spam\n", user=lea)
    page = shown(signed_in(lea), project)
    assert "<b>spam</b> by lea, seed label" in page
    assert "data-undo" not in page
