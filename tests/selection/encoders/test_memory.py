"""What a large picture takes at most, measured in a process of its own."""

import io
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from selection.encoders import pictures, webp

SIZE = (8160, 6120)  # 50 megapixels
MOST = 350  # MB; a worker has 320 MB without the picture, and 700 in all
READ = """
import sys
from pathlib import Path
from selection.encoders.pictures import read_pixels

read_pixels(Path(sys.argv[1]).read_bytes(), 224, (0.5,) * 3, (0.5,) * 3)
# Not ru_maxrss, which a process inherits from the one that began it.
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""
MAKE = """
import sys
from PIL import Image

picture = Image.linear_gradient("L").resize((8160, 6120)).convert("RGB")
options = {"quality": 5, "method": 0, "lossless": "lossless" in sys.argv[1]}
picture.save(sys.argv[1], sys.argv[2], **(options if sys.argv[2] == "WEBP" else {}))
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads the memory of Linux")
@pytest.mark.parametrize("name", ["lossy.webp", "lossless.webp", "photo.jpeg"])
def test_picture_of_50_megapixels_fits_a_worker(tmp_path: Path, name: str) -> None:
    path, form = tmp_path / name, name.rpartition(".")[2].upper()
    subprocess.run([sys.executable, "-c", MAKE, str(path), form], check=True, timeout=120)
    done = subprocess.run(
        [sys.executable, "-c", READ, str(path)], check=True, timeout=120, capture_output=True
    )
    assert int(done.stdout) / 1024 < MOST


def stored(picture: Image.Image, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "WEBP", **options)
    return buffer.getvalue()


def gradient(mode: str) -> Image.Image:
    picture = Image.linear_gradient("L").resize((400, 300))
    picture = Image.merge("RGB", [picture, picture.rotate(180), picture])
    if mode == "RGBA":
        picture.putalpha(Image.radial_gradient("L").resize(picture.size))
    return picture


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("lossless", [True, False])
def test_shrunk_webp_is_what_pillow_would_show(mode: str, lossless: bool) -> None:
    doc = stored(gradient(mode), lossless=lossless, quality=95)
    small = webp.read_shrunk(doc, 4)
    assert small is not None
    assert (small.mode, small.size) == (mode, (100, 75))
    whole = Image.open(io.BytesIO(doc)).reduce(4)
    pairs = zip(small.tobytes(), whole.convert(mode).tobytes(), strict=True)
    differences = [abs(one - other) for one, other in pairs]
    assert sum(differences) / len(differences) < 3


def test_webp_is_turned_as_it_says() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # a quarter turn
    plain = stored(gradient("RGB"), quality=95)
    turned = stored(gradient("RGB").rotate(90, expand=True), quality=95, exif=exif)
    ones = [pictures.read_pixels(doc, 16, (0.0,) * 3, (1.0,) * 3) for doc in (plain, turned)]
    assert abs(ones[0] - ones[1]).mean() < 0.02


def test_animation_is_decoded_whole_unless_it_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    frames = [Image.new("RGB", (200, 200), colour) for colour in ("red", "blue")]
    doc = stored(frames[0], save_all=True, append_images=frames[1:])
    assert webp.read_shrunk(doc, 2) is None
    pixels = pictures.read_pixels(doc, 16, (0.0,) * 3, (1.0,) * 3)
    assert pixels[0].mean() > 0.9 > 0.1 > pixels[2].mean()
    monkeypatch.setattr(pictures, "MOST_PIXELS_WHOLE", 30_000)
    with pytest.raises(ValueError, match="WebP animation of more than 30,000 pixels"):
        pictures.read_pixels(doc, 16, (0.0,) * 3, (1.0,) * 3)


def test_damaged_webp_is_refused() -> None:
    doc = stored(gradient("RGB"), quality=95)
    with pytest.raises(ValueError, match="cannot be read"):
        pictures.read_pixels(doc[: len(doc) // 2], 16, (0.0,) * 3, (1.0,) * 3)
