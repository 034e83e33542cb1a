"""An ONNX graph, node by node."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

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

    It grows inside the message that is written: helpers of the package copy all numbers thrice.
    """

    def __init__(self) -> None:
        sets = [helper.make_opsetid("", OPSET), helper.make_opsetid(FUSED, 1)]
        self._model = onnx.ModelProto(ir_version=IR_VERSION, opset_import=sets)
        self._graph = self._model.graph
        self._names: set[str] = set()

    def constant(self, name: str, values: AnyArray) -> str:
        """Add numbers that never change, once for each name."""
        if name not in self._names:
            self._names.add(name)
            stored = self._graph.initializer.add()
            stored.name = name
            stored.data_type = helper.np_dtype_to_tensor_dtype(values.dtype)
            stored.dims.extend(values.shape)
            stored.raw_data = np.ascontiguousarray(values).tobytes()
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
        path.write_bytes(self._model.SerializeToString())
