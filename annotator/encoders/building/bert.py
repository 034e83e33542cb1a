"""Text encoders of BERT's form as a graph of fused operators, in 32 bits and in 8.

J. Devlin et al., "BERT: Pre-training of Deep Bidirectional Transformers for Language
Understanding", 2019. Operators that join attention, bias and normalisation make the graph several
times as fast as what exporters write. In 8 bits it is twice as fast again on processors with
instructions for it, and less exact; which one is kept is measured on the spot.
"""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from onnx import TensorProto

from annotator.encoders.building import bert_weights
from annotator.encoders.building.bert_weights import BertWeights
from annotator.encoders.building.graph import FUSED, Graph
from selection.core.arrays import Float32Array
from selection.encoders import EncoderSpec
from selection.encoders.onnx_text import OnnxTextEncoder

FILE = "model.onnx"
# Texts of many kinds, on which the two graphs are compared.
TEXTS = Path(__file__).with_name("probe_texts.txt").read_text(encoding="utf-8").splitlines()
EPSILON = 1e-12
# A rounded graph must give nearly the same vectors as the exact one, and gain time.
LEAST_MEDIAN, LEAST_COSINE = 0.99, 0.97
MOST_TIME = 0.8


def from_safetensors(paths: Mapping[str, Path], folder: Path) -> dict[str, Any]:
    """Write the graph of the weights in a safetensors file to `folder`."""
    return _build(bert_weights.of_safetensors(paths["model"]), paths["tokenizer"], folder)


def from_int8_onnx(paths: Mapping[str, Path], folder: Path) -> dict[str, Any]:
    """Write the graph of the weights in an ONNX file with 8-bit matrices to `folder`."""
    return _build(bert_weights.of_int8_onnx(paths["model"]), paths["tokenizer"], folder)


def _build(weights: BertWeights, tokenizer: Path, folder: Path) -> dict[str, Any]:
    exact, rounded = folder / "exact.onnx", folder / "rounded.onnx"
    write_graph(weights, exact, Exact)
    write_graph(weights, rounded, Rounded)
    width, length = weights.width, len(weights.places)
    # Opening the graphs takes the memory that the weights took.
    del weights
    best = rounded if _is_better(rounded, exact, tokenizer, width, length) else exact
    best.rename(folder / FILE)
    (exact if best is rounded else rounded).unlink()
    (folder / tokenizer.name).write_bytes(tokenizer.read_bytes())
    # The scale of 8-bit numbers is taken from all of a batch, so each text is one of its own.
    return {
        "files": {"model": FILE, "tokenizer": tokenizer.name},
        "max_batch": 1 if best is rounded else 32,
        # As far as there are vectors of places; the manifest may say less.
        "max_length": length,
    }


def _is_better(rounded: Path, exact: Path, tokenizer: Path, width: int, length: int) -> bool:
    vectors, seconds = [], []
    for path, most in ((rounded, 1), (exact, 32)):
        files = {"model": path, "tokenizer": tokenizer}
        encoder = OnnxTextEncoder(
            EncoderSpec(path.stem, "onnx_text", "text", width, min(256, length), most, files=files)
        )
        vectors.append(encoder.encode(TEXTS))
        seconds.append(min(_seconds(encoder) for _ in range(3)))
        # The two at once would not fit a worker.
        del encoder
    cosines = np.einsum("ij,ij->i", *vectors)
    is_close = np.median(cosines) >= LEAST_MEDIAN and cosines.min() >= LEAST_COSINE
    return bool(is_close and seconds[0] <= MOST_TIME * seconds[1])


def _seconds(encoder: OnnxTextEncoder) -> float:
    start = time.thread_time()
    encoder.encode(TEXTS)
    return time.thread_time() - start


# The graph ---------------------------------------------------------------------------------------


def write_graph(
    weights: BertWeights, path: Path, arithmetic: Callable[[Graph, BertWeights], "Exact"]
) -> None:
    """Write the graph: token numbers and mask (texts, tokens) to vectors (texts, tokens, width)."""
    graph = Graph()
    at, lengths = _embedded(graph, weights)
    layer = arithmetic(graph, weights)
    for number in range(weights.layers):
        at = _layer(graph, layer, weights, f"encoder.layer.{number}.", at, lengths)
    sides = ("texts", "tokens")
    inputs = [(name, TensorProto.INT64, sides) for name in ("input_ids", "attention_mask")]
    graph.save(path, inputs, at, (*sides, weights.width))


