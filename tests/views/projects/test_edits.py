"""Forms that were loaded before somebody else saved: they merge, or show both versions."""

import html
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from annotator.flow.annotation import adjudicate
from annotator.flow.projects import label_set, members, preferences, settings
from annotator.models import Disagreement, Membership, Project, User
from tests import loop
from tests.given import Region, SignedIn

pytestmark = pytest.mark.django_db

FIELD = re.compile(r'<input type="hidden" name="([^"]*(?:loaded|seen|decision))" value="([^"]*)"')


def at(project: Project, name: str = "settings", *more: Any) -> str:
    return reverse(name, args=[project.pk, *more])


def hidden(page: Any) -> Any:
    """The hidden fields of a page with what it had loaded."""
    return {name: html.unescape(value) for name, value in FIELD.findall(page)}


def part(page: Any, start: Any, end: str = "</form>") -> Any:
    """The part of a page from `start` on, up to the end of that form."""
    return page[page.index(start) :].partition(end)[0]


@pytest.fixture
def lead(signed_in: SignedIn, lea: User) -> Any:
    return signed_in(lea)


@pytest.fixture
def admin(signed_in: SignedIn, olga: User) -> Any:
    return signed_in(olga)


def shown_settings(project: Project) -> Any:
    """What the form of the settings sends when nothing is typed."""
    from annotator.views.projects.settings_form import SettingsForm

    form = SettingsForm(instance=Project.objects.get(pk=project.pk))
    values = {name: form[name].value() for name in form.fields}
    sent = {name: value for name, value in values.items() if value not in (None, False)}
    return sent | hidden(str(form.stamps_input()))


def shown_labels(client: Any, project: Project) -> Any:
    """What the form of the labels sends when nothing is typed."""
    page = part(client.get(at(project, "label_set")).content.decode(), 'id="labels"')
    rows = list(project.labels.all())
    sent = {"row-TOTAL_FORMS": len(rows), "row-INITIAL_FORMS": len(rows), "labels": ""}
    for number, label in enumerate(rows):
        values = {"id": label.pk, "name": label.name, "hotkey": label.hotkey}
        values |= {"description": label.description, "examples": label.examples}
        sent |= {f"row-{number}-{field}": value for field, value in values.items()}
    return sent | hidden(page)


# Settings ----------------------------------------------------------------------------------------


def test_settings_that_others_changed_meanwhile_stay(lead: Any, project: Project) -> None:
    sent = shown_settings(project) | {"batch_size": "50"}
    settings.change_settings(
        project, guidelines="New.", audit_share=0.123456789, shown_fields=["a"]
    )
    assert lead.post(at(project), sent).status_code == 302
    project.refresh_from_db()
    assert (project.batch_size, project.guidelines) == (50, "New.")
    assert (project.audit_share, project.shown_fields) == (0.123456789, ["a"])


def test_saving_unchanged_does_not_round_what_is_stored(lead: Any, project: Project) -> None:
    settings.change_settings(project, audit_share=1 / 3, guidelines="  a\n\nb  ")
    assert lead.post(at(project), shown_settings(project)).status_code == 302
    project.refresh_from_db()
    assert (project.audit_share, project.guidelines) == (1 / 3, "  a\n\nb  ")


def test_same_setting_is_409_with_both_versions_and_what_was_typed(
    lead: Any, project: Project
) -> None:
    sent = shown_settings(project) | {"audit_share": "25", "batch_size": "50", "seed": "x"}
    settings.change_settings(project, audit_share=0.3, seed=11)
    # Errors are shown first; the conflict once they are corrected.
    assert lead.post(at(project), sent).status_code == 422
    answer = lead.post(at(project), sent | {"seed": "7"})
    page = answer.content.decode()
    assert answer.status_code == 409
    assert re.findall(r'version-text"[^>]*>([^<]*)<', page) == ["30", "25"]
    assert 'name="batch_size" value="50"' in page
    project.refresh_from_db()
    assert (project.audit_share, project.batch_size) == (0.3, 20)


