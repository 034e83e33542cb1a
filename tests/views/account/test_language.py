"""In which language one reads: chosen once, it holds on every machine, on every page, in errors."""

import html
import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation
from pytest_django import DjangoAssertNumQueries

from annotator.flow.people import accounts
from annotator.flow.projects import locale
from annotator.flow.simulation import job
from annotator.i18n import stored_messages
from annotator.models import Import, Project, User
from tests import loop
from tests.given import Api, PutState, SignedIn

pytestmark = pytest.mark.django_db

GERMAN, ENGLISH = {"accept-language": "de-AT,de;q=0.9"}, {"accept-language": "en-GB,en;q=0.9"}
PASSWORD = "chaff-in-the-wind-7"


def tongue(answer: Any) -> Any:
    return re.search(r'<html lang="(\w+)"', answer.content.decode())[1]


def choose(client: Any, wanted: Any) -> Any:
    return client.post(reverse("choose_language"), {"language": wanted})


def log_in(client: Any, name: Any) -> Any:
    return client.post(reverse("login"), {"username": name, "password": PASSWORD})


# Choosing ----------------------------------------------------------------------------------------


def test_pages_are_in_the_language_of_the_browser(signed_in: SignedIn, ana: User) -> None:
    assert tongue(signed_in(ana).get("/projects/", headers=GERMAN)) == "de"
    assert tongue(signed_in(ana).get("/projects/", headers=ENGLISH)) == "en"
    assert tongue(signed_in(ana).get("/projects/", headers={"accept-language": "fr"})) == "en"


def test_chosen_language_holds_on_every_machine(signed_in: SignedIn, ana: User) -> None:
    assert choose(signed_in(ana), "de").url == reverse("account")
    assert tongue(signed_in(ana).get("/projects/", headers=ENGLISH)) == "de"


def test_what_is_said_of_the_choice_is_in_the_new_language(signed_in: SignedIn, ana: User) -> None:
    page = signed_in(ana).post(reverse("choose_language"), {"language": "de"}, follow=True)
    assert "Sprache geändert." in page.content.decode()
    assert '<option value="de" selected>Deutsch</option>' in page.content.decode()


def test_language_can_be_left_to_the_browser_again(signed_in: SignedIn, ana: User) -> None:
    client = signed_in(ana)
    choose(client, "de")
    choose(client, "")
    assert tongue(client.get("/projects/", headers=ENGLISH)) == "en"


def test_unknown_language_is_refused(signed_in: SignedIn, ana: User) -> None:
    assert choose(signed_in(ana), "tlh").status_code == 422
    assert loop.refreshed(ana).language == ""


def test_language_is_chosen_by_who_is_signed_in(client: Client) -> None:
    assert choose(client, "de").url.startswith("/login")
    assert client.get(reverse("choose_language")).status_code == 405


def test_browser_keeps_the_language_for_the_log_in(signed_in: SignedIn, ana: User) -> None:
    client = signed_in(ana)
    kept = choose(client, "de").cookies[settings.LANGUAGE_COOKIE_NAME]
    assert (kept["httponly"], kept["samesite"]) == (True, "Lax")
    client.post(reverse("logout"))
    assert tongue(client.get("/login", headers=ENGLISH)) == "de"


def test_new_machine_learns_the_language_with_the_log_in() -> None:
    user = accounts.create_user("anna", PASSWORD)
    locale.choose(user, "de")
    client = Client(headers=ENGLISH)
    assert tongue(client.get("/login")) == "en"
    log_in(client, "anna")
    client.post(reverse("logout"))
    assert tongue(client.get("/login")) == "de"


def test_nobody_reads_in_the_language_of_who_was_here_before(
    signed_in: SignedIn, ana: User
) -> None:
    client = signed_in(ana)
    choose(client, "de")
    client.post(reverse("logout"))
    accounts.create_user("bert", PASSWORD)
    log_in(client, "bert")
    assert tongue(client.get("/projects/", headers=ENGLISH)) == "en"
    client.post(reverse("logout"))
    assert tongue(client.get("/login", headers=ENGLISH)) == "en"


