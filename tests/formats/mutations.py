"""Files of every kind, and damaged copies of them."""

import gzip
import io
import json
import random
import zipfile
from collections.abc import Iterator

from PIL import Image

from tests.formats.workbooks import ods, xlsx

TABLE = "id,text,label\r\n" + "".join(
    f'{n},"text ""{n}"", über",{("spam", "ham")[n % 2]}\r\n' for n in range(30)
)
RECORDS = [
    {"id": n, "text": f"text {n} é", "label": ["spam"], "meta": {"a": [n, None]}} for n in range(20)
]
TASK = {"id": 1, "data": {"text": "a"}, "annotations": [{"result": [], "completed_by": 1}]}
# What a damaged file may get in some place.
FRAGMENTS = (
    *(b"\x00", b"\xff\xfe", b'"', b"\r", b"\n", b"[", b"{", b"}", b",", b"|", b"\\"),
    *(
        b"PK\x03\x04",
        b"PK\x05\x06",
        b"1e999",
        b"NaN",
        b"\\ud800",
        b"[" * 3000,
        b"9" * 400,
        b"a" * 5000,
    ),
)


def files() -> dict[str, tuple[str, bytes]]:
    """Return (kind of the reader, content) of sound files by their names."""
    table = TABLE.encode()
    lines = "\n".join(map(json.dumps, RECORDS)).encode()
    return {
        "table.csv": ("csv", table),
        "table-cp1252.csv": ("csv", TABLE.encode("cp1252")),
        "table-utf-16.csv": ("csv", TABLE.encode("utf-16")),
        "lines.jsonl": ("jsonl", lines),
        "array.json": ("jsonl", json.dumps(RECORDS, indent=1).encode()),
        "wrapped.json": ("jsonl", json.dumps({"data": RECORDS}).encode()),
        "tasks.json": ("jsonl", json.dumps([TASK] * 5).encode()),
        "sheet.xlsx": ("xlsx", xlsx([["id", "text"], *([n, f"text {n}"] for n in range(20))])),
        "sheet.ods": ("xlsx", ods([["id", "text"], *([n, f"text {n}"] for n in range(20))])),
        "lines.txt": ("text", b"__label__spam win money\nplain words\n" * 10),
        "table.csv.gz": ("archive", gzip.compress(table)),
        "tables.zip": ("archive", _zipped({"a.csv": table, "b.jsonl": lines})),
        "pictures.zip": ("zip", _pictures()),
        "picture.png": ("zip", _picture("PNG")),
    }


def _pictures() -> bytes:
    table = b"filename,label\nPNG.png,cat\nJPEG.jpg,dog\nno.png,cat\n"
    kinds = {"PNG": "png", "JPEG": "jpg", "TIFF": "tif", "WEBP": "webp", "GIF": "gif"}
    members = {f"{kind}.{ending}": _picture(kind) for kind, ending in kinds.items()}
    return _zipped({"labels.csv": table, **members})


def _picture(kind: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (24, 16), (200, 40, 10)).save(out, kind)
    return out.getvalue()


def _zipped(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def mutated(seed: int, number: int) -> Iterator[tuple[str, str, bytes]]:
    """Yield (name, kind, content) of damaged files, the same ones for a seed."""
    sound = list(files().items())
    for place in range(number):
        chance = random.Random(f"{seed}-{place}")
        name, (kind, content) = sound[place % len(sound)]
        yield f"{place}-{name}", kind, _damaged(content, chance)


def _damaged(content: bytes, chance: random.Random) -> bytes:
    data = bytearray(content)
    for _time in range(chance.choice((1, 1, 2, 5, 20))):
        place = chance.randrange(len(data) + 1)
        length = chance.choice((0, 1, 1, 4, 60))
        match chance.randrange(5):
            case 0:
                data[place : place + length] = chance.choice(FRAGMENTS)
            case 1:
                data[place : place + length] = chance.randbytes(length)
            case 2:
                del data[place : place + length]
            case 3:
                data[place:place] = data[chance.randrange(len(data) + 1) :][: chance.randrange(200)]
            case _:
                del data[place if chance.random() < 0.2 else len(data) :]
    return bytes(data)
