"""Two people edit at once, and a session ends while somebody types: in a real browser."""

from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse
from playwright.sync_api import BrowserContext, Page
from pytest_django.live_server_helper import LiveServer

from annotator.flow.projects import label_set, members, settings
from annotator.models import Project, User
from tests.views.in_browser import MARKS, listen, sign_in

pytestmark = MARKS

RESTORED = "Your input was restored. It is not saved yet."


@pytest.fixture
def opened(
    page: Page,
    context: BrowserContext,
    live_server: LiveServer,
    troubles: list[str],
    client: Client,
) -> Any:
    """Return a function that opens a page for a person."""

    def at(person: Any, name: Any, *args: Any) -> Any:
        sign_in(context, live_server, person)
        listen(page, troubles)
        page.goto(live_server.url + reverse(name, args=args))
        return page

    return at


@pytest.fixture
def settings_page(opened: Any, project: Project, olga: User) -> Any:
    """Olga's page of the project's settings; she has a password."""
    olga.set_password("correct horse staple")
    olga.save()
    return opened(olga, "settings", project.pk)


@pytest.fixture
def labels_page(opened: Any, project: Project, olga: User) -> Any:
    """Olga's page of the project's labels; she has a password."""
    olga.set_password("correct horse staple")
    olga.save()
    return opened(olga, "label_set", project.pk)


def log_in(page: Page, username: str = "olga") -> None:
    page.fill("[name=username]", username)
    page.fill("[name=password]", "correct horse staple")
    page.click("main button[type=submit]")
    page.wait_for_load_state()


def description(page: Page, number: Any = 0) -> Any:
    return page.locator(f"#labels [name=row-{number}-description]")


def stored(project: Project) -> Any:
    return Project.objects.get(pk=project.pk)


def drafts(page: Page) -> Any:
    return page.evaluate("Object.keys(sessionStorage).filter((key) => key.startsWith('winnow'))")


def save_labels(page: Page) -> None:
    page.click("#labels > .card > .actions button.primary")
    page.wait_for_load_state()


def save_settings(page: Page) -> None:
    page.click("form[action$='/settings'] .card > .actions button.primary")
    page.wait_for_load_state()


# Two people --------------------------------------------------------------------------------------


def test_stale_form_of_labels_keeps_what_came_meanwhile(
    labels_page: Any, project: Project, troubles: list[str]
) -> None:
    label_set.change_labels(project, ["spam", "ham", "refund"])
    description(labels_page).fill("went wrong")
    save_labels(labels_page)
    labels_page.locator(".notice.success", has_text="Labels saved.").wait_for()
    names = list(project.labels.values_list("name", "description"))
    assert names == [("spam", "went wrong"), ("ham", ""), ("refund", "")]
    assert troubles == []


@pytest.mark.parametrize(("button", "kept"), [("Keep theirs", "theirs"), ("Keep yours", "mine")])
def test_both_versions_are_shown_and_one_is_kept(
    settings_page: Any, project: Project, button: str, kept: str
) -> None:
    settings.change_settings(project, guidelines="theirs")
    settings_page.fill("#id_guidelines", "mine")
    settings_page.fill("#id_overlap", "3")
    save_settings(settings_page)
    panel = settings_page.locator(".clashes")
    assert panel.locator(".version-text").all_inner_texts() == ["theirs", "mine"]
    assert settings_page.input_value("#id_guidelines") == "mine"
    assert (stored(project).guidelines, stored(project).overlap) == ("theirs", 1)
    # Saving once more decides nothing.
    settings_page.focus("#id_name")
    with settings_page.expect_navigation():
        settings_page.keyboard.press("Enter")
    panel.wait_for()
    assert stored(project).guidelines == "theirs"
    panel.get_by_role("button", name=button).click()
    settings_page.locator(".notice.success").wait_for()
    assert (stored(project).guidelines, stored(project).overlap) == (kept, 3)
    settings_page.reload()
    assert settings_page.locator(".restored").count() == 0


# What was typed ----------------------------------------------------------------------------------


def test_reload_keeps_what_was_typed_until_it_is_saved(
    settings_page: Any, project: Project, troubles: list[str]
) -> None:
    settings_page.fill("#id_guidelines", "One\nTwo")
    settings_page.check("#id_auto_stop")
    settings_page.reload()
    assert settings_page.locator(".restored", has_text=RESTORED).count() == 1
    assert settings_page.input_value("#id_guidelines") == "One\nTwo"
    assert settings_page.is_checked("#id_auto_stop")
    save_settings(settings_page)
    assert settings_page.locator(".restored").count() == 0
    assert drafts(settings_page) == []
    assert stored(project).guidelines.splitlines() == ["One", "Two"]
    assert troubles == []


def test_each_form_of_a_page_keeps_its_own_until_it_is_saved(
    labels_page: Any, project: Project, troubles: list[str]
) -> None:
    description(labels_page, 1).fill("wanted")
    labels_page.fill("[name=split-names]", "later")
    labels_page.reload()
    assert labels_page.locator(".restored", has_text=RESTORED).count() == 2
    assert description(labels_page, 1).input_value() == "wanted"
    save_labels(labels_page)
    # The other form is not saved yet, and still has what was typed.
    assert labels_page.locator(".restored").count() == 1
    assert labels_page.input_value("[name=split-names]") == "later"
    assert project.labels.last().description == "wanted"
    assert troubles == []


def test_what_was_restored_can_be_discarded(settings_page: Any) -> None:
    settings_page.fill("#id_guidelines", "No.")
    settings_page.reload()
    settings_page.get_by_role("button", name="Discard").click()
    assert settings_page.input_value("#id_guidelines") == ""
    assert drafts(settings_page) == []
    settings_page.reload()
    assert settings_page.locator(".restored").count() == 0


