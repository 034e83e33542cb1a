"""An ONNX graph, node by node."""

from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
import onnx
from onnx import TensorProto, helper

from selection.core.arrays import AnyArray

OPSET = 17
IR_VERSION = 8
# Operators of ONNX Runtime, which join several of the standard's.
FUSED = "com.microsoft"
Shape = Sequence[str | int]


class Graph:
    """A graph that grows; every method that adds something returns the name of its output.

    Numbers are written straight from their arrays: messages of the package hold copies of them,
    which take several times the memory of a large encoder.
    """

    def __init__(self) -> None:
        sets = [helper.make_opsetid("", OPSET), helper.make_opsetid(FUSED, 1)]
        self._model = onnx.ModelProto(ir_version=IR_VERSION, opset_import=sets)
        self._graph = self._model.graph
        self._constants: dict[str, AnyArray] = {}

    def constant(self, name: str, values: AnyArray) -> str:
        """Add numbers that never change, once for each name."""
        self._constants.setdefault(name, values)
        return name

    def node(self, kind: str, inputs: Sequence[str], *, domain: str = "", **options: Any) -> str:
        """Add an operator with one output that is used."""
        return self.nodes_of(kind, inputs, 1, domain=domain, **options)[0]

    def nodes_of(
        self, kind: str, inputs: Sequence[str], outputs: int, *, domain: str = "", **options: Any
    ) -> list[str]:
        """Add an operator with several outputs."""
        names = [f"{kind}_{len(self._graph.node)}_{i}" for i in range(outputs)]
        node = helper.make_node(kind, list(inputs), names, domain=domain, **options)
        self._graph.node.append(node)
        return names

    def save(
        self, path: Path, inputs: Sequence[tuple[str, int, Shape]], output: str, shape: Shape
    ) -> None:
        """Write the graph with these inputs (name, number type, shape) and this output."""
        self._graph.name = path.stem
        self._graph.input.extend(helper.make_tensor_value_info(*each) for each in inputs)
        made = helper.make_tensor_value_info(output, TensorProto.FLOAT, shape)
        self._graph.output.append(made)
        with path.open("wb") as file:
            file.write(self._model.SerializeToString())
            for name, values in self._constants.items():
                _write_constant(file, name, values)


# Numbers of fields: of a model its graph, of a graph its constants, of a constant its numbers.
GRAPH, INITIALIZER, RAW_DATA = 7, 5, 9


def _write_constant(file: IO[bytes], name: str, values: AnyArray) -> None:
    """Append a constant to the file of a model, as another part of its graph.

    Parts of a message may follow each other: a reader joins them (protobuf.dev, "Last One Wins").
    """
    about = onnx.TensorProto(name=name, dims=values.shape)
    about.data_type = helper.np_dtype_to_tensor_dtype(values.dtype)
    tensor = about.SerializeToString() + _head(RAW_DATA, values.nbytes)
    graph = _head(INITIALIZER, len(tensor) + values.nbytes) + tensor
    file.write(_head(GRAPH, len(graph) + values.nbytes) + graph)
    file.write(np.ascontiguousarray(values).data)


def _head(field: int, length: int) -> bytes:
    """Return what stands before `length` bytes of a field: its number with its kind, the length."""
    return bytes([field << 3 | 2]) + _varint(length)


def _varint(number: int) -> bytes:
    """Return a number in groups of seven bits, the lowest first.

    >>> _varint(300).hex()
    'ac02'
    """
    groups = bytearray()
    while number > 0x7F:
        groups.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*groups, number])
