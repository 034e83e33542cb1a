"""EfficientNet-Lite0 as a graph: batch normalisation is folded into the convolutions.

M. Tan and Q. V. Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks",
2019; the Lite variant has no squeeze-and-excitation and ReLU6 throughout. The weights come from
TensorFlow, whose convolutions pad the end of a side when a side is odd (SAME_UPPER).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from onnx import TensorProto

from annotator.encoders.building.graph import Graph
from annotator.encoders.building.torch_file import read_tensors
from selection.core.arrays import AnyArray
from selection.encoders import UnusableEncoder

# Blocks of each stage, and the stride of its first one.
STAGES = ((1, 1), (2, 2), (2, 2), (3, 2), (3, 1), (4, 2), (1, 1))
EPSILON = 1e-3
DIMENSIONS = 1280
FILE = "model.onnx"


def from_pth(paths: Mapping[str, Path], folder: Path) -> dict[str, Any]:
    """Write the graph of the weights in a PyTorch file to `folder`."""
    network = _Network(read_tensors(paths["model"]))
    try:
        output = network.vectors("pixels")
    except KeyError as missing:
        raise UnusableEncoder(
            "damaged_model", file=paths["model"].name, problem=f"no tensor {missing}"
        ) from missing
    sides: tuple[str | int, ...] = ("batch", 3, "height", "width")
    inputs = [("pixels", TensorProto.FLOAT, sides)]
    network.graph.save(folder / FILE, inputs, output, ("batch", DIMENSIONS))
    return {"files": {"model": FILE}}


class _Network:
    def __init__(self, weights: Mapping[str, AnyArray]) -> None:
        self.weights = weights
        self.graph = Graph()
        self.zero = self.graph.constant("zero", np.array(0, np.float32))
        self.six = self.graph.constant("six", np.array(6, np.float32))

    def vectors(self, pixels: str) -> str:
        at = self.convolution(pixels, "_conv_stem", "_bn0", stride=2)
        number = 0
        for blocks, stride in STAGES:
            for i in range(blocks):
                at = self.block(at, f"_blocks.{number}.", stride if i == 0 else 1, repeats=i > 0)
                number += 1
        at = self.convolution(at, "_conv_head", "_bn1")
        return self.graph.node("Flatten", [self.graph.node("GlobalAveragePool", [at])])

    def block(self, before: str, prefix: str, stride: int, *, repeats: bool) -> str:
        """Add an inverted residual block; one that repeats the size adds what it was given."""
        at = before
        if f"{prefix}_expand_conv.weight" in self.weights:
            at = self.convolution(at, f"{prefix}_expand_conv", f"{prefix}_bn0")
        at = self.convolution(at, f"{prefix}_depthwise_conv", f"{prefix}_bn1", stride, split=True)
        at = self.linear(at, f"{prefix}_project_conv", f"{prefix}_bn2")
        return self.graph.node("Add", [at, before]) if repeats else at

    def convolution(
        self, before: str, name: str, norm: str, stride: int = 1, *, split: bool = False
    ) -> str:
        at = self.linear(before, name, norm, stride, split=split)
        return self.graph.node("Clip", [at, self.zero, self.six])

    def linear(
        self, before: str, name: str, norm: str, stride: int = 1, *, split: bool = False
    ) -> str:
        kernel, bias = self._folded(name, norm)
        inputs = [before, self.graph.constant(name, kernel), self.graph.constant(norm + name, bias)]
        return self.graph.node(
            "Conv",
            inputs,
            auto_pad="SAME_UPPER",
            group=len(kernel) if split else 1,
            kernel_shape=list(kernel.shape[2:]),
            strides=[stride, stride],
        )

    def _folded(self, name: str, norm: str) -> tuple[AnyArray, AnyArray]:
        of = {part: self.weights[f"{norm}.{part}"] for part in ("weight", "bias")}
        mean, variance = self.weights[f"{norm}.running_mean"], self.weights[f"{norm}.running_var"]
        factor = of["weight"] / np.sqrt(variance + EPSILON)
        kernel = self.weights[f"{name}.weight"] * factor[:, None, None, None]
        return kernel.astype(np.float32), (of["bias"] - mean * factor).astype(np.float32)