def _embedded(graph: Graph, weights: BertWeights) -> tuple[str, str]:
    """Add the vectors of tokens and places; return them and the length of each text."""
    # The table of words is the largest part of small models: it stays in 8 bits.
    numbers = graph.constant("words", weights.words.numbers)
    scale = graph.constant("words_scale", weights.words.scale[:, None])
    taken = graph.node("Gather", [numbers, "input_ids"])
    tokens = graph.node(
        "Mul",
        [
            graph.node("Cast", [taken], to=TensorProto.FLOAT),
            graph.node("Gather", [scale, "input_ids"]),
        ],
    )
    added = graph.node("Add", [tokens, _places(graph, weights.places)])
    norm = [_vector(graph, weights, f"embeddings.LayerNorm.{each}") for each in ("weight", "bias")]
    at = graph.node("LayerNormalization", [added, *norm], epsilon=EPSILON, axis=-1)
    side = graph.constant("side", np.array([1], np.int64))
    total = graph.node("ReduceSum", ["attention_mask", side], keepdims=0)
    return at, graph.node("Cast", [total], to=TensorProto.INT32)


def _places(graph: Graph, places: Float32Array) -> str:
    shape = graph.node("Shape", ["input_ids"], start=1, end=2)
    zero, axis = (
        graph.constant("zero", np.array([0], np.int64)),
        graph.constant("axis", np.array([0], np.int64)),
    )
    return graph.node("Slice", [graph.constant("places", places), zero, shape, axis])


def _layer(
    graph: Graph, layer: "Exact", weights: BertWeights, prefix: str, at: str, lengths: str
) -> str:
    seen = layer.attention(at, lengths, f"{prefix}attention.self.")
    projected = layer.product(seen, f"{prefix}attention.output.dense")
    at = _joined(graph, weights, projected, at, f"{prefix}attention.output.")
    wide = layer.product(at, f"{prefix}intermediate.dense")
    bias = _vector(graph, weights, f"{prefix}intermediate.dense.bias")
    bent = graph.node("BiasGelu", [wide, bias], domain=FUSED)
    return _joined(
        graph, weights, layer.product(bent, f"{prefix}output.dense"), at, f"{prefix}output."
    )


def _joined(graph: Graph, weights: BertWeights, new: str, before: str, prefix: str) -> str:
    names = ("LayerNorm.weight", "LayerNorm.bias", "dense.bias")
    parts = [_vector(graph, weights, prefix + name) for name in names]
    inputs = [new, before, *parts]
    return graph.node("SkipLayerNormalization", inputs, domain=FUSED, epsilon=EPSILON)


def _vector(graph: Graph, weights: BertWeights, name: str) -> str:
    return graph.constant(name, weights.vectors[name])


class Exact:
    """Products in numbers of 32 bits."""

    def __init__(self, graph: Graph, weights: BertWeights) -> None:
        self.graph = graph
        self.weights = weights

    def product(self, at: str, name: str) -> str:
        matrix = self.weights.matrices[name].restored().T
        return self.graph.node("MatMul", [at, self.graph.constant(name, matrix)])

    def attention(self, at: str, lengths: str, prefix: str) -> str:
        parts = [self.weights.matrices[prefix + each].restored().T for each in QKV]
        matrix = self.graph.constant(f"{prefix}matrix", np.concatenate(parts, axis=1))
        inputs = [at, matrix, self.bias(prefix), lengths]
        return self.graph.node("Attention", inputs, domain=FUSED, num_heads=self.weights.heads)

    def bias(self, prefix: str) -> str:
        parts = [self.weights.vectors[f"{prefix}{each}.bias"] for each in QKV]
        return self.graph.constant(f"{prefix}bias", np.concatenate(parts))


class Rounded(Exact):
    """Products in 8 bits: matrices with a scale for each output, inputs with one for each text."""

    def product(self, at: str, name: str) -> str:
        matrix = self.weights.matrices[name]
        inputs = [at, *self._stored(name, matrix.numbers.T, matrix.scale)]
        return self.graph.node("DynamicQuantizeMatMul", inputs, domain=FUSED)

    def attention(self, at: str, lengths: str, prefix: str) -> str:
        parts = [self.weights.matrices[prefix + each] for each in QKV]
        matrix, scale, zero = self._stored(
            f"{prefix}matrix",
            np.concatenate([part.numbers.T for part in parts], axis=1),
            np.concatenate([part.scale for part in parts]),
        )
        rounded, own_scale, own_zero = self.graph.nodes_of("DynamicQuantizeLinear", [at], 3)
        inputs = [rounded, matrix, self.bias(prefix), own_scale, scale, lengths, own_zero, zero]
        return self.graph.node("QAttention", inputs, domain=FUSED, num_heads=self.weights.heads)

    def _stored(self, name: str, numbers: Any, scale: Float32Array) -> list[str]:
        return [
            self.graph.constant(name, numbers),
            self.graph.constant(f"{name}_scale", scale),
            self.graph.constant(f"{name}_zero", np.zeros(len(scale), np.int8)),
        ]


QKV = ("query", "key", "value")
