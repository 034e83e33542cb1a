"""Who may open what, for every address of a project and every role."""

from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from annotator.models import Project, User
from tests.given import Region, SignedIn

pytestmark = pytest.mark.django_db

# Each address with the least role it is for, how it is asked, and what that role gets.
PAGES = [
    ("label:desk", "ana", "get"),
    ("label:submit", "ana", "post"),
    ("label:skip", "ana", "post"),
    ("label:undo", "ana", "post"),
    ("bulk:page", "ana", "get"),
    ("bulk:confirm", "ana", "post"),
    ("bulk:undo", "ana", "post"),
    ("bulk:keep", "ana", "post"),
    ("bulk:leave", "ana", "post"),
    ("dashboard", "ana", "get"),
    ("start_round", "lea", "post"),
    ("status", "lea", "get"),
    ("map", "lea", "get"),
    ("quality", "lea", "get"),
    ("own_work", "ana", "get"),
    ("summary", "lea", "get"),
    ("deliver", "lea", "get"),
    ("deliver", "lea", "post"),
    ("deliver_curve", "lea", "get"),
    ("put_back", "lea", "post"),
    ("prove", "lea", "post"),
    ("items", "lea", "get"),
    ("disagreements", "lea", "get"),
    ("settings", "lea", "get"),
    ("settings", "lea", "post"),
    ("labels", "lea", "post"),
    ("label_set", "lea", "get"),
    ("merge_labels", "lea", "post"),
    ("split_label", "lea", "post"),
    ("label_edits", "lea", "get"),
    ("guidelines", "ana", "get"),
    ("guidelines", "lea", "post"),
    ("confirm_guidelines", "ana", "post"),
    ("add_guideline_picture", "lea", "post"),
    ("delete_project", "olga", "post"),
    ("imports", "olga", "get"),
    ("imports", "olga", "post"),
    ("preview_import", "olga", "post"),
    ("members", "olga", "get"),
    ("add_member", "olga", "post"),
    ("invite_member", "olga", "post"),
]
ROLES = ["ana", "lea", "olga"]


def ask(client: Any, name: Any, method: Any, project: Project, *more: Any, **query: Any) -> Any:
    return getattr(client, method)(reverse(name, args=[project.pk, *more]), **query)


def test_stranger_gets_404_for_everything_of_a_project(
    signed_in: SignedIn, zed: User, project: Project
) -> None:
    client = signed_in(zed)
    for name, _least, method in PAGES:
        assert ask(client, name, method, project).status_code == 404, (name, method)


def test_nobody_is_sent_to_the_login(client: Client, project: Project) -> None:
    for name, _least, method in PAGES:
        answer = ask(client, name, method, project)
        assert answer.status_code == 302, (name, method)
        assert answer.url.startswith("/login?next=/projects/")


@pytest.mark.parametrize("who", ROLES)
def test_role_decides(
    signed_in: SignedIn, request: pytest.FixtureRequest, project: Project, who: Any
) -> None:
    client = signed_in(request.getfixturevalue(who))
    for name, least, method in PAGES:
        with transaction.atomic():
            answer = ask(client, name, method, project)
            # Its changes are rolled back, so that the next one finds everything as it was.
            transaction.set_rollback(True)
        allowed = ROLES.index(who) >= ROLES.index(least)
        assert (answer.status_code == 403) is not allowed, (name, method)
        assert answer.status_code < 500, (name, method)


@pytest.mark.parametrize(
    "name", ["change_member", "remove_member", "renew_invitation", "withdraw_invitation"]
)
def test_members_are_changed_by_admins_only(
    signed_in: SignedIn, lea: User, zed: User, ana: User, project: Project, name: str
) -> None:
    assert ask(signed_in(zed), name, "post", project, ana.pk).status_code == 404
    assert ask(signed_in(lea), name, "post", project, ana.pk).status_code == 403


@pytest.mark.parametrize("name", ["settle", "unsettle"])
def test_disagreements_are_settled_by_leads_only(
    signed_in: SignedIn, lea: User, zed: User, ana: User, project: Project, name: str
) -> None:
    for who, status in ((zed, 404), (ana, 403), (lea, 404)):
        assert ask(signed_in(who), name, "post", project, 1).status_code == status


def test_chart_is_for_leads(
    signed_in: SignedIn, lea: User, ana: User, zed: User, project: Project
) -> None:
    assert ask(signed_in(zed), "chart", "get", project, "curve", "svg").status_code == 404
    assert ask(signed_in(ana), "chart", "get", project, "curve", "svg").status_code == 403
    assert ask(signed_in(lea), "chart", "get", project, "curve", "svg").status_code == 200
    assert ask(signed_in(lea), "chart", "get", project, "nonsense", "svg").status_code == 404


def test_deleted_project_is_gone_for_its_members_too(
    signed_in: SignedIn, ana: User, project: Project
) -> None:
    from annotator.flow.projects import settings

    settings.delete_project(project)
    assert ask(signed_in(ana), "label:desk", "get", project).status_code == 404


@pytest.mark.parametrize("pk", [0, 987654321, 10**30])
def test_project_that_never_was_is_404(signed_in: SignedIn, ana: User, pk: Any) -> None:
    assert signed_in(ana).get(f"/projects/{pk}/label").status_code == 404


def test_poll_of_a_signed_out_page_goes_to_the_login_as_a_whole(
    client: Client, project: Project, region: Region
) -> None:
    headers = {**region("live"), "HX-Current-URL": "http://testserver/projects/1/"}
    answer = client.get(reverse("dashboard", args=[project.pk]), headers=headers)
    assert answer.headers["HX-Redirect"] == "/login?next=/projects/1/"


def test_save_of_a_signed_out_page_stays_where_it_is(
    client: Client, project: Project, region: Region
) -> None:
    answer = client.post(reverse("label:submit", args=[project.pk]), headers=region("desk"))
    assert answer.status_code == 401
    assert "HX-Redirect" not in answer.headers


def test_private_pages_are_not_kept_by_caches(
    signed_in: SignedIn, ana: User, project: Project
) -> None:
    answer = ask(signed_in(ana), "label:desk", "get", project)
    assert "no-store" in answer.headers["Cache-Control"]


def test_refusal_names_the_role_in_words(signed_in: SignedIn, ana: User, project: Project) -> None:
    answer = ask(signed_in(ana), "settings", "get", project)
    assert "You don't have access" in answer.content.decode()