def test_language_costs_no_query(
    signed_in: SignedIn, ana: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = signed_in(ana)
    with CaptureQueriesContext(connection) as without:
        client.get("/projects/")
    locale.choose(ana, "de")
    with django_assert_num_queries(len(without)):
        client.get("/projects/")


# Errors ------------------------------------------------------------------------------------------


def test_errors_of_pages_are_in_ones_language(
    signed_in: SignedIn, zed: User, project: Project
) -> None:
    locale.choose(zed, "de")
    page = signed_in(zed).get(reverse("dashboard", args=[project.pk]))
    assert "Dieses Projekt gibt es nicht." in page.content.decode()


def test_pages_get_the_errors_of_the_api_in_ones_language(
    signed_in: SignedIn, zed: User, project: Project
) -> None:
    locale.choose(zed, "de")
    answer = signed_in(zed).get(f"/api/v1/projects/{project.pk}", headers=ENGLISH)
    assert answer.json()["detail"] == "Dieses Projekt gibt es nicht."


def test_programs_get_errors_in_the_language_they_ask_for(
    api: Api, zed: User, project: Project
) -> None:
    locale.choose(zed, "de")
    address = f"/api/v1/projects/{project.pk}"
    assert api(zed).get(address).json()["detail"] == "Project not found."
    answer = api(zed).get(address, headers=GERMAN)
    assert answer.json()["detail"] == "Dieses Projekt gibt es nicht."
    assert not answer.cookies


def test_form_says_what_is_wrong_in_ones_language(signed_in: SignedIn, ana: User) -> None:
    locale.choose(ana, "de")
    page = signed_in(ana).post(reverse("account"), {}).content.decode()
    assert "Dieses Feld ist zwingend erforderlich." in page


# Every page --------------------------------------------------------------------------------------


@pytest.fixture
def worked(put_state: PutState) -> Any:
    """A project with all that a page may show: imports, rounds, an estimate, a simulation."""
    return put_state(_worked)


def _worked() -> Project:
    project = loop.mail_project()
    ana, lea = map(loop.person, ("ana", "lea"))
    project.guidelines, project.target_value, project.hourly_rate = "Lies genau.", 0.9, 30
    project.save()
    loop.fill(project, 240)
    loop.bring_in(project, "rows.csv", "text,label\n,spam\nxyz,egg\n")
    loop.make_features(project)
    loop.label(project, ana, 60)
    loop.go_round(project)
    loop.label(project, ana, 150)
    loop.go_round(project)
    work = job.start(project, lea, file=None, strategies=["auto"], labels=20, seeds=1)
    while job.go_on(work.pk) is not None:
        pass
    return loop.refreshed(project)


PAGES = [
    *("label:desk", "dashboard", "imports", "simulations", "settings", "members"),
    *("items", "bulk:page"),
    *("projects", "new_project", "users", "account", "desk_preferences"),
]


class Shown(HTMLParser):
    """Collects the texts of a page, seen or read aloud."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def handle_starttag(self, tag: Any, attrs: Any) -> None:
        spoken = {"title", "aria-label", "placeholder", "alt"}
        self.texts += [value for name, value in attrs if name in spoken and value]

    def handle_data(self, data: Any) -> None:
        self.texts.append(data)


def untranslated(page: str) -> list[str]:
    """Return the texts of a German page that can be said in German, with holes and without."""
    reader = Shown()
    reader.feed(page)
    with translation.override("de"):
        said = [(text, stored_messages.translated(text)) for text in map(_plain, reader.texts)]
    # A language is called what its readers call it, and a label is a “Label” in German, too.
    names = {*dict(settings.LANGUAGES).values(), "Label"}
    return [text for text, german in said if german != text and text not in names]


def _plain(text: str) -> str:
    return " ".join(text.split())


def address(name: Any, project: Project) -> str:
    return reverse(name, args=[project.pk] if name in PAGES[:8] else [])


@pytest.fixture
def german(signed_in: SignedIn, db: Any) -> Any:
    """The browser of somebody who may see everything, in German."""
    return signed_in(User.objects.create_superuser("rosa", language="de"))


def test_every_page_is_german(german: Any, worked: Any) -> None:
    for name in PAGES:
        answer = german.get(address(name, worked))
        assert (name, answer.status_code, tongue(answer)) == (name, 200, "de")
        assert (name, untranslated(answer.content.decode())) == (name, [])


def test_bulk_desk_with_its_items_is_german(german: Any, sure: Project) -> None:
    page = german.get(f"{address('bulk:page', sure)}?label=spam").content.decode()
    assert "Sind das alles" in page
    assert untranslated(page) == []


@pytest.mark.parametrize("path", ["/login", "/nowhere", "/projects/1/"])
def test_pages_before_the_log_in_are_german(client: Client, path: str) -> None:
    page = client.get(path, headers=GERMAN, follow=True)
    assert tongue(page) == "de"
    assert untranslated(page.content.decode()) == []


def test_english_left_on_a_page_is_found(signed_in: SignedIn, ana: User) -> None:
    found = untranslated(signed_in(ana).get("/account/", headers=ENGLISH).content.decode())
    assert {"Change preferences", "Log out", "Skip to the content"} <= set(found)


def test_numbers_are_written_in_german(german: Any, worked: Any) -> None:
    page = german.get(address("dashboard", worked)).content.decode()
    assert re.search(r"<dd>\d+,\d\d</dd>", page)
    chart = german.get(reverse("chart", args=[worked.pk, "uncertainty", "svg"])).content.decode()
    assert ">0,2<" in chart


def test_chart_of_another_language_is_another_picture(
    signed_in: SignedIn, lea: User, worked: Any
) -> None:
    def pictures(headers: Any) -> Any:
        page = signed_in(lea).get(address("dashboard", worked), headers=headers)
        return set(re.findall(r'charts/[^"]*language[^"]*"', page.content.decode()))

    assert not pictures(GERMAN) & pictures(ENGLISH)


def test_desk_gives_its_script_german_words(german: Any, worked: Any) -> None:
    page = german.get(address("label:desk", worked)).content.decode()
    config = json.loads(re.search(r'id="desk-config"[^>]*>(.*?)</script>', page)[1])
    assert config["words"]["standings"]["saved"] == "Gespeichert"
    assert config["language"] == "de"


# What workers stored -----------------------------------------------------------------------------


def test_rejected_rows_are_explained_in_the_readers_language(
    signed_in: SignedIn, olga: User, project: Project
) -> None:
    loop.bring_in(project, "rows.csv", "text,label\n,spam\nxyz,hamm\n")
    assert [error["detail"] for error in Import.objects.get().errors] == [
        "The text is empty.",
        "“hamm” isn't a label in this project. Did you mean “ham”?",
    ]
    page = signed_in(olga).get(reverse("imports", args=[project.pk]), headers=GERMAN)
    shown = html.unescape(page.content.decode())
    assert "Der Text ist leer." in shown
    assert "„hamm“ ist kein Label dieses Projekts. Meinten Sie „ham“?" in shown


def test_worker_stores_english_whoever_stopped_it(
    signed_in: SignedIn, lea: User, project: Project
) -> None:
    loop.fill(project, 10)
    loop.make_features(project)
    locale.choose(lea, "de")
    content = "text,label\n" + "".join(f"{loop.text(i)},spam\n" for i in range(9))
    file = SimpleUploadedFile("mail.csv", content.encode())
    work = job.start(project, lea, file=file, strategies=["auto"], labels=5, seeds=1)
    client = signed_in(lea)
    client.post(reverse("stop_simulation", args=[project.pk, work.pk]))
    assert loop.refreshed(work).error == "Stopped by lea."
    page = client.get(reverse("simulations", args=[project.pk])).content.decode()
    assert "Von lea angehalten." in page


def test_reason_of_an_item_is_told_in_the_readers_language(
    signed_in: SignedIn, ana: User, project: Project
) -> None:
    # Without audits nothing comes blind.
    project.audit_share = 0
    project.save()
    loop.fill(project, 10)
    page = signed_in(ana).get(reverse("label:desk", args=[project.pk]), headers=GERMAN)
    assert "Zufällig gezogen." in page.content.decode()
