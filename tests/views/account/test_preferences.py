"""One's keys and habits at the desk, as a page."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from annotator.flow.projects import members, preferences, settings
from annotator.models import Project, User
from annotator.views.account.preferences import DeskForm
from tests.given import SignedIn

pytestmark = pytest.mark.django_db


def at(name: str = "desk_preferences") -> str:
    return reverse(name)


def typed(user: User, **changes: Any) -> Any:
    """What the form sends when nothing but `changes` was changed."""
    form = DeskForm(user)
    values = {name: form[name].value() for name in form.fields}
    return {name: value for name, value in (values | changes).items() if value is not None}


def stored(user: User) -> Any:
    return User.objects.get(pk=user.pk).desk


def row(page: Any, title: Any) -> Any:
    """Return the row of that action, as markup."""
    (found,) = re.findall(
        rf'<div class="key-row[^>]*>\s*<label[^>]*>{title}</label>.*?</div>', page, re.S
    )
    return found


def test_page_shows_every_action_with_its_caps(signed_in: SignedIn, ana: User) -> None:
    page = signed_in(ana).get(at()).content.decode()
    assert re.findall(r"<kbd>(.*?)</kbd>", row(page, "Undo the last one")) == ["Z", "⌫"]
    assert re.findall(r"<kbd>(.*?)</kbd>", row(page, "Less contrast")) == ["&lt;"]
    assert page.count("data-key-input") == len(preferences.ACTIONS)


def test_saving_unchanged_stores_nothing(signed_in: SignedIn, ana: User) -> None:
    assert signed_in(ana).post(at(), typed(ana)).url == at()
    assert stored(ana) == {}


def test_keys_and_habits_are_changed(signed_in: SignedIn, ana: User) -> None:
    sent = typed(
        ana, skip="K", undo="u Backspace", ahead="4", break_minutes="45", submit_at_once=None
    )
    client = signed_in(ana)
    assert client.post(at(), sent).status_code == 302
    assert stored(ana) == {
        "keys": {"skip": ["k"], "undo": ["u", "Backspace"]},
        "ahead": 4,
        "break_minutes": 45,
        "submit_at_once": False,
    }
    page = client.get(at()).content.decode()
    assert "Preferences saved." in page
    assert re.findall(r"<kbd>(.*?)</kbd>", row(page, "Skip")) == ["K"]


@pytest.mark.parametrize(
    ("wrong", "where", "words"),
    [
        ({"note": "x"}, "Write a note", "X is already the key for “mark as not sure”"),
        ({"note": "5"}, "Write a note", "Digits choose labels"),
        ({"note": "word"}, "Write a note", "This isn&#x27;t a key"),
        ({"note": "h"}, "Write a note", "H chooses the label “ham” in the project “Mail”"),
    ],
)
def test_conflict_is_told_at_its_key_and_nothing_is_changed(
    signed_in: SignedIn, ana: User, project: Project, wrong: Any, where: str, words: str
) -> None:
    project.labels.filter(name="ham").update(hotkey="h")
    answer = signed_in(ana).post(at(), typed(ana, ahead="4", skip="k", **wrong))
    assert answer.status_code == 422
    page = answer.content.decode()
    assert words in row(page, where)
    assert page.count('class="errors"') == 1
    assert re.findall(r'value="(.*?)"', row(page, where)) == list(wrong.values())
    assert re.findall(r"<kbd>(.*?)</kbd>", row(page, "Skip")) == ["Space"]
    assert stored(ana) == {}


@pytest.mark.parametrize(
    "wrong",
    [
        {"ahead": "0"},
        {"ahead": ""},
        {"spares": "41"},
        {"break_minutes": "5"},
        {"reading_size": "xl"},
        {"note": "x" * 41},
    ],
)
def test_wrong_habit_is_422_and_changes_nothing(signed_in: SignedIn, ana: User, wrong: Any) -> None:
    answer = signed_in(ana).post(at(), typed(ana, skip="k") | wrong)
    assert answer.status_code == 422
    assert 'class="errors"' in answer.content.decode()
    assert stored(ana) == {}


def test_keys_go_back_to_the_defaults(signed_in: SignedIn, ana: User) -> None:
    preferences.change_preferences(ana, keys={"skip": "k"}, spares=3)
    client = signed_in(ana)
    assert client.get(at("reset_keys")).status_code == 405
    assert client.post(at("reset_keys")).url == at()
    assert stored(ana) == {"spares": 3}


def test_desk_is_one_s_own(signed_in: SignedIn, client: Client, ana: User, ben: User) -> None:
    signed_in(ana).post(at(), typed(ana, skip="k"))
    assert preferences.keys_of(User.objects.get(pk=ben.pk))["skip"] == [" "]
    for name in ("desk_preferences", "reset_keys"):
        assert client.post(at(name)).url.startswith("/login?next=/account/desk")


def test_account_leads_there(signed_in: SignedIn, ana: User) -> None:
    assert f'href="{at()}"' in signed_in(ana).get(reverse("account")).content.decode()


@pytest.mark.parametrize("name", ["account", "desk_preferences"])
def test_page_costs_the_same_in_many_projects(
    signed_in: SignedIn,
    ana: User,
    olga: User,
    name: str,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    for number in range(5):
        made = settings.create_project(olga, name=f"Mail {number}", labels=["a", "b"])
        members.add_member(made, "ana")
    client = signed_in(ana)
    with django_assert_max_num_queries(4):
        answer = client.get(at(name))
    assert answer.status_code == 200
