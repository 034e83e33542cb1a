"""An ONNX graph, node by node."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from selection.core.arrays import AnyArray

OPSET = 17
IR_VERSION = 8
# Operators of ONNX Runtime, which join several of the standard's.
FUSED = "com.microsoft"
Shape = Sequence[str | int]


@dataclass
class Graph:
    """A graph that grows; every method that adds something returns the name of its output."""

    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: dict[str, onnx.TensorProto] = field(default_factory=dict)

    def constant(self, name: str, values: AnyArray) -> str:
        """Add numbers that never change."""
        self.constants[name] = numpy_helper.from_array(np.ascontiguousarray(values), name)
        return name

    def node(self, kind: str, inputs: Sequence[str], *, domain: str = "", **options: Any) -> str:
        """Add an operator with one output that is used."""
        return self.nodes_of(kind, inputs, 1, domain=domain, **options)[0]

    def nodes_of(
        self, kind: str, inputs: Sequence[str], outputs: int, *, domain: str = "", **options: Any
    ) -> list[str]:
        """Add an operator with several outputs."""
        names = [f"{kind}_{len(self.nodes)}_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(kind, list(inputs), names, domain=domain, **options))
        return names

    def save(
        self, path: Path, inputs: Sequence[tuple[str, int, Shape]], output: str, shape: Shape
    ) -> None:
        """Write the graph with these inputs (name, number type, shape) and this output."""
        given = [helper.make_tensor_value_info(*each) for each in inputs]
        made = [helper.make_tensor_value_info(output, TensorProto.FLOAT, shape)]
        graph = helper.make_graph(self.nodes, path.stem, given, made, list(self.constants.values()))
        sets = [helper.make_opsetid("", OPSET), helper.make_opsetid(FUSED, 1)]
        model = helper.make_model(graph, opset_imports=sets, ir_version=IR_VERSION)
        path.write_bytes(model.SerializeToString())
