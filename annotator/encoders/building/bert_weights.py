"""Weights of a text encoder of BERT's form, by the names of its authors."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

from selection.core.arrays import AnyArray, Float32Array, row_blocks
from selection.encoders import UnusableEncoder
from selection.encoders.safetensors import Tensors

WORDS, PLACES = "embeddings.word_embeddings", "embeddings.position_embeddings"
KINDS = "embeddings.token_type_embeddings.weight"
OF_LAYERS = ("encoder.", "embeddings.LayerNorm.")
LAYER = re.compile(r"encoder\.layer\.(\d+)\.")
# The width of an attention head, in all models of this form so far but the largest.
HEAD = 32
WIDE_HEAD = 64
STEPS = 127  # of an 8-bit number to either side of zero


@dataclass(frozen=True)
class EightBit:
    """A matrix in 8 bits: `numbers` (rows, columns) times `scale`, one for each row."""

    numbers: AnyArray
    scale: Float32Array

    @classmethod
    def of(cls, matrix: AnyArray, release: Callable[[], None] = lambda: None) -> "EightBit":
        """Return a matrix rounded to 8 bits, each row with a scale of its own.

        `release` is called when a block of rows was read and is not needed any more.
        """
        numbers = np.empty(matrix.shape, dtype=np.int8)
        scale = np.empty(len(matrix), dtype=np.float32)
        # Tables of words for many languages take 400 MB in 32 bits: block by block they stay there.
        for rows in row_blocks(len(matrix)):
            block = matrix[rows].astype(np.float32)
            largest = np.abs(block).max(axis=1) / STEPS
            largest[largest == 0] = 1.0
            numbers[rows], scale[rows] = np.rint(block / largest[:, None]), largest
            release()
        return cls(numbers, scale)

    def restored(self) -> Float32Array:
        """Return the matrix in numbers of 32 bits."""
        return self.numbers.astype(np.float32) * self.scale[:, None]


@dataclass(frozen=True)
class BertWeights:
    """`words` has a row for each token and `places` one for each place in a text, which includes
    the vector of the first kind of text; `matrices` have a row for each output.
    """

    words: EightBit
    places: Float32Array
    matrices: Mapping[str, EightBit]
    vectors: Mapping[str, Float32Array]

    @property
    def layers(self) -> int:
        found = [LAYER.match(name) for name in self.matrices]
        return 1 + max(int(each[1]) for each in found if each)

    @property
    def width(self) -> int:
        return int(self.places.shape[1])

    @property
    def heads(self) -> int:
        return self.width // (HEAD if self.width <= 384 else WIDE_HEAD)


def of_safetensors(path: Path) -> BertWeights:
    """Return the weights in a safetensors file, the matrices rounded to 8 bits."""
    tensors = Tensors(path)
    named = {name.removeprefix("bert.").removeprefix("model."): name for name in tensors}
    with _named_file(path):
        layers = {own: tensors[name] for own, name in named.items() if own.startswith(OF_LAYERS)}
        return BertWeights(
            EightBit.of(tensors[named[f"{WORDS}.weight"]], tensors.release),
            _places(tensors[named[f"{PLACES}.weight"]], tensors[named[KINDS]]),
            {
                own.removesuffix(".weight"): EightBit.of(tensor)
                for own, tensor in layers.items()
                if tensor.ndim == 2
            },
            {own: tensor.astype(np.float32) for own, tensor in layers.items() if tensor.ndim == 1},
        )


def of_int8_onnx(path: Path) -> BertWeights:
    """Return the weights of an ONNX file that stores matrices as 8-bit numbers and their scales.

    In such a graph a matrix `m` is `Cast(m_q) * m_scale`; the bias after it tells which it is.
    """
    try:
        graph = onnx.load_model_from_string(path.read_bytes()).graph
    except Exception as problem:  # protobuf's errors have no common class
        raise UnusableEncoder("damaged_model", file=path.name, problem="no ONNX") from problem
    stored = {each.name: numpy_helper.to_array(each) for each in graph.initializer}
    with _named_file(path):
        return BertWeights(
            _stored(stored, f"inner.{WORDS}.weight"),
            _places(_stored(stored, f"inner.{PLACES}.weight").restored(), stored[f"inner.{KINDS}"]),
            # They lie there as they are multiplied.
            {
                name: _stored(stored, matrix, turned=True)
                for matrix, name in _named(graph, stored).items()
            },
            {
                _own(name): values.astype(np.float32)
                for name, values in stored.items()
                if _own(name).startswith(OF_LAYERS)
            },
        )


@contextmanager
def _named_file(path: Path) -> Iterator[None]:
    """Turn a tensor that is not there into UnusableEncoder."""
    try:
        yield
    except KeyError as missing:
        raise UnusableEncoder(
            "damaged_model", file=path.name, problem=f"no tensor {missing}"
        ) from missing


def _places(places: AnyArray, kinds: AnyArray) -> Float32Array:
    added: Float32Array = places.astype(np.float32) + kinds[0].astype(np.float32)
    return added


def _stored(stored: Mapping[str, AnyArray], name: str, *, turned: bool = False) -> EightBit:
    numbers = stored[f"{name}_q"]
    return EightBit(numbers.T if turned else numbers, stored[f"{name}_scale"].reshape(-1))


def _own(name: str) -> str:
    return name.removeprefix("inner.")


def _named(graph: onnx.GraphProto, stored: Mapping[str, AnyArray]) -> dict[str, str]:
    """Return the authors' names of the layers' matrices that are stored in 8 bits."""
    named = {}
    made = {node.output[0]: node for node in graph.node}
    for node in graph.node:
        product = made.get(node.input[0]) if node.op_type == "Add" else None
        if product is None or product.op_type != "MatMul":
            continue
        if node.input[1] in stored and f"{product.input[1]}_q" in stored:
            named[product.input[1]] = _own(node.input[1]).removesuffix(".bias")
    return named
