"""The desk."""

import json
import re
import uuid
from typing import Any

import pytest
from django.conf import settings
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from annotator.flow.annotation import send_back
from annotator.flow.queue import leasing
from annotator.models import Annotation, Lease, Project, User
from annotator.views.labelling import messages
from tests import loop
from tests.given import AddItems, SignedIn

pytestmark = pytest.mark.django_db

STATIC = settings.BASE_DIR / "static"
SCRIPTS = [*(STATIC / "labelling").glob("*.js"), *(STATIC / "answers").glob("*.js")]


@pytest.fixture
def desk(project: Project, add_items: AddItems) -> Any:
    """A project with something to label."""
    add_items(*[f"text number {number}" for number in range(12)])
    return project


def at(project: Project, name: str = "desk") -> str:
    return reverse(f"label:{name}", args=[project.pk])


def answer_of(lease: Any, *labels: Any, client_id: Any = None) -> Any:
    return {
        "lease": str(lease.pk),
        "labels": labels,
        "client_id": client_id or str(uuid.uuid4()),
        "seconds": "1.5",
    }


def config(answer: Any) -> Any:
    found = re.search(
        r'<script id="desk-config" type="application/json">(.*?)</script>', answer.content.decode()
    )
    return json.loads(found[1])


def field(page: Any, name: Any) -> Any:
    found = re.search(rf'name="{name}"\s+value="([^"]+)"', page)
    assert found, page
    return found[1]


def test_desk_shows_an_item_with_its_labels_and_keys(
    signed_in: SignedIn, ana: User, desk: Any
) -> None:
    page = signed_in(ana).get(at(desk)).content.decode()
    assert "text number" in page
    for label in desk.labels.all():
        assert f'value="{label.pk}"' in page
    assert "<kbd>1</kbd>" in page
    assert "<kbd>2</kbd>" in page


def test_reload_shows_the_same_item(signed_in: SignedIn, ana: User, desk: Any) -> None:
    client = signed_in(ana)
    first, second = client.get(at(desk)), client.get(at(desk))
    assert field(first.content.decode(), "lease") == field(second.content.decode(), "lease")


def test_own_hotkey_is_printed_and_takes_no_digit_from_another(
    signed_in: SignedIn, ana: User, desk: Any
) -> None:
    first, second = desk.labels.all()[:2]
    type(first).objects.filter(pk=first.pk).update(hotkey="2")
    page = signed_in(ana).get(at(desk)).content.decode()
    assert re.search(rf'value="{first.pk}"[^>]*data-key="2"', page)
    assert re.search(rf'value="{second.pk}"[^>]*data-key=""', page)


def test_plain_form_post_saves_and_comes_back_to_the_desk(
    signed_in: SignedIn, ana: User, desk: Any
) -> None:
    client = signed_in(ana)
    page = client.get(at(desk)).content.decode()
    name = desk.labels.first().name
    answer = client.post(
        at(desk, "submit"),
        {
            "lease": field(page, "lease"),
            "client_id": field(page, "client_id"),
            "seconds": "",
            "labels": name,
        },
        follow=True,
    )
    saved = Annotation.objects.get(user=ana)
    assert [given.label.name for given in saved.given.all()] == [name]
    assert f"Saved: {name}." in answer.content.decode()


def test_what_the_item_was_is_told_after_the_label(
    signed_in: SignedIn, ana: User, desk: Any
) -> None:
    lease = leasing.lease_next(desk, ana)
    Lease.objects.filter(pk=lease.pk).update(source="audit", blind=True)
    before = signed_in(ana).get(at(desk)).content.decode()
    assert "audit" not in before
    after = signed_in(ana).post(
        at(desk, "submit"), answer_of(lease, desk.labels.first().name), follow=True
    )
    assert "That was an audit item" in after.content.decode()


def test_suggestion_and_reason_are_shown_when_they_are_served(
    signed_in: SignedIn, ana: User, desk: Any
) -> None:
    lease = leasing.lease_next(desk, ana)
    said = {"labels": [desk.labels.first().pk], "confidence": 0.62}
    way = {"blind": False, "why": "Torn between two.", "suggestion": said}
    Lease.objects.filter(pk=lease.pk).update(**way)
    answer = signed_in(ana).get(at(desk))
    page = answer.content.decode()
    assert "62% confidence" in page
    assert config(answer)["first"]["suggestion"]["confidence"] == 0.62
    assert "Torn between two." in page
    assert "data-suggested" in page


def test_blind_item_shows_neither(signed_in: SignedIn, ana: User, desk: Any) -> None:
    lease = leasing.lease_next(desk, ana)
    Lease.objects.filter(pk=lease.pk).update(
        blind=True, why="Torn between two.", suggestion={"labels": ["x"], "confidence": 0.62}
    )
    page = signed_in(ana).get(at(desk)).content.decode()
    assert "Torn" not in page
    assert "62%" not in page
    assert "data-suggested" not in page


