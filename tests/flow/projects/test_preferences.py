"""Labelling preferences: keys, habits, and the fields shown beside an item."""

from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from annotator.errors import Invalid
from annotator.flow.projects import preferences, settings, shortcuts
from annotator.i18n import shortcut_texts
from annotator.models import Item, Project, User
from tests import loop

pytestmark = pytest.mark.django_db


def refused(call: Any, *args: Any, **options: Any) -> Any:
    """Return the refusals of a call as {field: (code, words)}."""
    with pytest.raises(Invalid) as caught:
        call(*args, **options)
    return {each["field"]: (each["code"], each["detail"]) for each in caught.value.errors}


def stored(user: User) -> Any:
    return User.objects.get(pk=user.pk).desk


# Keys --------------------------------------------------------------------------------------------


def test_no_two_actions_share_a_default_and_none_takes_a_digit() -> None:
    defaults = [key for action in shortcuts.ACTIONS.values() for key in action.keys]
    assert len(set(defaults)) == len(defaults)
    assert not any(shortcuts.is_digit(key) for key in defaults)
    assert {shortcuts.understood(key) for key in defaults} == set(defaults)
    assert {action.group for action in shortcuts.ACTIONS.values()} == set(shortcuts.GROUPS)


def test_every_action_and_group_has_a_name_of_its_own() -> None:
    assert list(shortcut_texts.ACTIONS) == list(shortcuts.ACTIONS)
    assert tuple(shortcut_texts.GROUPS) == shortcuts.GROUPS
    titles = [str(action.title) for action in shortcuts.ACTIONS.values()]
    assert len(set(titles)) == len(titles)


def test_actions_and_habits_have_different_names() -> None:
    assert not set(shortcuts.ACTIONS) & set(preferences.RULES)


def test_person_who_said_nothing_has_the_defaults(ana: User) -> None:
    now = preferences.preferences_of(ana)
    assert now == preferences.Preferences(
        keys={n: list(a.keys) for n, a in shortcuts.ACTIONS.items()}
    )
    assert now.keys["undo"] == ["z", "Backspace"]
    assert stored(ana) == {}


def test_own_keys_replace_the_default_ones_of_that_action_only(ana: User) -> None:
    preferences.change_preferences(ana, keys={"skip": "k", "undo": ["U", "Delete"]})
    now = preferences.keys_of(ana)
    assert (now["skip"], now["undo"]) == (["k"], ["u", "Delete"])
    assert now["accept"] == ["Enter"]
    assert stored(ana) == {"keys": {"skip": ["k"], "undo": ["u", "Delete"]}}


def test_default_given_again_is_no_longer_stored(ana: User) -> None:
    preferences.change_preferences(ana, keys={"skip": "k", "note": "w"}, ahead=5)
    preferences.change_preferences(ana, keys={"skip": " "}, ahead=2)
    assert stored(ana) == {"keys": {"note": ["w"]}}


def test_two_actions_swap_their_keys(ana: User) -> None:
    preferences.change_preferences(ana, keys={"note": "x", "unsure": "n"})
    now = preferences.keys_of(ana)
    assert (now["note"], now["unsure"]) == (["x"], ["n"])


def test_keys_go_back_to_the_defaults_and_habits_stay(ana: User) -> None:
    preferences.change_preferences(ana, keys={"note": "w"}, spares=7)
    preferences.reset_keys(ana)
    assert stored(ana) == {"spares": 7}


def test_second_tab_does_not_undo_what_the_first_one_changed(ana: User) -> None:
    other = User.objects.get(pk=ana.pk)
    preferences.change_preferences(ana, keys={"note": "w"})
    preferences.change_preferences(other, ahead=4)
    preferences.reset_keys(User(pk=ana.pk, desk={"ahead": 9}))
    assert stored(ana) == {"ahead": 4}


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("Space", " "),
        ("return", None),
        ("ENTER", "Enter"),
        ("⌫", "Backspace"),
        ("left", "ArrowLeft"),
        ("ArrowUp", "ArrowUp"),
        ("É", "é"),
        ("e\u0301", "é"),
        (";", ";"),
        ("", None),
        ("ab", None),
        ("Tab", None),
        ("Escape", None),
        ("F5", None),
        ("\x00", None),
        ("\u200b", None),
        ("\u00a0", None),
    ],
)
def test_key_is_understood_by_sign_cap_and_name(typed: str, key: Any) -> None:
    assert shortcuts.understood(typed) == key