@pytest.mark.parametrize(("version", "kept"), [("mine", 0.25), ("theirs", 0.3)])
def test_each_of_two_clashes_is_decided_on_its_own(
    lead: Any, project: Project, version: str, kept: float
) -> None:
    sent = shown_settings(project) | {"audit_share": "25", "name": "Mine"}
    settings.change_settings(project, audit_share=0.3, name="Theirs")
    first = lead.post(at(project), sent).content.decode()
    decided = lead.post(at(project), sent | hidden(first) | {"keep": f"{version}:audit_share"})
    page = decided.content.decode()
    assert decided.status_code == 409
    assert "keep yours: " in page.lower()
    assert re.findall(r'value="mine:(\w+)"', page) == ["name"]
    typed = {"audit_share": re.search(r'name="audit_share" value="(\d+)"', page)[1]}
    last = sent | typed | hidden(page) | {"keep": "theirs:name"}
    assert lead.post(at(project), last).status_code == 302
    project.refresh_from_db()
    assert (project.audit_share, project.name) == (kept, "Theirs")


def test_third_change_after_both_were_seen_is_a_conflict_again(lead: Any, project: Project) -> None:
    sent = shown_settings(project) | {"guidelines": "mine"}
    settings.change_settings(project, guidelines="theirs")
    page = lead.post(at(project), sent).content.decode()
    settings.change_settings(project, guidelines="another")
    again = lead.post(at(project), sent | hidden(page) | {"keep": "mine:guidelines"})
    assert again.status_code == 409
    project.refresh_from_db()
    assert project.guidelines == "another"


def test_label_that_went_is_no_error_of_who_did_not_choose_it(lead: Any, project: Project) -> None:
    settings.change_project(project, labels=["spam", "ham", "other"], rare_label="other")
    sent = shown_settings(project) | {"name": "Post"}
    settings.change_project(project, labels=["spam", "ham"])
    assert lead.post(at(project), sent).status_code == 302
    project.refresh_from_db()
    assert (project.name, project.rare_label) == ("Post", None)


@pytest.mark.parametrize("stamps", ["", "no json", "[]", '{"name": 5}', '{"guidelines": "00"}'])
def test_stamps_that_were_tampered_with_break_nothing(
    lead: Any, project: Project, stamps: str
) -> None:
    sent = shown_settings(project) | {"loaded": stamps, "batch_size": "50", "keep": "mine:name"}
    assert lead.post(at(project), sent).status_code in (302, 409)


# Labels ------------------------------------------------------------------------------------------


def test_label_that_somebody_added_stays(admin: Any, project: Project) -> None:
    sent = shown_labels(admin, project)
    label_set.change_labels(project, ["new", "spam", "ham"])
    sent |= {"row-0-description": "went wrong", "labels": "last"}
    assert admin.post(at(project, "labels"), sent).status_code == 302
    names = list(project.labels.values_list("name", "description"))
    assert names == [("new", ""), ("spam", "went wrong"), ("ham", ""), ("last", "")]


def test_description_of_one_line_is_an_input_and_a_longer_one_keeps_its_lines(
    admin: Any, project: Project
) -> None:
    long = {"name": "ham", "description": "Wanted.\nAlso what only looks like an offer."}
    label_set.change_labels(project, [{"name": "spam", "description": "Unwanted."}, long])
    page = part(admin.get(at(project, "label_set")).content.decode(), 'id="labels"')
    assert re.search(r'<input[^>]* name="row-0-description" value="Unwanted."', page)
    assert re.search(r'<textarea name="row-1-description"', page)
    typed = "What a stranger sells, with a link or a number to call. " * 2
    sent = shown_labels(admin, project) | {"row-0-description": typed, "row-0-name": ""}
    refused = admin.post(at(project, "labels"), sent).content.decode()
    assert re.search(r'<textarea name="row-0-description"', refused)
    assert admin.post(at(project, "labels"), sent | {"row-0-name": "spam"}).status_code == 302
    stored = list(project.labels.values_list("description", flat=True))
    assert stored == [typed.strip(), long["description"]]


@pytest.mark.parametrize(("version", "kept"), [("mine", "junk"), ("theirs", "trash")])
def test_two_new_names_of_a_label_are_shown(
    admin: Any, project: Project, version: str, kept: str
) -> None:
    spam = project.labels.get(name="spam")
    sent = shown_labels(admin, project) | {"row-0-name": "junk", "row-1-hotkey": "h"}
    label_set.change_labels(project, [{"id": spam.pk, "name": "trash"}, "ham"])
    answer = admin.post(at(project, "labels"), sent)
    page = part(answer.content.decode(), 'id="labels"')
    assert answer.status_code == 409
    assert re.findall(r'version-text"[^>]*>([^<]*)<', page) == ["trash", "junk"]
    decided = sent | hidden(page) | {"keep": f"{version}:row-0-name"}
    assert admin.post(at(project, "labels"), decided).status_code == 302
    assert list(project.labels.values_list("name", "hotkey")) == [(kept, ""), ("ham", "h")]