def test_second_click_makes_no_second_annotation(signed_in: SignedIn, ana: User, desk: Any) -> None:
    lease = leasing.lease_next(desk, ana)
    sent = answer_of(lease, desk.labels.first().name)
    for _click in range(2):
        answer = signed_in(ana).post(at(desk, "submit"), sent)
        assert answer.status_code == 302
    assert Annotation.objects.count() == 1


def test_first_answer_stays_when_a_retry_says_something_else(
    signed_in: SignedIn, ana: User, desk: Any
) -> None:
    lease = leasing.lease_next(desk, ana)
    first, second = desk.labels.values_list("name", flat=True)[:2]
    key = str(uuid.uuid4())
    signed_in(ana).post(at(desk, "submit"), answer_of(lease, first, client_id=key))
    answer = signed_in(ana).post(at(desk, "submit"), answer_of(lease, second, client_id=key))
    assert answer.status_code == 422
    assert "was already saved" in answer.content.decode()
    assert [each.label.name for each in Annotation.objects.get().given.all()] == [first]


@pytest.mark.parametrize("labels", [[], ["no such label"], ["two", "labels"]])
def test_wrong_labels_show_the_item_again_with_422(
    signed_in: SignedIn, ana: User, desk: Any, labels: Any
) -> None:
    lease = leasing.lease_next(desk, ana)
    answer = signed_in(ana).post(at(desk, "submit"), answer_of(lease, *labels))
    assert answer.status_code == 422
    assert field(answer.content.decode(), "lease") == str(lease.pk)
    assert not Annotation.objects.exists()


@pytest.mark.parametrize("broken", [{"lease": "x"}, {"client_id": "x"}, {"seconds": "nan"}])
def test_broken_form_is_422_and_loses_no_item(
    signed_in: SignedIn, ana: User, desk: Any, broken: Any
) -> None:
    lease = leasing.lease_next(desk, ana)
    sent = answer_of(lease, desk.labels.first().name) | broken
    answer = signed_in(ana).post(at(desk, "submit"), sent)
    assert answer.status_code == 422
    assert field(answer.content.decode(), "lease") == str(lease.pk)


def test_lease_of_somebody_else_cannot_be_answered(
    signed_in: SignedIn, ana: User, ben: User, desk: Any
) -> None:
    lease = leasing.lease_next(desk, ben)
    answer = signed_in(ana).post(at(desk, "submit"), answer_of(lease, desk.labels.first().name))
    assert answer.status_code == 302
    assert not Annotation.objects.exists()


@pytest.mark.parametrize("confidence", [0.62, None])
def test_how_sure_is_said_where_it_is_known(
    signed_in: SignedIn, ana: User, desk: Any, confidence: Any
) -> None:
    lease = leasing.lease_next(desk, ana)
    suggestion = {"labels": [desk.labels.first().pk], "confidence": confidence}
    Lease.objects.filter(pk=lease.pk).update(blind=False, suggestion=suggestion)
    page = signed_in(ana).get(at(desk)).content.decode()
    assert ('<span class="sure" hidden></span>' in page) is (confidence is None)


def test_skip_passes_the_item_on(signed_in: SignedIn, ana: User, desk: Any) -> None:
    lease = leasing.lease_next(desk, ana)
    sent = {"lease": str(lease.pk)}
    answer = signed_in(ana).post(at(desk, "skip"), sent, follow=True)
    assert "Skipped" in answer.content.decode()
    lease.refresh_from_db()
    assert lease.outcome == Lease.Outcome.SKIPPED


def test_undo_brings_the_item_back(signed_in: SignedIn, ana: User, desk: Any) -> None:
    client = signed_in(ana)
    lease = leasing.lease_next(desk, ana)
    client.post(at(desk, "submit"), answer_of(lease, desk.labels.first().name))
    client.get(at(desk))
    page = client.post(at(desk, "undo"), follow=True).content.decode()
    assert lease.item.text in page


def test_undo_brings_a_skipped_item_back(signed_in: SignedIn, ana: User, desk: Any) -> None:
    client = signed_in(ana)
    lease = leasing.lease_next(desk, ana)
    client.post(at(desk, "skip"), {"lease": str(lease.pk)})
    page = client.post(at(desk, "undo"), follow=True).content.decode()
    assert lease.item.text in page
    assert "Undone" in page


def test_undo_with_nothing_to_undo_says_so(signed_in: SignedIn, ana: User, desk: Any) -> None:
    page = signed_in(ana).post(at(desk, "undo"), follow=True).content.decode()
    assert "Nothing to undo" in page


def test_empty_desk_says_why(signed_in: SignedIn, ana: User, project: Project) -> None:
    page = signed_in(ana).get(at(project)).content.decode()
    assert "There are no items yet" in page
    assert 'class="desk is-empty"' in page