@pytest.mark.parametrize("key", [*shortcuts.NAMED_KEYS, "k", "ß", "?"])
def test_what_is_printed_on_a_cap_names_its_key(key: Any) -> None:
    assert shortcuts.understood(shortcuts.cap(key)) == key


@pytest.mark.parametrize(
    ("action", "given", "code"),
    [
        ("fly", "k", "unknown_action"),
        ("note", "", "no_key"),
        ("note", [], "key_count"),
        ("note", ["a", "b", "c", "d", "e"], "key_count"),
        ("note", 7, "key_count"),
        ("note", [7], "no_key"),
        ("note", "word", "no_key"),
        ("note", "Tab", "no_key"),
        ("note", "3", "digit"),
        ("note", "٣", "digit"),
        ("note", "x", "key_twice"),
        ("note", "Enter", "key_twice"),
        ("note", ["w", "Z"], "key_twice"),
    ],
)
def test_key_that_cannot_be_is_refused_at_its_action(
    ana: User, action: str, given: Any, code: str
) -> None:
    found = refused(preferences.change_preferences, ana, keys={action: given, "skip": "k"}, ahead=3)
    assert found[action][0] == code
    assert stored(ana) == {}


def test_key_that_is_taken_is_refused_with_what_it_does(ana: User) -> None:
    (words,) = refused(preferences.change_preferences, ana, keys={"note": "x"}).values()
    assert words[1].startswith("X is already the key for “mark as not sure”.")


def test_two_actions_are_not_given_the_same_new_key(ana: User) -> None:
    found = refused(preferences.change_preferences, ana, keys={"note": "k", "unsure": "k"})
    assert {field: code for field, (code, _words) in found.items()} == {
        "note": "key_twice",
        "unsure": "key_twice",
    }


def give_keys(project: Project, *letters: Any) -> None:
    for label, letter in zip(project.labels.all(), letters, strict=True):
        label.hotkey = letter
        label.save()


def test_key_of_a_label_is_refused_with_its_project(ana: User, project: Project) -> None:
    give_keys(project, "k", "h")
    found = refused(preferences.change_preferences, ana, keys={"note": "K", "skip": "h"})
    assert found["note"] == (
        "key_of_a_label",
        "K chooses the label “spam” in the project “Mail”. Choose another key.",
    )
    assert found["skip"][0] == "key_of_a_label"


def test_labels_of_projects_that_one_is_not_in_or_that_are_gone_do_not_count(
    ana: User, zed: User, project: Project
) -> None:
    give_keys(project, "k", "h")
    assert preferences.change_preferences(zed, keys={"note": "k"}).keys["note"] == ["k"]
    settings.delete_project(project)
    assert preferences.change_preferences(ana, keys={"note": "k"}).keys["note"] == ["k"]


def test_what_one_has_already_may_stay_when_a_label_gets_that_key(
    ana: User, project: Project
) -> None:
    preferences.change_preferences(ana, keys={"skip": "k"})
    give_keys(project, "k", "n")
    preferences.change_preferences(ana, keys={"skip": "k", "note": "n"}, ahead=4)
    assert stored(ana) == {"keys": {"skip": ["k"]}, "ahead": 4}


def test_label_wins_over_an_action_in_its_project_only(
    ana: User, project: Project, image_project: Project
) -> None:
    preferences.change_preferences(ana, keys={"skip": "k"})
    give_keys(project, "z", "k")
    there = preferences.keys_for(ana, project)
    assert (there["undo"], there["skip"], there["note"]) == (["Backspace"], [], ["n"])
    assert preferences.keys_for(ana, image_project) == preferences.keys_of(ana)
    taken = [
        (each.action.name, each.key, each.label) for each in preferences.conflicts(ana, project)
    ]
    assert taken == [("skip", "k", "ham"), ("undo", "z", "spam")]
    assert preferences.conflicts(ana, image_project) == []


