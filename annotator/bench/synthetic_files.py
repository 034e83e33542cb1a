"""Large synthetic files: tables with rows of one length, and archives of small pictures."""

import io
import random
import zipfile
from pathlib import Path

from PIL import Image

from annotator.bench.synthetic_text import texts

KINDS = ["dark", "bright"]
SIDE, CELLS = 64, 8
DISTINCT = 20_000


def write_rows(path: Path, number: int, size: int) -> None:
    """Write a CSV file of `number` rows of `size` bytes with id, text and topic."""
    # Words are drawn once for many texts, whose numbers tell them apart.
    drawn = list(texts(min(number, DISTINCT), words=size // 6))
    with path.open("w", newline="", encoding="ascii") as file:
        file.write("id,text,topic\r\n")
        for n in range(number):
            text, topic = drawn[n % len(drawn)]
            start, end = f"row-{n},{n} ", f",{topic}\r\n"
            length = size - len(start) - len(end)
            file.write(f"{start}{text[:length]:x<{length}}{end}")


def write_pictures(path: Path, number: int) -> None:
    """Write a ZIP of `number` small JPEG files, dark and bright ones, in two folders."""
    rng = random.Random(1)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for n in range(number):
            kind = n % len(KINDS)
            content = bytes(rng.randrange(128) + 127 * kind for _ in range(3 * CELLS * CELLS))
            small = Image.frombytes("RGB", (CELLS, CELLS), content)
            out = io.BytesIO()
            small.resize((SIDE, SIDE), Image.Resampling.BICUBIC).save(out, "JPEG", quality=85)
            archive.writestr(f"{KINDS[kind]}/{n:06d}.jpg", out.getvalue())