@pytest.mark.parametrize(
    ("version", "names"), [("mine", ["spam", "ham", "rest"]), ("theirs", ["spam", "ham"])]
)
def test_label_that_went_while_it_was_renamed(
    admin: Any, project: Project, version: str, names: Any
) -> None:
    label_set.change_labels(project, ["spam", "ham", "other"])
    sent = shown_labels(admin, project) | {"row-2-name": "rest"}
    label_set.change_labels(project, ["spam", "ham"])
    answer = admin.post(at(project, "labels"), sent)
    page = part(answer.content.decode(), 'id="labels"')
    assert answer.status_code == 409
    assert "removed" in page
    decided = sent | hidden(page) | {"keep": f"{version}:row-2-remove"}
    assert admin.post(at(project, "labels"), decided).status_code == 302
    assert list(project.labels.values_list("name", flat=True)) == names


@pytest.mark.parametrize(
    ("version", "names"), [("mine", ["spam", "ham"]), ("theirs", ["spam", "ham", "other"])]
)
def test_label_that_is_removed_while_somebody_describes_it(
    admin: Any, project: Project, version: str, names: Any
) -> None:
    label_set.change_labels(project, ["spam", "ham", "other"])
    sent = shown_labels(admin, project) | {"row-2-remove": "on"}
    label_set.change_labels(project, ["spam", "ham", {"name": "other", "description": "the rest"}])
    answer = admin.post(at(project, "labels"), sent)
    page = part(answer.content.decode(), 'id="labels"')
    assert answer.status_code == 409
    assert "the rest" in page
    decided = sent | hidden(page) | {"keep": f"{version}:row-2-remove"}
    assert admin.post(at(project, "labels"), decided).status_code == 302
    assert list(project.labels.values_list("name", flat=True)) == names


# Members -----------------------------------------------------------------------------------------


def role_of(project: Project, user: User) -> Any:
    return Membership.objects.filter(project=project, user=user).values_list("role").first()


def test_role_that_somebody_changed_is_not_overwritten(
    admin: Any, project: Project, ana: User
) -> None:
    page = admin.get(at(project, "members")).content.decode()
    sent = hidden(part(page, at(project, "change_member", ana.pk)))
    members.add_member(project, "ana", "lead")
    answer = admin.post(at(project, "change_member", ana.pk), sent | {"role": "admin"})
    assert answer.status_code == 409
    assert role_of(project, ana) == ("lead",)
    again = hidden(part(answer.content.decode(), at(project, "change_member", ana.pk)))
    chosen = {"role": "admin", "keep": "mine:role"}
    assert admin.post(at(project, "change_member", ana.pk), again | chosen).status_code == 302
    assert role_of(project, ana) == ("admin",)


@pytest.mark.parametrize(("version", "role"), [("mine", None), ("theirs", ("admin",))])
def test_member_who_was_given_a_role_is_not_removed_unseen(
    admin: Any, project: Project, ana: User, version: str, role: Any
) -> None:
    page = admin.get(at(project, "remove_member", ana.pk)).content.decode()
    sent = hidden(part(page, at(project, "remove_member", ana.pk)))
    members.add_member(project, "ana", "admin")
    answer = admin.post(at(project, "remove_member", ana.pk), sent)
    assert answer.status_code == 409
    again = hidden(part(answer.content.decode(), at(project, "remove_member", ana.pk)))
    decided = again | {"keep": f"{version}:role"}
    assert admin.post(at(project, "remove_member", ana.pk), decided).status_code == 302
    assert role_of(project, ana) == role


def test_member_is_not_added_over_the_role_that_they_have(
    admin: Any, project: Project, lea: User
) -> None:
    answer = admin.post(at(project, "add_member"), {"username": "lea", "role": "annotator"})
    assert answer.status_code == 422
    assert "lea is already a member, with the role lead." in answer.content.decode()
    assert role_of(project, lea) == ("lead",)


def test_region_tells_that_a_member_is_gone(
    admin: Any, project: Project, ana: User, region: Region
) -> None:
    members.remove_member(project, ana)
    answer = admin.post(at(project, "remove_member", ana.pk), headers=region("members"))
    assert answer.status_code == 422
    assert "a member of the project" in answer.content.decode()


# A person's own desk -----------------------------------------------------------------------------


