"""Graphs that are built here give what the weights mean, reckoned the long way."""

import math
import os
import pickle
import subprocess
import sys
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from annotator.encoders.building import bert, bert_weights, torch_file
from annotator.encoders.building.bert_weights import EightBit
from selection.core.arrays import AnyArray
from selection.encoders import EncoderSpec, UnusableEncoder, open_encoder
from selection.encoders.onnx_session import open_session
from tests import tiny_encoders

WIDTH, LAYERS, HEADS = 64, 2, 2
INNER = ("attention.self.query", "attention.self.key", "attention.self.value")
OUTER = ("attention.output.dense", "intermediate.dense", "output.dense")


def bert_tensors() -> dict[str, AnyArray]:
    """Return random weights of a small text encoder, under their usual names."""
    rng = np.random.default_rng(0)
    sides = {"intermediate.dense": (4 * WIDTH, WIDTH), "output.dense": (WIDTH, 4 * WIDTH)}
    tensors = {
        "embeddings.word_embeddings.weight": rng.normal(size=(len(tiny_encoders.WORDS), WIDTH)),
        "embeddings.position_embeddings.weight": 0.1 * rng.normal(size=(16, WIDTH)),
        "embeddings.token_type_embeddings.weight": 0.1 * rng.normal(size=(2, WIDTH)),
        "pooler.dense.weight": rng.normal(size=(WIDTH, WIDTH)),
    }
    norms = ["embeddings.LayerNorm"]
    for number in range(LAYERS):
        prefix = f"encoder.layer.{number}."
        norms += [f"{prefix}attention.output.LayerNorm", f"{prefix}output.LayerNorm"]
        for name in (*INNER, *OUTER):
            shape = sides.get(name, (WIDTH, WIDTH))
            tensors[f"{prefix}{name}.weight"] = rng.normal(size=shape) / math.sqrt(WIDTH)
            tensors[f"{prefix}{name}.bias"] = 0.1 * rng.normal(size=shape[0])
    for name in norms:
        tensors[f"{name}.weight"] = 1 + 0.1 * rng.normal(size=WIDTH)
        tensors[f"{name}.bias"] = 0.1 * rng.normal(size=WIDTH)
    return {name: values.astype(np.float32) for name, values in tensors.items()}


def rounded_tensors() -> dict[str, AnyArray]:
    """Return the same, with matrices of layers and words that 8 bits hold exactly."""
    tensors = bert_tensors()
    for name, values in tensors.items():
        if values.ndim == 2 and ("encoder" in name or "word" in name):
            tensors[name] = EightBit.of(values).restored()
    return tensors


def reckoned(tensors: dict[str, AnyArray], ids: list[int]) -> AnyArray:
    """Return the vector of each token by the formulas of the paper, one after the other."""
    at = tensors["embeddings.word_embeddings.weight"][ids]
    at = at + tensors["embeddings.position_embeddings.weight"][: len(ids)]
    at = _norm(
        at + tensors["embeddings.token_type_embeddings.weight"][0], tensors, "embeddings.LayerNorm"
    )
    for number in range(LAYERS):
        prefix = f"encoder.layer.{number}."
        seen = _product(_attention(at, tensors, prefix), tensors, f"{prefix}attention.output.dense")
        at = _norm(at + seen, tensors, f"{prefix}attention.output.LayerNorm")
        wide = _product(at, tensors, f"{prefix}intermediate.dense")
        bent = wide * 0.5 * (1 + np.vectorize(math.erf)(wide / math.sqrt(2)))
        at = _norm(
            at + _product(bent, tensors, f"{prefix}output.dense"),
            tensors,
            f"{prefix}output.LayerNorm",
        )
    return at


