"""Encoders of pictures."""

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from selection.core.arrays import Float32Array
from selection.encoders import EncoderSpec, UnusableEncoder, open_encoder
from selection.encoders.pictures import MOST_PIXELS, read_pixels
from tests import tiny_encoders

PLAIN = ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))


@pytest.fixture
def spec(tmp_path: Path) -> EncoderSpec:
    tiny_encoders.write_image_model(tmp_path / "model.onnx")
    files = {"model": tmp_path / "model.onnx"}
    mean, std = PLAIN
    return EncoderSpec("tiny", "onnx_image", "image", 3, files=files, size=16, mean=mean, std=std)


def stored(picture: Image.Image, form: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, form)
    return buffer.getvalue()


def colour(doc: bytes | Image.Image) -> Float32Array:
    """Return the mean of each colour, from 0 to 1."""
    return read_pixels(doc, 16, *PLAIN).mean(axis=(1, 2))


def test_pictures_alike_are_near(spec: EncoderSpec) -> None:
    pictures = [Image.new("RGB", (20, 30), name) for name in ("red", "#e01010", "blue")]
    vectors = open_encoder(spec).encode([stored(pictures[0]), *pictures[1:]])
    assert vectors[0] @ vectors[1] > 0.95 > 0.1 > vectors[0] @ vectors[2]
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)
    assert not open_encoder(spec).too_long(pictures).any()
    assert open_encoder(spec).encode([]).shape == (0, 3)


def test_mean_and_deviation_are_taken_off() -> None:
    pixels = read_pixels(
        Image.new("RGB", (4, 4), (255, 0, 127)), 8, (0.5, 0.5, 0.5), (0.25, 0.5, 1)
    )
    assert pixels.shape == (3, 8, 8)
    np.testing.assert_allclose(pixels[:, 0, 0], [2, -1, 127 / 255 - 0.5], rtol=1e-5)


@pytest.mark.parametrize(
    ("picture", "expected"),
    [
        (Image.new("L", (5, 9), 51), (0.2, 0.2, 0.2)),
        (Image.new("1", (40, 40), 1), (1, 1, 1)),
        (Image.new("I;16", (9, 9), 32_896), (0.5, 0.5, 0.5)),
        (Image.new("RGBA", (9, 9), (255, 0, 0, 0)), (1, 1, 1)),
        (Image.new("RGBA", (9, 9), (255, 0, 0, 255)), (1, 0, 0)),
        (Image.new("LA", (900, 900), (0, 0)), (1, 1, 1)),
        (Image.new("RGB", (90, 90), "lime").convert("P"), (0, 1, 0)),
        (Image.new("CMYK", (9, 9), (0, 0, 0, 0)), (1, 1, 1)),
    ],
)
def test_every_mode_becomes_colours_on_white(
    picture: Image.Image, expected: tuple[float, float, float]
) -> None:
    np.testing.assert_allclose(colour(picture), expected, atol=0.01)


@pytest.mark.parametrize("factor", [1, 20])
def test_turned_picture_is_turned_back(factor: int) -> None:
    picture = Image.new("RGB", (20, 40), "black")
    picture.paste("white", (0, 0, 20, 20))
    picture = picture.resize((20 * factor, 40 * factor))
    exif = picture.getexif()
    exif[0x0112] = 3
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", exif=exif, quality=95)
    pixels = read_pixels(buffer.getvalue(), 16, *PLAIN)
    assert pixels[:, :6].mean() < 0.1 < 0.9 < pixels[:, -6:].mean()


@pytest.mark.parametrize(("mode", "form"), [("RGB", "JPEG"), ("RGB", "PNG"), ("P", "PNG")])
def test_picture_of_fifty_megapixels_is_read(mode: str, form: str) -> None:
    picture = Image.new(mode, (10_000, 5_000), "white")
    np.testing.assert_allclose(colour(stored(picture, form)), (1, 1, 1), atol=0.01)


def test_larger_pictures_are_refused_before_they_are_decoded(spec: EncoderSpec) -> None:
    huge = Image.new("1", (20_000, MOST_PIXELS // 20_000 + 1))
    with pytest.raises(ValueError, match=r"picture 1 has more than 100,000,000 pixels"):
        open_encoder(spec).encode([Image.new("L", (8, 8)), huge])


@pytest.mark.parametrize("doc", [b"", b"no picture", stored(Image.new("L", (99, 99)))[:60]])
def test_what_is_no_picture_is_named(spec: EncoderSpec, doc: bytes) -> None:
    with pytest.raises(ValueError, match="picture 0 cannot be read"):
        open_encoder(spec).encode([doc])


def test_senseless_vectors_are_refused(spec: EncoderSpec) -> None:
    picture = [Image.new("RGB", (8, 8), "red")]
    with pytest.raises(UnusableEncoder, match="wrong_dimension"):
        open_encoder(replace(spec, dimensions=4)).encode(picture)
    tiny_encoders.write_image_model(spec.files["model"], np.array([1, np.inf, 1], dtype=np.float32))
    with pytest.raises(UnusableEncoder, match="not_finite"):
        open_encoder(spec).encode(picture)


def test_graph_for_texts_is_refused(spec: EncoderSpec) -> None:
    tiny_encoders.write_text_model(spec.files["model"])
    with pytest.raises(UnusableEncoder, match="wrong_inputs"):
        open_encoder(spec)
