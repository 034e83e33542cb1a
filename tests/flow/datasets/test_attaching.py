"""Vectors attached to existing items: complete or reported, checked, and replaced at once."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from rest_framework.test import APIClient

from annotator.errors import FlowError
from annotator.flow.datasets import attaching, importing, upload
from annotator.flow.features import encode, encoder_choice, vectors
from annotator.flow.projects import settings
from annotator.models import Import, Item, Job, Project, User, VectorShard
from annotator.pool import vector_store
from tests import loop

pytestmark = pytest.mark.django_db


def npy(rows: Any) -> SimpleUploadedFile:
    buffer = io.BytesIO()
    np.save(buffer, np.asarray(rows, dtype=np.float32))
    return SimpleUploadedFile("vectors.npy", buffer.getvalue())


def ids_file(keys: list[str]) -> SimpleUploadedFile:
    return SimpleUploadedFile("ids.txt", "\n".join(keys).encode())


def attach(project: Project, keys: list[str], rows: Any) -> Import:
    work = attaching.receive(
        project, project.created_by, vectors=npy(rows), vector_ids=ids_file(keys)
    )
    importing.run(work.pk)
    return loop.refreshed(work)


def pool(project: Project, items: int = 30) -> list[str]:
    loop.fill(project, items)
    project.refresh_from_db()
    return list(
        Item.objects.filter(project=project).order_by("position").values_list("key", flat=True)
    )


def unit(rows: Any) -> Any:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_vectors_of_all_items_are_used_like_those_of_an_encoder(project: Project) -> None:
    settings.change_settings(project, features="auto")
    keys = pool(project)
    rows = np.random.default_rng(1).normal(size=(30, 4))
    work = attach(project, keys[::-1], rows[::-1])
    assert (work.state, work.done, work.updated, work.rejected) == ("done", 30, 30, 0)
    stored = vector_store.rows(project, "given", "", 0, 30)
    np.testing.assert_allclose(stored, unit(rows), atol=1e-3)
    loop.make_features(project)
    space = vectors.plan(project)
    assert space is not None
    assert space.encoder == "given"
    encode.fit(space.pk)
    encode.transform(space.shards.get().pk)
    assert encode.current_space(project) == space


def test_items_without_a_vector_are_told_and_keep_the_vectors_from_being_used(
    project: Project,
) -> None:
    keys = pool(project)
    given = encoder_choice.Goal("given", "")
    rows = np.random.default_rng(1).normal(size=(30, 4))
    work = attach(project, [*keys[:20], "nobody"], rows[:21])
    assert (work.updated, work.rejected) == (20, 1)
    assert "10 items have no vector" in work.notes[0]
    (shard,) = project.vector_shards.all()
    assert (shard.state, shard.unreadable) == (Job.State.FAILED, 10)
    np.testing.assert_allclose(vector_store.load(shard)[20:], 0)
    assert encoder_choice.covered(project, given) == 0
    # Each id of no item has its line.
    (line,) = csv.DictReader(upload.report_path(work).open())
    assert (line["row"], line["code"]) == ("21", "no_item")
    # The rest may come later.
    attach(project, keys[20:], rows[20:])
    assert encoder_choice.covered(project, given) == 30
    np.testing.assert_allclose(
        vector_store.rows(project, "given", "", 0, 30), unit(rows), atol=1e-3
    )


def test_items_that_came_later_are_a_slice_of_their_own(project: Project) -> None:
    keys = pool(project)
    rows = np.random.default_rng(1).normal(size=(35, 4))
    attach(project, keys, rows[:30])
    loop.fill(project, 5, start=100)
    project.refresh_from_db()
    later = Item.objects.filter(project=project, position__gte=30).order_by("position")
    attach(project, list(later.values_list("key", flat=True)), rows[30:])
    spans = project.vector_shards.values_list("start", "stop")
    assert list(spans) == [(0, 30), (30, 35)]
    np.testing.assert_allclose(
        vector_store.rows(project, "given", "", 0, 35), unit(rows), atol=1e-3
    )


def test_second_import_replaces_all_or_nothing(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vector_store, "MOST_ITEMS", 10)
    keys = pool(project)
    first, second = np.random.default_rng(1).normal(size=(2, 30, 4))
    attach(project, keys, first)
    # Dies at its second slice of three.
    replace, calls = vector_store.replace, []

    def dies(shard: VectorShard, vectors: Any) -> None:
        calls.append(shard.start)
        if len(calls) == 2:
            raise KeyboardInterrupt
        replace(shard, vectors)

    monkeypatch.setattr(vector_store, "replace", dies)
    with pytest.raises(KeyboardInterrupt):
        attach(project, keys, second)
    monkeypatch.setattr(vector_store, "replace", replace)
    np.testing.assert_allclose(
        vector_store.rows(project, "given", "", 0, 30), unit(first), atol=1e-3
    )
    attach(project, keys, second)
    np.testing.assert_allclose(
        vector_store.rows(project, "given", "", 0, 30), unit(second), atol=1e-3
    )


def test_what_was_made_of_replaced_vectors_is_made_anew(project: Project) -> None:
    settings.change_settings(project, features="auto")
    keys = pool(project)
    first, second = np.random.default_rng(1).normal(size=(2, 30, 4))
    attach(project, keys, first)
    loop.make_features(project)
    before = vectors.plan(project)
    assert vectors.plan(project) is None
    attach(project, keys, second)
    after = vectors.plan(project)
    assert before is not None
    assert after is not None
    assert after.pk != before.pk


@pytest.mark.parametrize(
    ("rows", "keys", "code"),
    [
        ([[1, np.nan]], ["a"], "bad_vector"),
        ([[1, 2]], ["a", "b"], "vector_ids"),
        ([1, 2], ["a", "b"], "bad_npy"),
        ([[1, 2]], None, "ids_missing"),
    ],
)
def test_unusable_vectors_are_refused_before_anything_is_stored(
    project: Project, rows: Any, keys: list[str] | None, code: str
) -> None:
    beside = None if keys is None else ids_file(keys)
    with pytest.raises(FlowError) as refusal:
        attaching.receive(project, project.created_by, vectors=npy(rows), vector_ids=beside)
    assert refusal.value.code == code
    assert not Import.objects.exists()
    assert not list(upload.uploads_folder().glob("*.upload"))


def test_vectors_of_another_length_than_those_there_are_refused(project: Project) -> None:
    keys = pool(project)
    attach(project, keys, np.ones((30, 4)))
    with pytest.raises(FlowError) as refusal:
        attach(project, keys, np.ones((30, 5)))
    assert refusal.value.code == "vector_dimensions"


def test_api_attaches_vectors_without_a_file(project: Project, olga: User) -> None:
    keys = pool(project)
    client = APIClient()
    client.force_authenticate(olga)
    sent = {"vectors": npy(np.ones((30, 4))), "vector_ids": ids_file(keys)}
    answer = client.post(f"/api/v1/projects/{project.pk}/imports", sent, format="multipart")
    assert answer.status_code == 202, answer.content
    importing.run(answer.json()["id"])
    assert vector_store.covered(project, "given", "") == 30


# Tables without texts -----------------------------------------------------------------------------


def table(keys: list[str], rows: Any, ending: str = "jsonl") -> SimpleUploadedFile:
    if ending == "jsonl":
        lines = [json.dumps({"id": k, "emb": list(r)}) for k, r in zip(keys, rows, strict=True)]
    else:
        told = (f'{k},"{" ".join(map(str, r))}"' for k, r in zip(keys, rows, strict=True))
        lines = ["id,emb", *told]
    return SimpleUploadedFile(f"vectors.{ending}", "\n".join(lines).encode())


@pytest.mark.parametrize("ending", ["jsonl", "csv"])
def test_table_of_ids_and_vectors_attaches_them(project: Project, ending: str) -> None:
    keys = pool(project)
    rows = np.random.default_rng(1).normal(size=(32, 4))
    sent: list[list[Any]] = rows.tolist()
    sent[4] = ["unknown"]
    given = [*keys[:10], "nobody", *keys[10:], keys[3]]
    work = upload.receive(
        project, project.created_by, table(given, sent, ending), vector_column="emb"
    )
    importing.run(work.pk)
    work = loop.refreshed(work)
    assert (work.state, work.done, work.created) == (Job.State.DONE, 32, 0)
    assert (work.updated, work.rejected, work.duplicates) == (29, 2, 1)
    lines = list(csv.DictReader(upload.report_path(work).open()))
    codes = [line["code"] for line in lines]
    assert codes == ["bad_vector", "no_item", "duplicate_vector"]
    assert project.items == 30
    (shard,) = project.vector_shards.all()
    assert shard.unreadable == 1
    stored = vector_store.load(shard)
    np.testing.assert_allclose(stored[3], unit(rows)[3], atol=1e-3)
    np.testing.assert_allclose(stored[10:], unit(rows)[11:31], atol=1e-3)


def test_table_of_vectors_of_another_length_is_told_row_by_row(project: Project) -> None:
    keys = pool(project)
    attach(project, keys, np.ones((30, 4)))
    work = upload.receive(
        project, project.created_by, table(keys[:2], np.ones((2, 5))), vector_column="emb"
    )
    importing.run(work.pk)
    work = loop.refreshed(work)
    assert (work.state, work.updated, work.rejected) == (Job.State.DONE, 0, 2)
    assert vector_store.covered(project, "given", "") == 30


def test_table_without_texts_needs_ids_and_a_named_vector_column(project: Project) -> None:
    pool(project)
    for content, column in (
        ("label,emb\nspam,1 2", "emb"),
        ("id,emb\na,1 2", ""),
        ("id,emb\na,1 2", "vec"),
    ):
        file = SimpleUploadedFile("vectors.csv", content.encode())
        with pytest.raises(FlowError):
            upload.receive(project, project.created_by, file, vector_column=column)
    assert not Import.objects.filter(name="vectors.csv").exists()


def test_dry_run_tells_of_vectors_what_the_import_does(project: Project, olga: User) -> None:
    keys = pool(project)
    given, rows = [*keys[:5], "nobody"], np.ones((6, 4))
    client = APIClient()
    client.force_authenticate(olga)
    url = f"/api/v1/projects/{project.pk}/imports"
    ways: list[dict[str, Any]] = [
        {"file": table(given, rows), "vector_column": "emb"},
        {"vectors": npy(rows), "vector_ids": ids_file(given)},
    ]
    for sent in ways:
        answer = client.post(f"{url}?dry_run=1", sent, format="multipart")
        assert answer.status_code == 200, answer.content
        told = answer.json()
        assert (told["new"], told["updated"], told["rejected"], told["total"]) == (0, 5, 1, 6)
        assert told["reasons"] == {"no_item": 1}
        assert [row["key"] for row in told["rows"]] == given
        assert not project.vector_shards.exists()
        taken = client.post(url, {"upload": told["upload"]})
        assert taken.status_code == 202, taken.content
        importing.run(taken.json()["id"])
        work = Import.objects.get(pk=taken.json()["id"])
        assert (work.updated, work.rejected) == (5, 1)
        project.vector_shards.all().delete()


@pytest.mark.django_db(transaction=True)
def test_command_attaches_vectors_and_can_only_look(project: Project, tmp_path: Path) -> None:
    keys = pool(project)
    rows = np.ones((30, 4), dtype=np.float32)
    np.save(tmp_path / "own.npy", rows)
    (tmp_path / "ids.txt").write_text("\n".join(keys))
    (tmp_path / "own.jsonl").write_bytes(table(keys, rows.tolist()).read())
    ways = [
        [str(tmp_path / "own.npy"), "--vector-ids", str(tmp_path / "ids.txt")],
        [str(tmp_path / "own.jsonl"), "--vector-column", "emb"],
    ]
    for way in ways:
        out = io.StringIO()
        call_command("import_dataset", str(project.pk), *way, "--dry-run", stdout=out)
        assert "30 updated" in out.getvalue()
        assert not project.vector_shards.exists()
        call_command("import_dataset", str(project.pk), *way, stdout=io.StringIO())
        assert vector_store.covered(project, "given", "") == 30
        project.vector_shards.all().delete()
    with pytest.raises(CommandError, match="ID"):
        call_command("import_dataset", str(project.pk), str(tmp_path / "own.npy"))
