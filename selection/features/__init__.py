"""Features: encoders fitted on the project's own pool; no download, no pickle."""

from selection.features.base import Doc, Encoder
from selection.features.image.encoder import ImageEncoder
from selection.features.matrix import Blocks, Features
from selection.features.text.encoders import Text, TextQuick
from selection.features.text.pairs import Pairs, PairsQuick
from selection.features.vectors import VectorBlock

RECIPES: dict[str, type[Encoder]] = {
    "text-quick": TextQuick,
    "text": Text,
    "image": ImageEncoder,
    "pairs-quick": PairsQuick,
    "pairs": Pairs,
}

__all__ = [
    "RECIPES",
    "Blocks",
    "Doc",
    "Encoder",
    "Features",
    "ImageEncoder",
    "Text",
    "TextQuick",
    "VectorBlock",
]
