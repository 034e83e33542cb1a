"""Guidelines: Markdown made safe, versions, pictures, and who confirmed what changed."""

import io
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from PIL import Image
from pytest_django import DjangoAssertNumQueries

from annotator.flow.projects import guidelines, members, settings
from annotator.formats.markdown import rendered
from annotator.models import GuidelinePicture, GuidelineVersion, Project, User
from tests import loop
from tests.given import Api, Fill, SignedIn

pytestmark = pytest.mark.django_db


def at(project: Project, name: str = "guidelines", *more: Any) -> str:
    return reverse(name, args=[project.pk, *more])


def seen(project: Project, user: User) -> Project:
    return members.load_project(user, project.pk)


@pytest.fixture
def lead(signed_in: SignedIn, lea: User) -> Client:
    return signed_in(lea)


def png(name: str = "a <b>.png") -> SimpleUploadedFile:
    file = io.BytesIO()
    Image.new("RGB", (20, 10), "red").save(file, "PNG")
    return SimpleUploadedFile(name, file.getvalue(), "text/html")


# Markdown -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "<img src=x onerror=alert(1)>",
        "<script>alert(1)</script>",
        "<iframe src='//evil.example'></iframe>",
        "<style>body{display:none}</style>",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt&colon;alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "[x](vbscript:msgbox)",
        "![x](https://evil.example/pixel.png)",
        "![x](data:image/png;base64,AAAA)",
        "![x](picture:../../secret)",
        "![x](/media/items/1)",
        "<a href='javascript:alert(1)'>x</a>",
        '![x" onerror="alert(1)](picture:0123456789abcdef0123456789abcdef)',
        "<svg/onload=alert(1)>",
        "# <form action=//evil.example>",
    ],
)
def test_nothing_runs_and_nothing_is_loaded_from_elsewhere(text: str) -> None:
    from html.parser import HTMLParser

    found: list[tuple[str, dict[str, Any]]] = []

    class Tags(HTMLParser):
        def handle_starttag(self, tag: str, attrs: Any) -> None:
            found.append((tag, dict(attrs)))

    Tags().feed(rendered(7, text))
    tags = {tag for tag, _attrs in found}
    assert not tags & {"script", "iframe", "style", "svg", "form", "object", "embed"}
    for tag, attrs in found:
        assert not [name for name in attrs if name.startswith("on") or name == "style"]
        assert attrs.get("src", "/projects/7/guidelines/").startswith("/projects/7/guidelines/")
        assert not attrs.get("href", "").lower().startswith(("javascript", "data", "vbscript")), tag


def test_usual_markdown_is_shown() -> None:
    html = rendered(7, "# One\n\n**bold** [link](https://example.org)\n\n- a\n- b\n\n|a|\n|-|\n|1|")
    assert "<h3>One</h3>" in html
    assert "<strong>bold</strong>" in html
    assert 'href="https://example.org"' in html
    assert 'rel="noopener noreferrer nofollow"' in html
    assert "<li>a</li>" in html
    assert "<td>1</td>" in html


# Versions -----------------------------------------------------------------------------------------


def test_every_change_is_a_version_with_its_author(
    lead: Client, lea: User, project: Project
) -> None:
    Project.objects.filter(pk=project.pk).update(guidelines="Old.")
    page = lead.get(at(project)).content.decode()
    assert "<p>Old.</p>" in page
    assert lead.post(at(project), {"guidelines": "Old.\n\nNew."}).status_code == 302
    lead.post(at(project), {"guidelines": "Old.\n\nNew."})
    told = GuidelineVersion.objects.filter(project=project).order_by("number")
    assert list(told.values_list("number", "text", "user__username")) == [
        (1, "Old.", None),
        (2, "Old.\n\nNew.", "lea"),
    ]
    compared = lead.get(at(project, "guideline_version", 2)).content.decode()
    assert 'class="diff-added"' in compared
    assert 'class="diff-removed"' not in compared
    assert lead.get(at(project, "guideline_version", 3)).status_code == 404


def test_change_by_the_api_is_a_version_too(api: Api, lea: User, project: Project) -> None:
    api(lea).patch(f"/api/v1/projects/{project.pk}", {"guidelines": "Read on."})
    version = GuidelineVersion.objects.get(project=project)
    assert (version.number, version.text, version.user) == (1, "Read on.", lea)


def test_two_leads_at_once_see_both_texts(lead: Client, project: Project) -> None:
    from tests.views.projects.test_edits import hidden

    sent = {"guidelines": "mine"} | hidden(lead.get(at(project)).content.decode())
    settings.change_settings(project, guidelines="theirs")
    answer = lead.post(at(project), sent)
    assert answer.status_code == 409
    assert "theirs" in answer.content.decode()
    assert loop.refreshed(project).guidelines == "theirs"


