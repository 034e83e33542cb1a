"""The help page, which every page links to."""

from typing import Any

from django.test import Client
from django.urls import reverse

from annotator.flow.projects import preferences
from annotator.models import User
from tests.given import SignedIn


def test_every_page_of_a_signed_in_person_links_to_it(signed_in: SignedIn, ana: User) -> None:
    page = signed_in(ana).get(reverse("projects")).content.decode()
    menu = page.split('id="own-menu"')[1].split("</nav>")[0]
    assert f'<a href="{reverse("help")}">' in menu


def test_it_shows_the_readers_own_keys(signed_in: SignedIn, ana: User) -> None:
    client, page = signed_in(ana), reverse("help")
    assert "<kbd>Q</kbd>" not in client.get(page).content.decode()
    preferences.change_preferences(ana, keys={"skip": "q"})
    shown = client.get(page).content.decode()
    assert "<kbd>Q</kbd>" in shown
    assert "<kbd>Z</kbd> <kbd>⌫</kbd>" in shown


def test_only_admins_of_the_installation_read_how_to_set_up_a_project(
    signed_in: SignedIn, ana: User, admin_user: Any
) -> None:
    words = "Set up a project"
    assert words not in signed_in(ana).get(reverse("help")).content.decode()
    assert words in signed_in(admin_user).get(reverse("help")).content.decode()


def test_its_link_to_the_api_documentation_opens(signed_in: SignedIn, ana: User) -> None:
    client = signed_in(ana)
    assert f'href="{reverse("api-docs")}"' in client.get(reverse("help")).content.decode()
    assert client.get(reverse("api-docs")).status_code == 200


def test_strangers_are_asked_to_sign_in(db: Any) -> None:
    assert Client().get(reverse("help")).url == "/login?next=/help"
