"""Pretrained encoders: files that somebody else trained, run as they are; nothing is fetched.

| module | what it holds |
|---|---|
| `base` | The protocol, what a folder says of an encoder, and what is wrong with one |
| `onnx_session` | ONNX Runtime, set up for a worker process |
| `onnx_text` | Texts: tokenizer and ONNX graph |
| `onnx_image` | Pictures: pixels and ONNX graph |
| `static_vectors` | Texts: one vector for each token, averaged |
| `tokens` | A tokenizer file, with long texts cut |
| `pictures` | A picture file, decoded at about the size that is needed |
| `webp` | WebP pictures, shrunk while they are decoded |
| `safetensors` | Tensors of a safetensors file |

`KINDS` maps the kind that a manifest names to the class that runs it.
"""

from collections.abc import Callable

from selection.encoders.base import (
    Doc,
    EncoderSpec,
    Medium,
    PretrainedEncoder,
    UnusableEncoder,
)
from selection.encoders.onnx_image import OnnxImageEncoder
from selection.encoders.onnx_text import OnnxTextEncoder
from selection.encoders.static_vectors import StaticVectors

KINDS: dict[str, Callable[[EncoderSpec], PretrainedEncoder]] = {
    "onnx_text": OnnxTextEncoder,
    "onnx_image": OnnxImageEncoder,
    "static_vectors": StaticVectors,
}


def open_encoder(spec: EncoderSpec) -> PretrainedEncoder:
    """Return the encoder that `spec` describes, its files loaded; UnusableEncoder if they fail."""
    if spec.kind not in KINDS:
        raise UnusableEncoder("unknown_kind", kind=spec.kind)
    return KINDS[spec.kind](spec)


__all__ = [
    "KINDS",
    "Doc",
    "EncoderSpec",
    "Medium",
    "PretrainedEncoder",
    "UnusableEncoder",
    "open_encoder",
]
