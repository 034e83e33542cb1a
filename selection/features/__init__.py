"""Features: encoders fitted on the project's own pool; no download, no pickle."""

from selection.features.base import Doc, Encoder
from selection.features.image.encoder import ImageEncoder
from selection.features.matrix import Blocks, Features
from selection.features.text.encoders import Text, TextQuick
from selection.features.text.pairs import Pairs, PairsQuick
from selection.features.vectors import VectorBlock

# In the order in which they are made for a medium: each is better than the one before.
RECIPES: dict[str, type[Encoder]] = {
    each.recipe: each for each in (TextQuick, Text, ImageEncoder, PairsQuick, Pairs)
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