def test_default_of_a_later_version_gives_way_to_what_one_chose_before(ana: User) -> None:
    ana.desk = {"keys": {"skip": ["t"], "an_action_that_is_gone": ["q"]}}
    ana.save()
    now = preferences.keys_of(ana)
    assert (now["skip"], now["summary"]) == (["t"], [])
    assert set(now) == set(shortcuts.ACTIONS)
    preferences.change_preferences(ana, ahead=3)
    assert stored(ana) == {"keys": {"skip": ["t"]}, "ahead": 3}


@pytest.mark.parametrize("key", ["s", "z", "é", "ж", "猫", "+", "7", "0"])
def test_label_may_have_any_one_sign(olga: User, key: str) -> None:
    made = settings.create_project(olga, name="Mail", labels=["a", {"name": "b", "hotkey": key}])
    assert made.labels.get(name="b").hotkey == key


@pytest.mark.parametrize("key", ["?", "/", " ", "²", "٣", "Enter", "ArrowLeft", "\u200b", "İ"])
def test_label_gets_no_key_that_the_page_needs_or_that_is_none(olga: User, key: str) -> None:
    labels = ["a", {"name": "b", "hotkey": key}]
    assert (
        refused(settings.create_project, olga, name="Mail", labels=labels)["labels"][0] == "hotkey"
    )


# Habits ------------------------------------------------------------------------------------------


def test_habits_are_stored_where_they_differ(ana: User) -> None:
    given = {"ahead": 10, "spares": 0, "break_minutes": 15, "submit_at_once": False}
    now = preferences.change_preferences(ana, **given, reading_size="m")
    assert (now.ahead, now.spares, now.break_minutes, now.submit_at_once) == (10, 0, 15, False)
    assert stored(ana) == given
    assert preferences.preferences_of(User.objects.get(pk=ana.pk)) == now


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ahead", 0),
        ("ahead", 11),
        ("ahead", True),
        ("ahead", "3"),
        ("spares", -1),
        ("spares", 41),
        ("break_minutes", 14),
        ("break_minutes", 241),
        ("break_minutes", False),
        ("submit_at_once", 1),
        ("reading_size", "xl"),
        ("reading_size", ["m"]),
        ("colour", "red"),
    ],
)
def test_habit_out_of_range_is_refused_and_nothing_is_changed(
    ana: User, name: str, value: Any
) -> None:
    given = {"spares": 3, "keys": {"note": "w"}, name: value}
    assert set(refused(preferences.change_preferences, ana, **given)) == {name}
    assert stored(ana) == {}


# What is shown with an item ----------------------------------------------------------------------


def test_fields_are_shown_in_the_leads_order_and_missing_ones_left_out() -> None:
    project = Project(shown_fields=["sender", "size", "gone", "empty", "none", "read"])
    item = Item(meta={"read": False, "size": 3.5, "sender": "a@b", "empty": "", "none": None})
    assert preferences.shown(project, item) == [("sender", "a@b"), ("size", 3.5), ("read", False)]


def test_names_of_fields_come_from_the_first_items(
    project: Project, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    loop.bring_in(project, "a.jsonl", '{"text": "x", "b": 1, "a, c": 2}\n{"text": "y", "d": 1}\n')
    with django_assert_num_queries(1):
        assert preferences.field_names(project) == ["b", "a, c", "d"]


def test_shown_fields_are_a_setting(project: Project) -> None:
    settings.change_settings(project, shown_fields=["sender", "猫 ,"])
    assert Project.objects.get().shown_fields == ["sender", "猫 ,"]
    settings.change_settings(project, shown_fields=[])
    assert Project.objects.get().shown_fields == []


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ("sender", "field_name"),
        (None, "field_name"),
        ([5], "field_name"),
        ([""], "field_name"),
        ([" "], "field_name"),
        (["x" * 201], "field_name"),
        (["\x00"], "field_name"),
        (["a", "a"], "duplicate_name"),
        ([str(n) for n in range(11)], "too_many"),
    ],
)
def test_fields_that_cannot_be_are_refused(project: Project, given: Any, code: str) -> None:
    found = refused(settings.change_settings, project, name="Other", shown_fields=given)
    assert found["shown_fields"][0] == code
    assert Project.objects.get().name == "Mail"