def test_expired_session_asks_for_the_log_in_and_goes_on_where_it_was(
    labels_page: Any, project: Project
) -> None:
    description(labels_page).fill("typed for an hour")
    Session.objects.all().delete()
    save_labels(labels_page)
    assert "/login" in labels_page.url
    labels_page.locator("[data-kept]", has_text="is kept in this browser tab").wait_for()
    log_in(labels_page)
    assert labels_page.url.endswith(f"/projects/{project.pk}/labels")
    labels_page.locator("#labels .restored", has_text=RESTORED).wait_for()
    assert project.labels.first().description == ""
    save_labels(labels_page)
    assert project.labels.first().description == "typed for an hour"
    assert drafts(labels_page) == []


def test_log_in_from_a_refused_form_leads_to_its_page(labels_page: Any, project: Project) -> None:
    labels_page.fill("#labels textarea[name=labels]", "spam")
    save_labels(labels_page)
    assert labels_page.url.endswith("/settings/labels")
    Session.objects.all().delete()
    save_labels(labels_page)
    log_in(labels_page)
    assert labels_page.url.endswith(f"/projects/{project.pk}/labels")
    assert labels_page.input_value("#labels textarea[name=labels]") == "spam"


def test_form_that_is_older_than_the_log_in_leads_back_to_itself(
    settings_page: Any, context: BrowserContext, project: Project
) -> None:
    settings_page.fill("#id_guidelines", "Kept.")
    context.clear_cookies(name="csrftoken")
    save_settings(settings_page)
    settings_page.get_by_role("link", name="Back to the form").click()
    settings_page.locator(".restored").wait_for()
    save_settings(settings_page)
    assert stored(project).guidelines == "Kept."


def test_draft_that_somebody_overtook_is_a_conflict_and_overwrites_nothing(
    settings_page: Any, project: Project
) -> None:
    settings_page.fill("#id_guidelines", "mine")
    settings.change_settings(project, guidelines="theirs")
    settings_page.reload()
    assert settings_page.input_value("#id_guidelines") == "mine"
    save_settings(settings_page)
    assert settings_page.locator(".version-text").all_inner_texts() == ["theirs", "mine"]
    assert stored(project).guidelines == "theirs"


def test_draft_stays_with_its_label_when_rows_move(labels_page: Any, project: Project) -> None:
    description(labels_page, 1).fill("wanted")
    label_set.change_labels(project, ["ham", "new", "spam"])
    labels_page.reload()
    assert description(labels_page, 0).input_value() == "wanted"
    assert description(labels_page, 1).input_value() == ""


def test_nobody_sees_what_somebody_else_typed(
    settings_page: Any,
    context: BrowserContext,
    live_server: LiveServer,
    project: Project,
    lea: User,
) -> None:
    settings_page.fill("#id_guidelines", "Olga's secret")
    sign_in(context, live_server, lea)
    settings_page.reload()
    assert settings_page.input_value("#id_guidelines") == ""
    assert settings_page.locator(".restored").count() == 0


def test_logging_out_forgets_what_was_typed(settings_page: Any) -> None:
    settings_page.fill("#id_guidelines", "Olga's secret")
    assert len(drafts(settings_page)) == 1
    settings_page.locator("[popovertarget=own-menu]").click()
    settings_page.get_by_role("button", name="Log out").click()
    settings_page.wait_for_url("**/login**")
    assert drafts(settings_page) == []
    assert settings_page.locator("[data-kept]").is_hidden()


def test_passwords_are_never_kept(opened: Any, olga: User) -> None:
    olga.is_superuser = True
    olga.save()
    page = opened(olga, "users")
    page.fill("#id_username", "new")
    page.fill("#id_password", "do not keep me")
    kept = page.evaluate("JSON.stringify({...sessionStorage})")
    assert "new" in kept
    assert "do not keep me" not in kept


def test_region_of_an_expired_session_leads_to_the_log_in(
    opened: Any, project: Project, olga: User, zed: User
) -> None:
    olga.set_password("correct horse staple")
    olga.save()
    page = opened(olga, "members", project.pk)
    page.fill("#id_username", "zed")
    Session.objects.all().delete()
    page.get_by_role("button", name="Add", exact=True).click()
    page.wait_for_url("**/login?next=**")
    log_in(page)
    assert page.url.endswith(f"/projects/{project.pk}/members")
    assert page.input_value("#id_username") == "zed"
    page.get_by_role("button", name="Add", exact=True).click()
    page.locator(".row-name", has_text="zed").wait_for()
    assert page.locator(".restored").count() == 0


def test_region_that_cannot_be_sent_says_so(
    opened: Any, context: BrowserContext, project: Project, olga: User
) -> None:
    page = opened(olga, "members", project.pk)
    page.fill("#id_username", "zed")
    context.set_offline(True)
    page.get_by_role("button", name="Add", exact=True).click()
    page.locator(".not-sent", has_text="Nothing was saved").wait_for()
    assert page.input_value("#id_username") == "zed"


def test_role_that_two_changed_shows_both(
    opened: Any, project: Project, olga: User, ana: User
) -> None:
    page = opened(olga, "members", project.pk)
    members.add_member(project, "ana", "lead")
    page.select_option(f"#role-{ana.pk}", "admin")
    page.get_by_role("button", name="Change the role of ana").click()
    page.locator(".clashes").wait_for()
    assert page.locator(".version-text").all_inner_texts() == ["lead", "admin"]
    page.get_by_role("button", name="Keep yours").click()
    page.locator(".clashes").wait_for(state="detached")
    assert project.memberships.get(user=ana).role == "admin"