def test_habit_of_another_tab_stays(signed_in: SignedIn, ana: User) -> None:
    client, page = signed_in(ana), reverse("desk_preferences")
    sent = hidden(client.get(page).content.decode())
    sent |= {"submit_at_once": "on", "reading_size": "m", "break_minutes": 0, "spares": 20}
    preferences.change_preferences(ana, reading_size="l")
    assert client.post(page, sent | {"ahead": "5"}).status_code == 302
    now = preferences.preferences_of(User.objects.get(pk=ana.pk))
    assert (now.ahead, now.reading_size) == (5, "l")
    answer = client.post(page, sent | {"ahead": "5", "reading_size": "s"})
    assert answer.status_code == 409
    assert re.findall(r'version-text"[^>]*>([^<]*)<', answer.content.decode()) == ["large", "small"]


# Disagreements -----------------------------------------------------------------------------------


@pytest.fixture
def torn(project: Project, ana: User, ben: User) -> Any:
    """Ana says spam and Ben ham of the only item."""
    loop.differ(project, ana, ben, 1)
    return Disagreement.objects.get()


def test_decision_of_another_lead_is_not_overwritten_unseen(
    lead: Any, project: Project, torn: Any, olga: User, region: Region
) -> None:
    item = torn.item_id
    sent = hidden(lead.get(at(project, "disagreements")).content.decode())
    adjudicate.decide(project, olga, item, ["ham"], "by the book")
    said = {"labels": "spam", "note": "half an hour's thought"}
    headers = region(f"disagreement-{item}")
    answer = lead.post(at(project, "settle", item), sent | said, headers=headers)
    card = html.unescape(answer.content.decode())
    assert answer.status_code == 409
    assert "olga decided “ham” in the meantime" in card
    assert "Not saved. You chose: spam." in card
    assert 'value="half an hour\'s thought"' in card
    assert adjudicate.find(project, item).decision.user == olga
    again = lead.post(at(project, "settle", item), hidden(card) | said, headers=headers)
    assert again.status_code == 200
    assert adjudicate.find(project, item).decision.user.username == "lea"


def test_decision_that_was_changed_is_not_taken_back_unseen(
    lead: Any, project: Project, torn: Any, lea: User, olga: User
) -> None:
    adjudicate.decide(project, lea, torn.item_id, ["spam"])
    page = lead.get(at(project, "disagreements") + "?state=decided").content.decode()
    made = adjudicate.find(project, torn.item_id).decision
    adjudicate.decide(project, olga, torn.item_id, ["ham"], replaces=made.pk)
    lead.post(at(project, "unsettle", torn.item_id), hidden(page))
    assert adjudicate.find(project, torn.item_id).decision.user == olga


def test_refused_decision_keeps_its_note(
    lead: Any, project: Project, torn: Any, region: Region
) -> None:
    item = torn.item_id
    said = {"labels": "nonsense", "note": "kept"}
    headers = region(f"disagreement-{item}")
    answer = lead.post(at(project, "settle", item), said, headers=headers)
    assert answer.status_code == 422
    assert 'name="note" value="kept"' in answer.content.decode()


# Signing in again --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent_from", "back"),
    [
        ("/projects/{}/settings?x=1", "/projects/{}/settings?x=1"),
        ("/projects/{}/settings/labels", "/projects/{}/labels"),
        ("", "/projects/{}/labels"),
        ("http://elsewhere.example/x", "/projects/{}/labels"),
        ("//elsewhere.example/x", "/projects/"),
    ],
)
def test_form_without_a_session_comes_back_to_its_page(
    client: Client, project: Project, sent_from: str, back: str
) -> None:
    own = sent_from.startswith("/")
    referer = ("http://testserver" if own else "") + sent_from.format(project.pk)
    answer = client.post(at(project, "labels"), {}, headers={"Referer": referer})
    assert answer.status_code == 302
    assert answer.url.replace("%3F", "?").replace("%3D", "=") == "/login?next=" + back.format(
        project.pk
    )


@pytest.mark.parametrize(
    ("name", "told"), [("abc12345", True), ("", False), ("x y; path=/", False), ("A" * 20, False)]
)
def test_only_a_form_that_is_saved_names_its_draft(
    lead: Any, client: Client, project: Project, name: str, told: bool
) -> None:
    sent = shown_settings(project) | {"draft": name}
    saved = lead.post(at(project), sent)
    assert saved.cookies.get("winnow_saved", None) is not None or not told
    assert ("winnow_saved" in saved.cookies) == told
    for refused in (lead.post(at(project), sent | {"name": ""}), client.post(at(project), sent)):
        assert "winnow_saved" not in refused.cookies
