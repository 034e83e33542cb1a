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
from annotator.flow.training import predict
from annotator.formats.tables import as_vector
from annotator.jobs import damaged_files
from annotator.models import Import, Item, Project, User, VectorShard
from annotator.pool import feature_store, model_files, vector_store
from tests import hashing_encoder, loop
from tests.given import Fill, Learn, RunRound

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


# Predictions -------------------------------------------------------------------------------------


@pytest.fixture
def taught(project: Project, ana: User, run_round: RunRound) -> Project:
    """A project whose model reads vectors that came with its items: the first number tells spam."""
    settings.change_settings(project, features="given")
    rows = [
        {"text": loop.text(n), "v": [1.0 if loop.text(n).startswith("claim") else -1.0, 0.1, n % 3]}
        for n in range(40)
    ]
    bring_in(project, "\n".join(map(json.dumps, rows)), vector_column="v")
    loop.make_features(project)
    space = vectors.plan(project)
    assert space is not None
    encode.fit(space.pk)
    encode.transform(space.shards.get().pk)
    run_round(project)
    loop.label(project, ana, 30)
    assert run_round(project).model is not None
    return project


def said(project: Project, *given: Any) -> list[dict[str, Any]]:
    texts = ["nothing that was seen before"] * len(given)
    return predict.predict(project, texts, list(given))[1]


def test_prediction_reads_the_vectors_that_come_with_the_texts(taught: Project) -> None:
    one, other = said(taught, [30.0, 3.0, 30.0], [-30.0, 3.0, 30.0])
    assert one["proba"] != other["proba"]
    # Only their direction counts, as it does for those that are stored.
    (again,) = said(taught, [3.0, 0.3, 3.0])
    assert again["proba"] == one["proba"]


def test_stored_item_is_predicted_as_the_round_scored_it(taught: Project) -> None:
    item = Item.objects.get(project=taught, position=0)
    vector = vector_store.rows(taught, "given", "", 0, 1)[0].tolist()
    version, (told,) = predict.predict(taught, [item.text], [vector])
    space = version.space
    stored = feature_store.gather(space, np.array([0]))
    expected = model_files.load_model(version).predict_proba(stored)[0]
    np.testing.assert_allclose(list(told["proba"].values()), expected, atol=2e-3)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ((None,), "predict_without_vectors"),
        (([1.0, 2.0, 3.0], None), "vector_missing"),
        (([1.0, 2.0],), "vector_dimensions"),
        (([1.0, 2.0, float("nan")],), "bad_vector"),
    ],
)
def test_vectors_that_cannot_be_read_are_refused_in_words(
    taught: Project, given: tuple[Any, ...], code: str
) -> None:
    with pytest.raises(FlowError) as refused:
        said(taught, *given)
    assert refused.value.code == code
    assert refused.value.detail != code


def test_vectors_are_refused_where_the_model_reads_none(
    project: Project, filled: Fill, learnt: Learn, run_round: RunRound, ana: User
) -> None:
    filled(project, 30)
    learnt(project)
    run_round(project)
    loop.label(project, ana, 20)
    run_round(project)
    with pytest.raises(FlowError) as refused:
        said(project, [1.0, 2.0, 3.0])
    assert refused.value.code == "vectors_unused"