def _attention(at: AnyArray, tensors: dict[str, AnyArray], prefix: str) -> AnyArray:
    q, k, v = (_product(at, tensors, prefix + name).reshape(len(at), HEADS, -1) for name in INNER)
    scores = np.einsum("ihd,jhd->hij", q, k) / math.sqrt(WIDTH // HEADS)
    shares = np.exp(scores - scores.max(axis=2, keepdims=True))
    shares /= shares.sum(axis=2, keepdims=True)
    return np.einsum("hij,jhd->ihd", shares, v).reshape(len(at), WIDTH)


def _product(at: AnyArray, tensors: dict[str, AnyArray], name: str) -> AnyArray:
    return at @ tensors[f"{name}.weight"].T + tensors[f"{name}.bias"]


def _norm(at: AnyArray, tensors: dict[str, AnyArray], name: str) -> AnyArray:
    centred = at - at.mean(axis=1, keepdims=True)
    length = np.sqrt((centred**2).mean(axis=1, keepdims=True) + 1e-12)
    return centred / length * tensors[f"{name}.weight"] + tensors[f"{name}.bias"]


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    tiny_encoders.write_safetensors(tmp_path / "model.safetensors", **rounded_tensors())
    tiny_encoders.write_tokenizer(tmp_path / "tokenizer.json")
    return tmp_path / "model.safetensors"


def test_exact_graph_gives_what_the_formulas_say(weights: Path, tmp_path: Path) -> None:
    bert.write_graph(bert_weights.of_safetensors(weights), tmp_path / "exact.onnx", bert.Exact)
    ids = np.array([[2, 4, 5, 9, 3], [2, 7, 3, 0, 0]])
    feed = {"input_ids": ids, "attention_mask": (ids > 0).astype(np.int64)}
    (found,) = open_session(tmp_path / "exact.onnx").run(None, feed)
    tensors = rounded_tensors()
    np.testing.assert_allclose(found[0], reckoned(tensors, [2, 4, 5, 9, 3]), atol=2e-4)
    np.testing.assert_allclose(found[1, :3], reckoned(tensors, [2, 7, 3]), atol=2e-4)


def test_rounded_graph_is_near(weights: Path, tmp_path: Path) -> None:
    bert.write_graph(bert_weights.of_safetensors(weights), tmp_path / "rounded.onnx", bert.Rounded)
    ids = np.array([[2, 4, 5, 9, 3]])
    feed = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
    (found,) = open_session(tmp_path / "rounded.onnx").run(None, feed)
    expected = reckoned(rounded_tensors(), [2, 4, 5, 9, 3])
    cosine = (found[0] * expected).sum() / np.linalg.norm(found) / np.linalg.norm(expected)
    assert cosine > 0.99


def test_built_encoder_takes_one_text_at_a_time_where_it_is_rounded(
    weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = {"model": weights, "tokenizer": tmp_path / "tokenizer.json"}
    for is_better, most in ((True, 1), (False, 32)):
        monkeypatch.setattr(bert, "_is_better", lambda *_, answer=is_better: answer)
        folder = tmp_path / str(most)
        folder.mkdir()
        made = bert.from_safetensors(paths, folder)
        assert made["max_batch"] == most
        assert sorted(path.name for path in folder.iterdir()) == ["model.onnx", "tokenizer.json"]
        files = {role: folder / name for role, name in made["files"].items()}
        spec = EncoderSpec("x", "onnx_text", "text", WIDTH, 8, made["max_batch"], files=files)
        texts = ["apple", "apple car road wheel", "cherry cherry"]
        together, alone = open_encoder(spec).encode(texts), open_encoder(spec).encode(texts[:1])
        np.testing.assert_allclose(together[0], alone[0], atol=1e-5)


def test_faster_but_far_is_no_better(weights: Path, tmp_path: Path) -> None:
    exact, other = tmp_path / "exact.onnx", tmp_path / "other.onnx"
    read = bert_weights.of_safetensors(weights)
    bert.write_graph(read, exact, bert.Exact)
    rng = np.random.default_rng(1)
    table = rng.normal(size=(len(tiny_encoders.WORDS), WIDTH)).astype(np.float32)
    tiny_encoders.write_text_model(other, table)
    assert not bert._is_better(other, exact, tmp_path / "tokenizer.json", read.width, 16)


def test_weights_of_an_eight_bit_file_are_those_of_the_original(
    weights: Path, tmp_path: Path
) -> None:
    _write_int8_onnx(tmp_path / "int8.onnx", rounded_tensors())
    found = bert_weights.of_int8_onnx(tmp_path / "int8.onnx")
    original = bert_weights.of_safetensors(weights)
    assert found.matrices.keys() == original.matrices.keys()
    for name, matrix in original.matrices.items():
        np.testing.assert_allclose(found.matrices[name].restored(), matrix.restored(), atol=1e-6)
    assert found.vectors.keys() == original.vectors.keys()
    np.testing.assert_allclose(found.words.restored(), original.words.restored(), atol=1e-6)
    np.testing.assert_allclose(found.places, original.places, atol=2e-3)


def _write_int8_onnx(path: Path, tensors: dict[str, AnyArray]) -> None:
    """Write the parts that are read of a graph with matrices in 8 bits."""
    constants: dict[str, AnyArray] = {}
    nodes: list[Any] = []
    for number, (name, values) in enumerate(tensors.items()):
        own = f"inner.{name}"
        if values.ndim == 1 or "token_type" in name:
            constants[own] = values
        elif name.startswith("embeddings."):
            stored = EightBit.of(values)
            constants |= {f"{own}_q": stored.numbers, f"{own}_scale": stored.scale[:, None]}
        elif name.startswith("encoder."):
            stored = EightBit.of(values)
            matrix, bias = f"val_{number}", own.replace(".weight", ".bias")
            constants |= {f"{matrix}_q": stored.numbers.T, f"{matrix}_scale": stored.scale[None]}
            nodes.append(helper.make_node("MatMul", ["x", matrix], [f"product_{number}"]))
            nodes.append(helper.make_node("Add", [f"product_{number}", bias], [f"sum_{number}"]))
    output = helper.make_tensor_value_info("x", TensorProto.FLOAT, None)
    kept = [numpy_helper.from_array(values, name) for name, values in constants.items()]
    path.write_bytes(
        helper.make_model(helper.make_graph(nodes, "g", [], [output], kept)).SerializeToString()
    )


def test_file_without_a_layer_is_refused(tmp_path: Path) -> None:
    tensors = {name: each for name, each in bert_tensors().items() if "position" not in name}
    tiny_encoders.write_safetensors(tmp_path / "x.safetensors", **tensors)
    with pytest.raises(UnusableEncoder, match="damaged_model"):
        bert_weights.of_safetensors(tmp_path / "x.safetensors")
    onnx.save(
        helper.make_model(helper.make_graph([], "g", [], [], [])), str(tmp_path / "empty.onnx")
    )
    (tmp_path / "bad.onnx").write_bytes(b"\xff\xff")
    for name in ("empty.onnx", "bad.onnx"):
        with pytest.raises(UnusableEncoder, match="damaged_model"):
            bert_weights.of_int8_onnx(tmp_path / name)


# PyTorch's files ---------------------------------------------------------------------------------


class _Storage:
    """Is stored as PyTorch stores the numbers of a tensor."""


class _Tensor:
    def __init__(self, key: str, shape: tuple[int, ...], strides: tuple[int, ...]) -> None:
        self.told = (_Storage(), 0, shape, strides, False, OrderedDict())
        self.key = key


def _write_pth(path: Path, table: bytes, numbers: AnyArray) -> None:
    parts = [pickle.dumps(each, 2) for each in (torch_file.MAGIC, 1001, {"little_endian": True})]
    keys = pickle.dumps(["7"], 2)
    data = len(numbers).to_bytes(8, "little") + numbers.astype("<f4").tobytes()
    path.write_bytes(b"".join(parts) + table + keys + data)


def _table(shape: str, strides: str, start: str = "I0\n") -> bytes:
    """Return the pickle of {"weight": a tensor}, written by hand as no PyTorch is here."""
    storage = b"(S'storage'\nctorch\nFloatStorage\nS'7'\nS'cpu'\nI6\ntQ"
    inside = storage + start.encode() + shape.encode() + strides.encode() + b"I00\n(dt"
    return b"(S'weight'\nctorch._utils\n_rebuild_tensor_v2\n(" + inside + b"Rd."


def test_tensors_of_a_pytorch_file_are_read(tmp_path: Path) -> None:
    numbers = np.arange(6, dtype=np.float32)
    _write_pth(tmp_path / "x.pth", _table("(I2\nI3\nt", "(I3\nI1\nt"), numbers)
    found = torch_file.read_tensors(tmp_path / "x.pth")
    np.testing.assert_array_equal(found["weight"], numbers.reshape(2, 3))
    _write_pth(tmp_path / "x.pth", _table("(I2\nI3\nt", "(I1\nI2\nt"), numbers)
    found = torch_file.read_tensors(tmp_path / "x.pth")
    np.testing.assert_array_equal(found["weight"], numbers.reshape(3, 2).T)


@pytest.mark.parametrize(
    "table",
    [
        b"cos\nsystem\n(S'touch owned'\ntR.",
        b"cbuiltins\neval\n(S'1'\ntR.",
        b"ctorch\nload\n.",
        _table("(I2\nI4\nt", "(I4\nI1\nt"),
        _table("(I2\nI3\nt", "(I3\nI1\nt", "I-1\n"),
        _table("(I2\nI3\nt", "(I3\nI-1\nt"),
        b"",
    ],
)
def test_nothing_else_in_such_a_file_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, table: bytes
) -> None:
    monkeypatch.chdir(tmp_path)
    _write_pth(tmp_path / "x.pth", table, np.arange(6, dtype=np.float32))
    with pytest.raises(UnusableEncoder, match="damaged_model"):
        torch_file.read_tensors(tmp_path / "x.pth")
    assert not (tmp_path / "owned").exists()


BUILD = """
import sys
from pathlib import Path
import django
django.setup()
from annotator.encoders.building import bert

folder = Path(sys.argv[1])
def peak():
    lines = open("/proc/self/status")
    return int(next(line.split()[1] for line in lines if line.startswith("VmHWM"))) << 10
before = peak()
(folder / "built").mkdir()
paths = {"model": folder / "model.safetensors", "tokenizer": folder / "tokenizer.json"}
bert.from_safetensors(paths, folder / "built")
print(peak() - before)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads the memory of Linux")
def test_large_table_of_words_is_never_in_memory_as_a_whole(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    words = rng.standard_normal((600_000, WIDTH), dtype=np.float32)
    tensors = bert_tensors() | {"embeddings.word_embeddings.weight": words}
    tiny_encoders.write_safetensors(tmp_path / "model.safetensors", **tensors)
    tiny_encoders.write_tokenizer(tmp_path / "tokenizer.json")
    settings = {"WINNOW_DATA": str(tmp_path), "DJANGO_SETTINGS_MODULE": "annotator.settings"}
    done = subprocess.run(
        [sys.executable, "-c", BUILD, str(tmp_path)],
        env={**os.environ, **settings},
        check=True,
        timeout=120,
        capture_output=True,
    )
    # 150 MB in the file and 38 in 8 bits, of which the runtime holds copies when it reads them.
    assert int(done.stdout.split()[-1]) < words.nbytes
