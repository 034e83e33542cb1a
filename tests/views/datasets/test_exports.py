"""The export page: choices, first rows, progress and files."""

import pytest
from django.test import Client
from django.urls import reverse

from annotator.flow.datasets import export_job
from annotator.models import Export, Project, User
from tests import loop
from tests.given import Fill

WANTED = "2020-01-31T00:00:00+00:00"

pytestmark = pytest.mark.django_db


@pytest.fixture
def small(project: Project, filled: Fill, ana: User) -> Project:
    filled(project, 6)
    loop.label(project, ana, 5)
    return project


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_export_is_chosen_made_and_offered(small: Project, lea: User) -> None:
    client, page = signed_in(lea), reverse("exports", args=[small.pk])
    assert "No exports yet" in client.get(page).content.decode()
    given = {"format": "xlsx", "unit": "item", "include": ["unlabelled"], "from": "2020-01-31"}
    assert client.post(page, given).status_code == 302
    work = Export.objects.get()
    assert work.format == "xlsx"
    assert work.options == {"unit": "item", "include": ["unlabelled"], "from": WANTED}
    assert "Waiting for a worker" in client.get(page).content.decode()
    export_job.run(work.pk)
    assert f"/exports/{work.pk}/file" in client.get(page).content.decode()


def test_first_rows_are_shown_and_nothing_is_stored(small: Project, lea: User) -> None:
    at = reverse("preview_export", args=[small.pk])
    seen = signed_in(lea).post(at, {"format": "csv", "unit": "annotation"}).content.decode()
    assert "5 rows go out" in seen
    assert "audit_key" in seen
    wrong = {"format": "csv", "annotator": "nobody"}
    assert "nobody" in signed_in(lea).post(at, wrong).content.decode()
    assert not Export.objects.exists()


def test_page_is_for_leads(small: Project, ana: User) -> None:
    assert signed_in(ana).get(reverse("exports", args=[small.pk])).status_code == 403
