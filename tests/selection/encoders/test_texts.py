"""Encoders of texts: networks and static vectors."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto

from selection.encoders import EncoderSpec, UnusableEncoder, open_encoder
from selection.encoders.safetensors import Tensors
from tests import tiny_encoders
from tests.tiny_encoders import TABLE

FRUIT = "apple banana cherry"
TRAFFIC = "car road wheel"


@pytest.fixture
def network(tmp_path: Path) -> EncoderSpec:
    tiny_encoders.write_text_model(tmp_path / "model.onnx")
    tiny_encoders.write_tokenizer(tmp_path / "tokenizer.json")
    files = {"model": tmp_path / "model.onnx", "tokenizer": tmp_path / "tokenizer.json"}
    return EncoderSpec("tiny", "onnx_text", "text", 3, files=files, max_length=8)


@pytest.fixture
def static(tmp_path: Path) -> EncoderSpec:
    tiny_encoders.write_safetensors(tmp_path / "model.safetensors", embeddings=TABLE)
    tiny_encoders.write_tokenizer(tmp_path / "tokenizer.json")
    files = {"model": tmp_path / "model.safetensors", "tokenizer": tmp_path / "tokenizer.json"}
    return EncoderSpec("static", "static_vectors", "text", 3, files=files, max_length=8)


def test_texts_about_the_same_are_near(network: EncoderSpec, static: EncoderSpec) -> None:
    for spec in (network, static):
        vectors = open_encoder(spec).encode([FRUIT, "banana apple", TRAFFIC])
        near, far = vectors[0] @ vectors[1], vectors[0] @ vectors[2]
        assert near > 0.95 > 0.5 > far
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)


def test_mean_is_over_the_tokens_without_the_filling(network: EncoderSpec) -> None:
    vector = open_encoder(network).encode(["apple car", f"{FRUIT} {TRAFFIC}"])[0]
    expected = TABLE[[2, 4, 7, 3]].mean(axis=0)
    np.testing.assert_allclose(vector, expected / np.linalg.norm(expected), rtol=1e-5)


def test_static_vectors_leave_out_what_they_do_not_know(static: EncoderSpec) -> None:
    encoder = open_encoder(static)
    known, mixed = encoder.encode(["apple", "apple zebra zebra"])
    np.testing.assert_allclose(known, mixed)
    assert not encoder.encode(["zebra"]).any()


def test_weights_and_mapping_of_static_vectors_count(static: EncoderSpec, tmp_path: Path) -> None:
    weights = np.ones(len(TABLE), np.float32)
    weights[4] = 3
    rows = np.arange(len(TABLE))[::-1]
    tiny_encoders.write_safetensors(
        tmp_path / "model.safetensors", embeddings=TABLE[::-1], mapping=rows, weights=weights
    )
    found = open_encoder(static).encode(["apple car"])[0]
    expected = 3 * TABLE[4] + TABLE[7]
    np.testing.assert_allclose(found, expected / np.linalg.norm(expected), rtol=1e-5)


def test_first_token_may_stand_for_the_text(network: EncoderSpec) -> None:
    vectors = open_encoder(replace(network, pooling="cls")).encode([FRUIT, TRAFFIC])
    np.testing.assert_allclose(vectors, [[0, 1, 0], [0, 1, 0]])


def test_prefix_comes_before_every_text(network: EncoderSpec) -> None:
    given = open_encoder(replace(network, prefix="car ")).encode(["apple", " "])
    np.testing.assert_allclose(given[0], open_encoder(network).encode(["car apple"])[0])
    # A blank text has a vector of zeros, with or without a prefix.
    assert not given[1].any()


def test_company_changes_no_vector(network: EncoderSpec) -> None:
    texts = [" ".join(["apple", "car", "road"][: 1 + i % 3]) for i in range(80)]
    together = open_encoder(network).encode(texts)
    alone = open_encoder(replace(network, max_batch=1)).encode(texts)
    np.testing.assert_allclose(together, alone, atol=1e-6)


def test_blank_texts_have_no_direction(network: EncoderSpec, static: EncoderSpec) -> None:
    for spec in (network, static):
        encoder = open_encoder(spec)
        assert not encoder.encode(["", " \n\t"]).any()
        assert encoder.encode([]).shape == (0, 3)
        assert encoder.encode(["", "apple"])[1].any()


def test_long_texts_are_cut_and_told(network: EncoderSpec, static: EncoderSpec) -> None:
    exact, longer = "apple " * 6, "apple " * 6 + "car"
    for spec in (network, static):
        encoder = open_encoder(spec)
        assert encoder.too_long([exact, longer, "", "apple"]).tolist() == [
            False,
            True,
            False,
            False,
        ]
    # The closing token is still there.
    cut, whole = open_encoder(network).encode([longer, exact])
    np.testing.assert_allclose(cut, whole)


@pytest.mark.parametrize("text", ["apple " * 170_000, "x" * 1_000_000, " " * 1_000_000 + "apple"])
def test_text_of_a_megabyte_is_cut_before_it_is_split(network: EncoderSpec, text: str) -> None:
    encoder = open_encoder(network)
    assert np.isfinite(encoder.encode([text])).all()
    assert encoder.too_long([text]).all()


def test_inputs_have_the_types_that_the_graph_takes(network: EncoderSpec) -> None:
    wide = open_encoder(network).encode([FRUIT])
    tiny_encoders.write_text_model(
        network.files["model"], names=["input_ids"], kind=TensorProto.INT32
    )
    np.testing.assert_allclose(open_encoder(network).encode([FRUIT]), wide)


def test_model_of_another_dimension_is_refused(network: EncoderSpec, static: EncoderSpec) -> None:
    for spec in (network, static):
        with pytest.raises(UnusableEncoder) as caught:
            open_encoder(replace(spec, dimensions=5)).encode(["apple"])
        assert caught.value.reason == "wrong_dimension"
        assert caught.value.values == {"expected": 5, "found": 3}


def test_numbers_that_are_not_finite_are_refused(network: EncoderSpec) -> None:
    table = TABLE.copy()
    table[4] = np.nan
    tiny_encoders.write_text_model(network.files["model"], table)
    encoder = open_encoder(network)
    assert encoder.encode(["car"]).any()
    with pytest.raises(UnusableEncoder, match="not_finite"):
        encoder.encode(["car", "apple"])


def test_damaged_and_missing_files_are_told_apart(network: EncoderSpec) -> None:
    for role, reason in (("tokenizer", "damaged_tokenizer"), ("model", "damaged_model")):
        whole = network.files[role].read_bytes()
        network.files[role].write_bytes(whole[: len(whole) // 2])
        with pytest.raises(UnusableEncoder, match=reason):
            open_encoder(network)
        network.files[role].unlink()
        with pytest.raises(UnusableEncoder, match="missing_file"):
            open_encoder(network)
        network.files[role].write_bytes(whole)


def test_graph_with_other_inputs_is_refused(network: EncoderSpec) -> None:
    tiny_encoders.write_text_model(network.files["model"], names=["input_ids", "position_ids"])
    with pytest.raises(UnusableEncoder, match="wrong_inputs"):
        open_encoder(network)


def test_unknown_kind_is_refused(network: EncoderSpec) -> None:
    with pytest.raises(UnusableEncoder, match="unknown_kind"):
        open_encoder(replace(network, kind="oracle"))


@pytest.mark.parametrize("cut", [4, 60, -4])
def test_damaged_table_of_tensors_is_refused(static: EncoderSpec, cut: int) -> None:
    path = static.files["model"]
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(UnusableEncoder, match="damaged_model"):
        open_encoder(static)


def test_tokenizer_of_another_table_is_refused(static: EncoderSpec) -> None:
    tiny_encoders.write_safetensors(static.files["model"], embeddings=TABLE[:6])
    with pytest.raises(UnusableEncoder, match="wrong_tokenizer"):
        open_encoder(static).encode(["car"])


def test_tensors_are_read_as_they_were_written(tmp_path: Path) -> None:
    tiny_encoders.write_safetensors(tmp_path / "x.safetensors", a=TABLE, b=TABLE[0])
    tensors = Tensors(tmp_path / "x.safetensors")
    assert list(tensors) == ["a", "b"]
    np.testing.assert_array_equal(tensors["a"], TABLE)
    np.testing.assert_array_equal(tensors["b"], TABLE[0])
