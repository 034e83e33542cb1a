"""What the model sees, learnt from the project's own pool: no download, no pickle."""

from selection.features.encoder import Doc, Encoder
from selection.features.image import ImageEncoder
from selection.features.matrix import Features
from selection.features.text import Text, TextQuick

RECIPES: dict[str, type[Encoder]] = {"text-quick": TextQuick, "text": Text, "image": ImageEncoder}

__all__ = ["RECIPES", "Doc", "Encoder", "Features", "ImageEncoder", "Text", "TextQuick"]