def test_preview_stores_nothing(lead: Client, project: Project) -> None:
    page = lead.post(at(project), {"guidelines": "**x**", "preview": "1"}).content.decode()
    assert "<strong>x</strong>" in page
    assert not GuidelineVersion.objects.exists()


def test_proposed_paragraph_is_added_and_not_stored(lead: Client, project: Project) -> None:
    settings.change_settings(project, guidelines="Old.")
    page = lead.get(at(project) + "?add=%2A%2ANew%2A%2A%20%3Cb%3E").content.decode()
    assert "Old.\n\n**New** &lt;b&gt;</textarea>" in page
    assert loop.refreshed(project).guidelines == "Old."


# Confirmations ------------------------------------------------------------------------------------


def test_annotator_sees_what_changed_and_confirms_it(
    signed_in: SignedIn, project: Project, ana: User
) -> None:
    client = signed_in(ana)
    settings.change_settings(project, guidelines="One.\nTwo.")
    client.post(at(project, "confirm_guidelines"), {"number": "1"})
    assert not guidelines.is_unread(seen(project, ana))
    settings.change_settings(project, guidelines="One.\nThree.")
    now = seen(project, ana)
    assert guidelines.is_unread(now)
    told = [(line.how, line.text) for line in guidelines.news(now) if line.how != "same"]
    assert told == [("removed", "Two."), ("added", "Three.")]
    page = client.get(at(project)).content.decode()
    assert "Three.</p>" in page
    assert "Save the guidelines" not in page
    # A number that does not exist confirms no later change.
    client.post(at(project, "confirm_guidelines"), {"number": "999"})
    settings.change_settings(loop.refreshed(project), guidelines="Four.")
    assert guidelines.is_unread(seen(project, ana))


def test_annotators_write_nothing(signed_in: SignedIn, project: Project, ana: User) -> None:
    client = signed_in(ana)
    assert client.post(at(project), {"guidelines": "x"}).status_code == 403
    assert client.post(at(project, "add_guideline_picture"), {"picture": png()}).status_code == 403
    assert loop.refreshed(project).guidelines == ""


def test_desk_costs_no_query_more_for_guidelines_that_were_read(
    signed_in: SignedIn,
    project: Project,
    ana: User,
    filled: Fill,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    filled(project, 3)
    client, desk = signed_in(ana), reverse("label:desk", args=[project.pk])
    client.get(desk)
    with _counted() as plain:
        client.get(desk)
    settings.change_settings(project, guidelines="**One.**")
    guidelines.confirm(loop.refreshed(project), ana, 1)
    with django_assert_num_queries(len(plain)):
        page = client.get(desk).content.decode()
    assert "<strong>One.</strong>" in page


def _counted() -> Any:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    return CaptureQueriesContext(connection)


def test_open_window_gets_the_new_text_and_what_changed(
    api: Api, project: Project, ana: User, filled: Fill
) -> None:
    filled(project, 3)
    settings.change_settings(project, guidelines="One.")
    guidelines.confirm(project, ana, 1)
    settings.change_settings(loop.refreshed(project), guidelines="**Two.**")
    body = {"page": "a/b", "person": ana.pk, "decisions": [], "holding": [], "version": "old"}
    shown = api(ana).post(f"/api/v1/projects/{project.pk}/desk", body).json()["shown"]
    assert shown["guidelines_html"].strip() == "<p><strong>Two.</strong></p>"
    assert shown["guidelines_news"] == [["removed", "One."], ["added", "**Two.**"]]
    assert (shown["guidelines_number"], shown["guidelines_unread"]) == (2, True)


# Pictures -----------------------------------------------------------------------------------------


def test_picture_is_encoded_anew_and_served_to_members(
    lead: Client, signed_in: SignedIn, project: Project, ana: User, zed: User
) -> None:
    assert lead.post(at(project, "add_guideline_picture"), {"picture": png()}).status_code == 302
    lead.post(at(project, "add_guideline_picture"), {"picture": png("again.png")})
    stored = GuidelinePicture.objects.get()
    page = lead.get(at(project)).content.decode()
    assert f"![a &lt;b&gt;.png](picture:{stored.key})" in page
    address = at(project, "guideline_picture", stored.key)
    answer = signed_in(ana).get(address)
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/png")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert signed_in(zed).get(address).status_code == 404
    assert lead.get(at(project, "guideline_picture", "0" * 32)).status_code == 404


@pytest.mark.parametrize("content", [b"", b"<svg onload=alert(1)>", b"GIF89a"])
def test_file_that_is_no_picture_is_refused(lead: Client, project: Project, content: bytes) -> None:
    file = SimpleUploadedFile("a.png", content or b" ", "image/png")
    answer = lead.post(at(project, "add_guideline_picture"), {"picture": file})
    assert answer.status_code == 422
    assert not GuidelinePicture.objects.exists()
