"""Archives hold every table of a project, and name the hash of each part."""

import hashlib
import json
import zipfile
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db.models import ForeignKey, Model

from annotator.archives.tables import LEFT_OUT, TABLES, name_of, rows_of
from annotator.archives.writer import write
from annotator.flow.delivery import freezing
from annotator.models import Project, User
from annotator.pool import feature_store
from tests import loop
from tests.flow.delivery.test_delivery import (  # noqa: F401, fixtures
    started,
    trained,
    trained_once,
    until_proven,
)


def _belong_to_a_project() -> set[type[Model]]:
    found: set[type[Model]] = {Project}
    models = apps.get_app_config("annotator").get_models()
    waiting = [model for model in models if model not in (Project, User)]
    while True:
        more = {model for model in waiting if _parents(model) & found} - found
        if not more:
            return found
        found |= more


def _parents(model: type[Model]) -> set[object]:
    fields = model._meta.concrete_fields
    return {field.related_model for field in fields if isinstance(field, ForeignKey)}


def test_every_table_of_a_project_is_listed_or_left_out_with_a_reason() -> None:
    assert set(TABLES) | set(LEFT_OUT) == _belong_to_a_project()
    assert not set(TABLES) & set(LEFT_OUT)
    assert all(LEFT_OUT.values())


def test_tables_come_after_those_that_they_refer_to() -> None:
    seen: set[object] = set()
    for model in TABLES:
        seen.add(model)
        # A project's rare label is set once its labels are there.
        if model is not Project:
            assert _parents(model) - {User, *LEFT_OUT} <= seen, model


@pytest.mark.django_db(transaction=True)
def test_archive_holds_rows_files_and_hashes(project: Project, ana: User, tmp_path: Path) -> None:
    loop.fill(project, 30)
    loop.make_features(project)
    loop.label(project, ana, 12)
    loop.go_round(project)
    target = tmp_path / "mail.winnow"
    call_command("export_project", str(project.pk), str(target))
    with zipfile.ZipFile(target) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        assert {*manifest["sha256"], "manifest.json"} == set(archive.namelist())
        for name, digest in manifest["sha256"].items():
            assert hashlib.sha256(archive.read(name)).hexdigest() == digest
        for model in TABLES:
            keys = [
                json.loads(line)[model._meta.pk.attname]
                for line in archive.read(name_of(model)).splitlines()
            ]
            there = rows_of(model, project).values_list("pk", flat=True)
            assert keys == [key if isinstance(key, int) else str(key) for key in there]
        people = json.loads(archive.read("people.json"))
    assert people[str(ana.pk)] == "ana"
    assert any(f"/{project.pk}/models/" in name for name in manifest["sha256"])
    assert manifest["counts"]["tables/item.jsonl"] == 30


def test_every_file_of_a_project_goes_along(
    trained: Project,  # noqa: F811
    lea: User,
    ana: User,
    tmp_path: Path,
) -> None:
    work = started(trained, lea)
    until_proven(work, ana)
    freezing.start(loop.refreshed(work))
    freezing.freeze(work.pk)
    target = tmp_path / "mail.winnow"
    write(trained, target)
    with zipfile.ZipFile(target) as archive:
        held = {name.removeprefix("files/") for name in archive.namelist()}
    folder = feature_store.project_folder(trained.pk)
    root = folder.parents[1]
    there = {str(path.relative_to(root)) for path in folder.rglob("*") if path.is_file()}
    assert there - held == set()
    folders = {name.split("/")[2] for name in there}
    assert folders == {"features", "models", "rounds", "deliveries"}
