"""Setup of a new project: what each step stores, and where it goes on."""

import io
import re
import zipfile
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from PIL import Image

from annotator.flow.datasets import importing
from annotator.models import Import, Invitation, Project, Upload, User
from tests.given import SignedIn

pytestmark = pytest.mark.django_db

MAIL = b"text,label\nThe parcel never came.,complaint\nWonderful!,praise\nWhere is it?,\n"


@pytest.fixture
def root(db: Any) -> User:
    return User.objects.create_superuser("root")


@pytest.fixture
def browser(signed_in: SignedIn, root: User) -> Client:
    return signed_in(root)


def sent(content: bytes = MAIL, name: str = "customer_mail.csv") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def two_pictures() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, colour in (("cat/1.png", "red"), ("dog/2.png", "blue")):
            picture = io.BytesIO()
            Image.new("RGB", (8, 8), colour).save(picture, "PNG")
            archive.writestr(name, picture.getvalue())
    return out.getvalue()


def begin(browser: Client, **more: Any) -> Project:
    """Do the first step, and return the project."""
    answer = browser.post(reverse("setup_data"), {"file": sent(), **more})
    assert answer.status_code == 302, answer.content.decode()
    made = Project.objects.get()
    assert answer.headers["Location"] == at(made, "items")
    return made


def at(project: Project, step: str) -> str:
    return reverse(f"setup_{step}", args=[project.pk])


def test_project_is_made_of_a_file_alone(browser: Client) -> None:
    made = begin(browser)
    assert (made.name, made.task, made.items) == ("Customer mail", "text", 0)
    page = browser.get(at(made, "items")).content.decode()
    assert "The parcel never came." in page
    assert "Wonderful!" in page
    assert "without their label" not in page


def test_type_is_found_in_the_file(browser: Client) -> None:
    pairs = sent(b"a,b\none,two\nthree,four\n", "pairs.csv")
    browser.post(reverse("setup_data"), {"file": pairs})
    assert Project.objects.get().task == "text-pairs"
    made = Project.objects.get()
    browser.post(at(made, "labels"))
    assert Import.objects.filter(project=made).exists()


def test_pictures_are_found_in_a_zip(browser: Client) -> None:
    archive = sent(two_pictures(), "pets.zip")
    browser.post(reverse("setup_data"), {"file": archive})
    assert Project.objects.get().task == "image"


def test_unreadable_file_leaves_no_project(browser: Client) -> None:
    answer = browser.post(reverse("setup_data"), {"file": sent(b"", "empty.csv")})
    assert answer.status_code == 422
    assert not Project.objects.exists()
    assert not Upload.objects.exists()


def test_labels_are_proposed_from_the_file_and_the_import_starts(browser: Client) -> None:
    made = begin(browser)
    page = browser.get(at(made, "labels"))
    assert page.context["form"]["labels"].value() == "complaint\npraise"
    answer = browser.post(
        at(made, "labels"), {"labels": "praise\nquestion | q", "labels_are": "seed"}
    )
    assert answer.headers["Location"] == at(made, "people")
    assert list(made.labels.values_list("name", "hotkey")) == [("praise", ""), ("question", "q")]
    again = browser.get(at(made, "labels"))
    assert again.context["form"]["labels"].value() == "praise\nquestion | q"
    work = importing.run(Import.objects.get().pk)
    # The label that was taken off the list costs its row only the label.
    assert work is not None
    assert (work.created, work.rejected, work.unlabelled) == (3, 0, 1)


def test_label_that_cannot_be_is_refused_with_what_was_typed(browser: Client) -> None:
    made = begin(browser)
    answer = browser.post(at(made, "labels"), {"labels": "only", "labels_are": "seed"})
    assert answer.status_code == 422
    assert not Import.objects.exists()
    assert ">only</textarea>" in re.sub(r"\s+(?=only)", "", answer.content.decode())


def test_other_columns_can_be_chosen(browser: Client) -> None:
    swapped = sent(b"text,label\n1,first text\n2,second text\n")
    browser.post(reverse("setup_data"), {"file": swapped})
    made = Project.objects.get()
    browser.post(at(made, "items"), {"text_column": "label", "label_column": "text", "next": "1"})
    page = browser.get(at(made, "labels"))
    assert page.context["form"]["labels"].value() == "1\n2"


def test_closed_browser_loses_nothing(browser: Client) -> None:
    made = begin(browser)
    again = reverse("setup", args=[made.pk])
    assert browser.get(again).headers["Location"] == at(made, "items")
    assert again in browser.get(reverse("projects")).content.decode()
    browser.post(at(made, "labels"), {"labels": "a\nb", "labels_are": "ignore"})
    assert browser.get(again).headers["Location"] == at(made, "people")
    browser.post(at(made, "people"), {"names": "ann", "role": "annotator"})
    Invitation.objects.get()
    importing.run(Import.objects.get().pk)
    assert browser.get(at(made, "start")).status_code == 200


def test_people_are_added_or_invited_all_or_nobody(browser: Client, ana: User) -> None:
    ana.set_password("chaff-in-the-wind-7")
    ana.save()
    made = begin(browser)
    page = browser.post(at(made, "people"), {"names": "ana\nben\nbob", "role": "annotator"})
    assert set(made.memberships.values_list("user__username", flat=True)) == {"root", "ana"}
    links = page.context["links"]
    assert [each["name"] for each in links] == ["ben", "bob"]
    assert all(each["url"] in page.content.decode() for each in links)
    answer = browser.post(at(made, "people"), {"names": "cleo\nno name", "role": "annotator"})
    assert answer.status_code == 422
    assert not User.objects.filter(username="cleo").exists()
    again = browser.post(at(made, "people"), {"names": "ben", "role": "annotator"})
    assert [each["name"] for each in again.context["links"]] == ["ben"]
    assert again.context["links"][0]["url"] != links[0]["url"]


def test_each_step_can_be_skipped(browser: Client) -> None:
    made = begin(browser)
    for step, next_ in zip(
        ("items", "labels", "people"), ("labels", "people", "start"), strict=True
    ):
        assert at(made, next_) in browser.get(at(made, step)).content.decode()
    browser.post(at(made, "labels"), {"labels": "a\nb"})
    answer = browser.post(at(made, "start"))
    assert answer.headers["Location"] == reverse("label:desk", args=[made.pk])


def test_skipped_import_is_made_up_for_at_the_start(browser: Client) -> None:
    made = begin(browser)
    page = browser.get(at(made, "start")).content.decode()
    assert "not imported yet" in page
    assert browser.post(at(made, "start")).headers["Location"] == at(made, "labels")
    made.labels.create(name="a", position=0)
    browser.post(at(made, "start"))
    assert Import.objects.get().unknown_labels == Import.UnknownLabels.UNLABELLED


def test_only_admins_set_up(signed_in: SignedIn, olga: User, lea: User, project: Project) -> None:
    assert signed_in(olga).get(reverse("setup_data")).status_code == 403
    for step in ("items", "labels", "people", "start"):
        assert signed_in(lea).get(at(project, step)).status_code == 403
        assert signed_in(olga).get(at(project, step)).status_code == 200
