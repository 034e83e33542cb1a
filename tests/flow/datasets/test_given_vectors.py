"""Vectors that come with the items: from a column, or from an .npy file with ids."""

import io
import json
from typing import Any

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from annotator.errors import FlowError
from annotator.flow.datasets import importing, upload
from annotator.flow.features import encode, vectors
from annotator.flow.projects import settings
from annotator.formats.tables import as_vector
from annotator.jobs import damaged_files
from annotator.models import Import, Item, Project, VectorShard
from annotator.pool import vector_store
from tests import hashing_encoder, loop

pytestmark = pytest.mark.django_db


def lines(numbers: range, size: int = 4) -> str:
    rng = np.random.default_rng(0)
    return "".join(
        json.dumps({"id": f"i{n}", "text": loop.text(n), "v": rng.normal(size=size).tolist()})
        + "\n"
        for n in numbers
    )


def npy(rows: Any) -> SimpleUploadedFile:
    buffer = io.BytesIO()
    np.save(buffer, rows)
    return SimpleUploadedFile("vectors.npy", buffer.getvalue())


def bring_in(project: Project, content: str, **options: Any) -> Import:
    work = upload.receive(
        project, project.created_by, SimpleUploadedFile("texts.jsonl", content.encode()), **options
    )
    importing.run(work.pk)
    project.refresh_from_db()
    return loop.refreshed(work)


def test_vectors_of_a_column_are_stored_with_length_one_and_not_as_metadata(
    project: Project,
) -> None:
    work = bring_in(project, lines(range(30)), vector_column="v")
    assert (work.created, work.rejected) == (30, 0)
    (shard,) = project.vector_shards.all()
    assert (shard.encoder, shard.start, shard.stop, shard.dimensions) == ("given", 0, 30, 4)
    stored = vector_store.rows(project, "given", "", 0, 30)
    rng = np.random.default_rng(0)
    raw = rng.normal(size=(30, 4))
    expected = raw / np.linalg.norm(raw, axis=1, keepdims=True)
    np.testing.assert_allclose(stored, expected, atol=1e-3)
    assert Item.objects.first().meta == {}


def test_vectors_that_came_are_used_like_those_of_an_encoder(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashing_encoder.install(monkeypatch, hashing_encoder.Hashing())
    settings.change_settings(project, features="auto")
    bring_in(project, lines(range(30)), vector_column="v")
    loop.make_features(project)
    space = vectors.plan(project)
    assert (space.encoder, space.recipe) == ("given", "text+vectors")
    encode.fit(space.pk)
    encode.transform(space.shards.get().pk)
    assert encode.current_space(project) == space
    # The next import brings none, so that an encoder takes over for all items.
    loop.fill(project, 5, start=100)
    loop.make_features(project)
    assert vectors.plan(project) is None
    assert project.vector_shards.exclude(encoder="given").get().stop == 35


def test_vector_that_is_none_or_of_another_length_rejects_its_row(project: Project) -> None:
    rows = [
        {"text": "one", "v": [1, 2]},
        {"text": "two", "v": [1, 2, 3]},
        {"text": "three"},
        {"text": "four", "v": [1, "x"]},
        {"text": "five", "v": "[0.5 -2]"},
        {"text": "six", "v": [1e39, 1]},
        {"text": "seven", "v": [0, 0]},
    ]
    work = bring_in(project, "\n".join(map(json.dumps, rows)), vector_column="v")
    assert work.created == 3
    assert [(each["row"], each["code"]) for each in work.errors] == [
        (2, "vector_dimensions"),
        (3, "bad_vector"),
        (4, "bad_vector"),
        (6, "bad_vector"),
    ]
    stored = vector_store.rows(project, "given", "", 0, 3)
    np.testing.assert_allclose(stored[2], [0, 0])
    # Later imports are held to the first one.
    later = bring_in(project, lines(range(2), size=3), vector_column="v")
    assert (later.created, later.rejected) == (0, 2)


@pytest.mark.parametrize(
    ("given", "numbers"),
    [
        ([1, 2.5], [1, 2.5]),
        ("[1, 2.5]", [1, 2.5]),
        ("1 2.5", [1, 2.5]),
        ("", None),
        ([], None),
        ([True, [1]], None),
        ("1;2", None),
        ([float("nan")], None),
        (None, None),
        (5, None),
    ],
)
def test_a_vector_is_a_list_of_finite_numbers(given: Any, numbers: Any) -> None:
    found = as_vector(given)
    assert (None if found is None else found.tolist()) == numbers


def test_vectors_of_a_file_are_matched_by_their_ids(project: Project) -> None:
    rows = np.eye(4, dtype=np.float32)
    ids = SimpleUploadedFile("ids.txt", b"i3\ni0\ni1\nother\n")
    work = bring_in(project, lines(range(4)), vectors=npy(rows), vector_ids=ids)
    assert (work.created, [each["code"] for each in work.errors]) == (3, ["no_vector"])
    assert list(Item.objects.order_by("position").values_list("key", flat=True)) == [
        "i0",
        "i1",
        "i3",
    ]
    np.testing.assert_array_equal(vector_store.rows(project, "given", "", 0, 3), rows[[1, 2, 0]])
    assert [path.name for path in upload.uploads_folder().glob("*.upload")] == []


def test_vectors_without_ids_are_in_the_order_of_the_file(project: Project) -> None:
    bring_in(project, lines(range(3)), vectors=npy(np.eye(3)))
    np.testing.assert_array_equal(vector_store.rows(project, "given", "", 0, 3), np.eye(3))


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"vectors": SimpleUploadedFile("v.npy", b"not at all")}, "bad_npy"),
        ({"vectors": npy(np.array([{"a": 1}], dtype=object))}, "bad_npy"),
        ({"vectors": npy(np.ones(3))}, "bad_npy"),
        ({"vectors": npy(np.array([[1.0], [np.inf]]))}, "bad_vector"),
        (
            {"vectors": npy(np.eye(2)), "vector_ids": SimpleUploadedFile("i.txt", b"a\na\n")},
            "vector_ids",
        ),
        ({"vectors": npy(np.eye(2)), "vector_column": "v"}, "vectors_twice"),
        ({"vector_ids": SimpleUploadedFile("i.txt", b"a\n")}, "no_vectors_file"),
        ({"vector_column": "w"}, "missing_column"),
    ],
)
def test_vectors_of_no_use_are_refused_at_once_and_nothing_is_kept(
    project: Project, options: Any, code: str
) -> None:
    for file in options.values():
        if not isinstance(file, str):
            file.seek(0)
    before = set(upload.uploads_folder().iterdir())
    with pytest.raises(FlowError) as refused:
        bring_in(project, lines(range(2)), **options)
    assert refused.value.code == code
    assert Import.objects.count() == 0
    assert set(upload.uploads_folder().iterdir()) == before


def test_damaged_vectors_that_came_with_items_are_given_up_in_words(project: Project) -> None:
    bring_in(project, lines(range(10)), vector_column="v")
    shard = project.vector_shards.get()
    vector_store.path_of(shard).write_bytes(b"gone")
    with pytest.raises(vector_store.DamagedVectors) as damaged:
        vector_store.load(shard)
    found = damaged_files.repair(damaged.value)
    assert not found.mends
    assert "came with items 1 to 10" in found.words
    assert vector_store.covered(project, "given", "") == 0
    assert VectorShard.objects.get().error == found.words
