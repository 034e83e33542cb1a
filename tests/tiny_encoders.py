"""Encoders of a few numbers, which tests build for themselves."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import tokenizers
from onnx import TensorProto, helper, numpy_helper
from tokenizers import models, pre_tokenizers, processors

from selection.core.arrays import AnyArray

WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "apple", "banana", "cherry", "car", "road", "wheel")
FRUIT, TRAFFIC = (1.0, 0.2, 0.0), (0.0, 0.2, 1.0)
TABLE = np.array([(9, 9, 9), (0, 1, 0), (0, 1, 0), (0, 1, 0), *[FRUIT] * 3, *[TRAFFIC] * 3])
TABLE = TABLE.astype(np.float32)


def write_tokenizer(path: Path) -> None:
    """Write a tokenizer that knows `WORDS`, with one that opens and one that closes a text."""
    vocabulary = {word: number for number, word in enumerate(WORDS)}
    tokenizer = tokenizers.Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    # As the files of others do, which pad and cut by themselves.
    tokenizer.enable_padding(length=128)
    tokenizer.enable_truncation(4)
    tokenizer.save(str(path))


def write_text_model(
    path: Path,
    table: AnyArray = TABLE,
    *,
    names: Sequence[str] = ("input_ids", "attention_mask", "token_type_ids"),
    kind: int = TensorProto.INT64,
) -> None:
    """Write a graph that gives each token its row of `table`."""
    inputs = [helper.make_tensor_value_info(name, kind, ["n", "s"]) for name in names]
    output = helper.make_tensor_value_info("out", TensorProto.FLOAT, ["n", "s", table.shape[1]])
    _write(
        path,
        [helper.make_node("Gather", ["table", names[0]], ["out"])],
        inputs,
        output,
        table=table,
    )


def write_image_model(path: Path, factor: AnyArray | None = None) -> None:
    """Write a graph that gives each picture the mean of each colour, times `factor`."""
    factor = np.ones(3, np.float32) if factor is None else factor
    inputs = [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["n", 3, "h", "w"])]
    output = helper.make_tensor_value_info("out", TensorProto.FLOAT, ["n", 3])
    nodes = [
        helper.make_node("ReduceMean", ["pixels"], ["mean"], axes=[2, 3], keepdims=0),
        helper.make_node("Mul", ["mean", "factor"], ["out"]),
    ]
    _write(path, nodes, inputs, output, factor=factor)


def write_safetensors(path: Path, **tensors: AnyArray) -> None:
    """Write tensors of 32-bit numbers as a safetensors file."""
    table: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    data = b""
    for name, values in tensors.items():
        stored = np.ascontiguousarray(values, dtype="<f4").tobytes()
        offsets = [len(data), len(data) + len(stored)]
        table[name] = {"dtype": "F32", "shape": list(values.shape), "data_offsets": offsets}
        data += stored
    head = json.dumps(table).encode()
    path.write_bytes(len(head).to_bytes(8, "little") + head + data)


def write_text_folder(folder: Path, **changes: Any) -> Path:
    """Write a folder with a text encoder, and a manifest with these changes."""
    folder.mkdir(parents=True, exist_ok=True)
    write_text_model(folder / "model.onnx")
    write_tokenizer(folder / "tokenizer.json")
    return write_manifest(folder, **{"medium": "text", "max_length": 8, **changes})


def write_manifest(folder: Path, **fields: Any) -> Path:
    """Write the manifest of a folder, with the sums of what lies in it."""
    sums = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.iterdir()
        if path.name != "encoder.json"
    }
    told = {"name": folder.name, "languages": ["en"], "licence": "MIT", "sha256": sums, **fields}
    (folder / "encoder.json").write_text(json.dumps(told))
    return folder


def _write(path: Path, nodes: Any, inputs: Any, output: Any, **constants: AnyArray) -> None:
    stored = [numpy_helper.from_array(values, name) for name, values in constants.items()]
    graph = helper.make_graph(nodes, "tiny", inputs, [output], stored)
    sets = [helper.make_opsetid("", 17)]
    onnx.save(helper.make_model(graph, opset_imports=sets, ir_version=8), str(path))
