"""The encoder on the pages: how far it is, pausing it, what each would cost, and the language."""

from typing import Any

import pytest

from annotator import tasks
from annotator.flow.features import encoder_costs, vectors
from annotator.flow.projects import settings
from annotator.models import Job, Project, User
from tests import loop
from tests.given import Fill, SignedIn
from tests.hashing_encoder import Hashing, install

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    for task in (tasks.encode_vectors, tasks.measure_encoders):
        monkeypatch.setattr(task, "delay_on_commit", lambda *_args: None)


@pytest.fixture
def encoded(project: Project, filled: Fill, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project of 100 items, of which 64 are encoded."""
    install(monkeypatch, Hashing(max_length=4))
    settings.change_settings(project, features="auto")
    filled(project, 100)
    vectors.plan(project)
    vectors.encode_next()
    project.vector_shards.filter(state=Job.State.DONE).update(seconds=64.0)
    return project


def page(client: Any, project: Project, name: str = "") -> str:
    return client.get(f"/projects/{project.pk}/{name}").content.decode()


def test_dashboard_tells_how_far_the_encoder_is_and_pauses_it(
    encoded: Project, olga: User, signed_in: SignedIn
) -> None:
    client = signed_in(olga)
    shown = page(client, encoded)
    assert "Reading the texts with the encoder: 64 of 100, less than a minute left." in shown
    client.post(f"/projects/{encoded.pk}/encoding/pause")
    shown = page(client, encoded)
    assert "The encoder is paused at 64 of 100 items." in shown
    assert 'id="resume-encoding"' in shown
    client.post(f"/projects/{encoded.pk}/encoding/resume")
    assert 'id="pause-encoding"' in page(client, encoded)


def test_only_leads_pause_the_encoder(encoded: Project, ana: User, signed_in: SignedIn) -> None:
    answer = signed_in(ana).post(f"/projects/{encoded.pk}/encoding/pause")
    assert answer.status_code in {403, 404}
    encoded.refresh_from_db()
    assert encoded.encoding_paused_at is None


def test_settings_tell_what_an_encoder_costs_and_which_is_in_use(
    encoded: Project, olga: User, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(monkeypatch, Hashing(max_length=4), Hashing(name="other"))
    client = signed_in(olga)
    shown = page(client, encoded, "encoding")
    # A second for each of the items so far.
    assert "100 items in about 2 minutes" in shown
    assert "not measured yet" in shown
    assert "64 of 64 texts are longer than the encoder reads" in shown
    client.post(f"/projects/{encoded.pk}/encoding/measure")
    encoder_costs.measure(encoded)
    found = {each.name: each for each in encoder_costs.choice(encoded).costs}
    assert 0 < found["other"].seconds < 60
    assert found["hashing"].seconds == pytest.approx(100.0)
    assert (found["hashing"].is_wanted, found["other"].is_wanted) == (True, False)
    assert "not measured yet" not in page(client, encoded, "encoding")


def test_settings_say_so_where_no_encoder_reads_the_language(
    project: Project, olga: User, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(monkeypatch, Hashing())
    settings.change_settings(project, features="auto")
    german = "Das Paket ist nicht angekommen und ich habe es bei der Firma gemeldet"
    loop.bring_in(project, "de.csv", "text\n" + "".join(f"{german} {n}\n" for n in range(9)))
    vectors.plan(project)
    assert project.vector_shards.count() == 0
    hint = "The texts seem to be in this language: German. No installed encoder reads it."
    assert hint in page(signed_in(olga), project, "encoding")
    install(monkeypatch, Hashing(), Hashing(name="m", languages=("de",)))
    assert hint not in page(signed_in(olga), project, "encoding")


def test_settings_page_loads_the_encoders_as_a_region(
    encoded: Project, olga: User, signed_in: SignedIn
) -> None:
    client, address = signed_in(olga), f"/projects/{encoded.pk}/encoding"
    assert f'hx-get="{address}"' in page(client, encoded, "settings")
    region = client.get(address, headers={"HX-Request": "true", "HX-Target": "encoders"})
    assert region.content.decode().strip().startswith('<section class="card" id="encoders">')


def test_settings_without_encoders_say_that_there_are_none(
    project: Project, olga: User, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(monkeypatch)
    assert "No encoder is installed." in page(signed_in(olga), project, "encoding")


def test_import_page_takes_vectors(project: Project, olga: User, signed_in: SignedIn) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    client = signed_in(olga)
    assert 'name="vector_column"' in page(client, project, "imports")
    file = SimpleUploadedFile("t.jsonl", b'{"text": "a", "v": [1, 2]}\n')
    vectors_file = SimpleUploadedFile("v.npy", b"no table")
    given = {"file": file, "labels_are": "seed", "vectors": vectors_file}
    answer = client.post(f"/projects/{project.pk}/imports", given)
    assert answer.status_code == 422
    assert "The vectors are no .npy file" in answer.content.decode()
    assert project.imports.count() == 0
