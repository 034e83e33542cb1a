"""Files on their way into the pool."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries, Settings

from annotator.models import Import, Project, User
from tests.given import Region, SignedIn

pytestmark = pytest.mark.django_db


def at(project: Project) -> str:
    return reverse("imports", args=[project.pk])


def upload(
    client: Any,
    project: Project,
    content: bytes = b"text,label\nhello,spam\n",
    name: str = "mail.csv",
    **more: Any,
) -> Any:
    headers = more.pop("headers", None)
    fields = {"file": SimpleUploadedFile(name, content), "labels_are": "seed", **more}
    return client.post(at(project), fields, headers=headers)


def test_form_says_what_is_taken(
    signed_in: SignedIn, olga: User, project: Project, settings: Settings
) -> None:
    settings.MAX_UPLOAD_MB = 7
    page = signed_in(olga).get(at(project)).content.decode()
    assert "CSV, Excel, JSON Lines" in page
    assert "Up to 7 MB." in page


def test_upload_becomes_an_import_that_waits(
    signed_in: SignedIn, olga: User, project: Project
) -> None:
    assert upload(signed_in(olga), project, labels_are="gold").url == at(project)
    made = Import.objects.get()
    assert (made.name, made.state, made.labels_are, made.user) == (
        "mail.csv",
        "queued",
        "gold",
        olga,
    )


def test_upload_by_htmx_answers_with_the_region(
    signed_in: SignedIn, olga: User, project: Project, region: Region
) -> None:
    answer = upload(signed_in(olga), project, headers=region("imports"))
    page = answer.content.decode()
    assert page.strip().startswith('<section id="imports"')
    assert "mail.csv" in page
    assert "Waiting for a worker." in page


@pytest.mark.parametrize(
    ("name", "content"), [("mail.exe", b"MZ"), ("empty.csv", b""), ("mail.csv", b"other\nx\n")]
)
def test_file_that_cannot_be_taken_is_422_in_words(
    signed_in: SignedIn, olga: User, project: Project, name: str, content: bytes
) -> None:
    answer = upload(signed_in(olga), project, content, name, text_column="text")
    assert answer.status_code == 422
    assert 'class="errors"' in answer.content.decode()
    assert not Import.objects.exists()


def test_too_large_a_file_is_refused_with_the_limit(
    signed_in: SignedIn, olga: User, project: Project, settings: Settings
) -> None:
    settings.MAX_UPLOAD_MB = 0
    answer = upload(signed_in(olga), project)
    assert answer.status_code == 422
    assert "larger than the limit of 0 MB" in answer.content.decode()


def test_rows_are_asked_about_only_while_one_is_active(
    signed_in: SignedIn, olga: User, project: Project, region: Region
) -> None:
    made = Import.objects.create(project=project, name="a.csv", path="x", total=10, done=3)
    client = signed_in(olga)
    page = client.get(at(project)).content.decode()
    assert 'hx-trigger="every 1s"' in page
    address = page.split('hx-get="')[1].split('"')[0]
    assert client.get(address, headers=region("import_rows")).status_code == 204
    Import.objects.filter(pk=made.pk).update(state="done", done=10, created=10)
    rows = client.get(address, headers=region("import_rows")).content.decode()
    assert rows.strip().startswith('<section id="import_rows"')
    assert "hx-trigger" not in rows


def test_rejected_rows_come_with_number_and_reason(
    signed_in: SignedIn, olga: User, project: Project
) -> None:
    Import.objects.create(
        project=project,
        name="<b>a.csv</b>",
        path="x",
        state="done",
        created=3,
        duplicates=2,
        rejected=1,
        errors=[{"row": 17, "code": "empty", "detail": "The text is <i>empty</i>."}],
    )
    page = signed_in(olga).get(at(project)).content.decode()
    assert "&lt;b&gt;a.csv&lt;/b&gt;" in page
    assert "The text is &lt;i&gt;empty&lt;/i&gt;." in page
    assert "/report" in page


def test_failed_import_tells_its_error(signed_in: SignedIn, olga: User, project: Project) -> None:
    Import.objects.create(project=project, name="a", path="x", state="failed", error="No memory.")
    assert "No memory." in signed_in(olga).get(at(project)).content.decode()


def test_list_costs_the_same_with_many_imports(
    signed_in: SignedIn,
    olga: User,
    project: Project,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    for number in range(15):
        Import.objects.create(project=project, name=f"{number}.csv", path="x", state="done")
    client = signed_in(olga)
    client.get(at(project))
    with django_assert_max_num_queries(6):
        page = client.get(at(project)).content.decode()
    assert page.count(".csv</") >= 10


@pytest.mark.parametrize("target", ["import-preview", None])
def test_preview_counts_the_labels_of_a_file_and_keeps_what_was_typed(
    signed_in: SignedIn, olga: User, project: Project, region: Region, target: str | None
) -> None:
    file = SimpleUploadedFile("mail.csv", b"text,label\na,spam\nb,spam\nc,junk\n")
    seen = signed_in(olga).post(
        f"{at(project)}/preview",
        {"file": file, "labels_are": "seed", "format": ""},
        headers=region(target) if target else {},
    )
    page = seen.content.decode()
    assert seen.status_code == 200
    assert '<dt dir="auto">spam</dt><dd>2</dd>' in page
    assert '<dt dir="auto">junk</dt><dd>1</dd>' in page
    assert seen.headers["Winnow-Draft"] == "kept"
    assert "winnow_saved" not in seen.cookies
