"""Weights as they were published to the graph that runs here, built once.

| module | what it holds |
|---|---|
| `graph` | An ONNX graph, node by node |
| `bert` | Text encoders of BERT's form, with fused operators, in float or 8 bits |
| `bert_weights` | Their weights: of a safetensors file, or of an ONNX file with 8-bit weights |
| `efficientnet` | EfficientNet-Lite0 |
| `torch_file` | The tensors of a PyTorch file, read without PyTorch and without running anything |
"""

from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, cast

# A recipe gets a manifest's file paths by role and an empty folder, writes what runs there, and
# returns the fields of the manifest that differ.
Recipe = Callable[[Mapping[str, Path], Path], dict[str, Any]]

RECIPES = {
    "bert_safetensors": "annotator.encoders.building.bert:from_safetensors",
    "bert_int8_onnx": "annotator.encoders.building.bert:from_int8_onnx",
    "efficientnet_lite0_pth": "annotator.encoders.building.efficientnet:from_pth",
}


def recipe(name: str) -> Recipe:
    """Return a recipe; it is imported only now, as it takes packages that may be missing."""
    module, function = RECIPES[name].split(":")
    return cast(Recipe, getattr(import_module(module), function))
