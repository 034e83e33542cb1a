"""A small encoder of texts on disk: a table of word vectors in ONNX, with its tokenizer.

It runs as any other does. `layers` of work that changes nothing make it as slow as a large one.
"""

import hashlib
import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer, models, pre_tokenizers

WORDS = 4_000
WIDTH = 256


def make(
    folder: Path, *, dimensions: int = 24, layers: int = 0, seed: int = 0, told: int | None = None
) -> Path:
    """Write the encoder into `folder`; its description tells of `told` dimensions."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.onnx").write_bytes(_model(dimensions, layers, seed).SerializeToString())
    _tokenizer().save(str(folder / "tokenizer.json"))
    describe(folder, dimensions if told is None else told)
    return folder


def describe(folder: Path, dimensions: int) -> None:
    """Write the description of the files that lie there now."""
    files = [folder / name for name in ("model.onnx", "tokenizer.json")]
    manifest = {
        "name": folder.name,
        "kind": "onnx_text",
        "medium": "text",
        "dimensions": dimensions,
        "max_length": 32,
        "languages": ["en"],
        "licence": "MIT",
        "source": "tests",
        "sha256": {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files},
    }
    (folder / "encoder.json").write_text(json.dumps(manifest))


def _model(dimensions: int, layers: int, seed: int) -> onnx.ModelProto:
    rng = np.random.default_rng(seed)
    table = rng.normal(size=(WORDS, dimensions)).astype(np.float32)
    weights = {
        "table": table,
        "up": np.zeros((dimensions, WIDTH), np.float32),
        "work": np.eye(WIDTH, dtype=np.float32),
        "down": np.zeros((WIDTH, dimensions), np.float32),
    }
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["words"]),
        helper.make_node("MatMul", ["words", "up"], ["work0"]),
    ]
    for n in range(layers):
        nodes.append(helper.make_node("MatMul", [f"work{n}", "work"], [f"work{n + 1}"]))
    nodes.append(helper.make_node("MatMul", [f"work{layers}", "down"], ["nothing"]))
    nodes.append(helper.make_node("Add", ["words", "nothing"], ["last_hidden_state"]))
    shape = ["batch", "tokens"]
    graph = helper.make_graph(
        nodes,
        "small",
        [
            helper.make_tensor_value_info("input_ids", TensorProto.INT64, shape),
        ],
        [
            helper.make_tensor_value_info(
                "last_hidden_state", TensorProto.FLOAT, [*shape, dimensions]
            )
        ],
        [numpy_helper.from_array(array, name) for name, array in weights.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def _tokenizer() -> Tokenizer:
    # Words are told apart by their letters alone: hashed into the table by the vocabulary below.
    letters = [chr(n) for n in range(97, 123)]
    vocabulary = {"[UNK]": 0}
    for size in (1, 2):
        for word in _words(letters, size):
            vocabulary[word] = len(vocabulary)
            vocabulary[f"##{word}"] = len(vocabulary)
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    return tokenizer


def _words(letters: list[str], size: int) -> list[str]:
    if size == 1:
        return letters
    return [first + second for first in letters for second in letters]