def test_script_is_told_of_the_item_without_what_it_is(
    signed_in: SignedIn, ana: User, desk: Any
) -> None:
    lease = leasing.lease_next(desk, ana)
    Lease.objects.filter(pk=lease.pk).update(source="audit", blind=True, strategy="random")
    told = config(signed_in(ana).get(at(desk)))
    assert told["first"]["lease"] == str(lease.pk)
    assert set(told["first"]) == {"lease", "expires_at", "item", "suggestion", "why"}
    assert (told["first"]["suggestion"], told["first"]["why"]) == (None, None)
    assert told["person"] == ana.pk


def test_script_has_a_word_for_all_that_it_says(signed_in: SignedIn, ana: User, desk: Any) -> None:
    """What the script asks `words` for is there; a missing one would show as “undefined”."""
    words = config(signed_in(ana).get(at(desk)))["words"]
    source = "".join(path.read_text() for path in SCRIPTS)
    asked = set(re.findall(r"\bwords\.(\w+)", source))
    assert asked
    assert asked <= set(words)
    assert set(words["troubles"]) == set(words["standings"]) - {"saved", "saving", "idle"}


def test_config_cannot_be_broken_out_of(
    signed_in: SignedIn, ana: User, project: Project, add_items: AddItems
) -> None:
    add_items("</script><script>alert(1)</script>")
    page = signed_in(ana).get(at(project)).content.decode()
    assert "<script>alert" not in page
    assert "\\u003C/script\\u003E" in page


HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "{{ 7|add:7 }} {% csrf_token %}",
    "</div></textarea><button hx-get=/logout>",
    "\u202eright to left\u202c",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_text_is_shown_as_written_and_never_as_html(
    signed_in: SignedIn, ana: User, project: Project, add_items: AddItems, text: Any
) -> None:
    from django.utils.html import escape

    add_items(text)
    page = signed_in(ana).get(at(project)).content.decode()
    assert f'<div class="text" dir="auto">{escape(text)}</div>' in page
    assert "<script>alert" not in page
    assert "onerror=alert(1)>" not in page


def test_line_breaks_and_spaces_are_kept(
    signed_in: SignedIn, ana: User, project: Project, add_items: AddItems
) -> None:
    add_items("one\n\n   two\tthree")
    assert ">one\n\n   two\tthree</div>" in signed_in(ana).get(at(project)).content.decode()


def test_multi_label_answer_takes_several_and_none(
    signed_in: SignedIn, ana: User, desk: Any
) -> None:
    type(desk).objects.filter(pk=desk.pk).update(multi_label=True)
    desk.refresh_from_db()
    names = list(desk.labels.values_list("name", flat=True)[:2])
    client = signed_in(ana)
    assert 'type="checkbox"' in client.get(at(desk)).content.decode()
    client.post(at(desk, "submit"), answer_of(leasing.lease_next(desk, ana), *names))
    client.post(at(desk, "submit"), answer_of(leasing.lease_next(desk, ana)))
    assert [each.given.count() for each in Annotation.objects.order_by("pk")] == [2, 0]


def test_many_labels_get_a_box_to_find_them(signed_in: SignedIn, ana: User, desk: Any) -> None:
    assert 'id="find"' not in signed_in(ana).get(at(desk)).content.decode()
    known = desk.labels.count()
    type(desk.labels.first()).objects.bulk_create(
        type(desk.labels.first())(project=desk, name=f"more {n}", position=known + n)
        for n in range(12)
    )
    page = signed_in(ana).get(at(desk)).content.decode()
    assert 'id="find"' in page


def test_desk_costs_as_many_queries_with_many_items_as_with_few(
    signed_in: SignedIn,
    ana: User,
    desk: Any,
    add_items: AddItems,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    client = signed_in(ana)
    add_items(*[f"another text {number}" for number in range(60)])
    client.get(at(desk))
    with django_assert_max_num_queries(12):
        page = client.get(at(desk)).content.decode()
    assert "0 of 72 labelled" in page


def test_comment_of_an_item_that_came_back_is_shown_to_its_author(
    signed_in: SignedIn, lea: User, ana: User, ben: User, desk: Any
) -> None:
    first = loop.label(desk, ana, 1)[0]
    send_back.send_back(first, lea, "Look at the sender.", ana)
    page = signed_in(ana).get(at(desk))
    assert "Sent back by lea: Look at the sender." in page.content.decode()
    assert config(page)["first"]["redo"] == {"by": "lea", "comment": "Look at the sender."}
    assert "redo" not in config(signed_in(ben).get(at(desk)))["first"]


def test_help_lists_only_keys_that_do_something_here(
    signed_in: SignedIn, ana: User, desk: Any
) -> None:
    page = signed_in(ana).get(at(desk))
    titles = [str(title) for title, _keys in page.context["actions"]]
    assert "find a label" not in [each.lower() for each in titles]
    assert page.context["label_keys"] == ["1", "2"]


def test_only_the_name_of_a_picture_is_shown(desk: Any) -> None:
    # Its folder may be its label.
    assert messages.name_of({"key": "cat/7.png", "image_url": "/x"}) == "7.png"
    assert messages.name_of({"key": "a/b"}) == "a/b"
