"""Files of every kind, and damaged copies of them."""

import gzip
import io
import json
import random
import tarfile
import zipfile
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import numpy as np
from PIL import Image

import annotator.formats.image_zip  # noqa: F401 - Pillow learns HEIC from it
from tests.formats.workbooks import ods, xlsx

TABLE = "id,text,label\r\n" + "".join(
    f'{n},"text ""{n}"", über",{("spam", "ham")[n % 2]}\r\n' for n in range(30)
)
RECORDS = [
    {"id": n, "text": f"text {n} é", "label": ["spam"], "meta": {"a": [n, None]}} for n in range(20)
]
CHOICE = {"from_name": "c", "to_name": "t", "type": "choices", "value": {"choices": ["spam"]}}
TASKS = [
    {
        "id": n,
        "data": {"text": f"text {n}"},
        "annotations": [{"result": [CHOICE], "completed_by": {"email": "ana"}, "lead_time": 4.5}],
        "predictions": [{"result": [CHOICE], "score": 0.9}],
    }
    for n in range(5)
]
FLAT = "text,id,sentiment,annotator,lead_time\n" + "".join(
    f'text {n},{n},"{{""choices"": [""spam"", ""ham""]}}",1,3.2\n' for n in range(9)
)
DOCCANO = [{"id": n, "text": f"text {n}", "label": ["spam"], "Comments": []} for n in range(9)]
PRODIGY = [
    {
        "text": f"text {n}",
        "_input_hash": n // 2,
        "_task_hash": n,
        "options": [{"id": "spam", "text": "spam"}],
        "accept": ["spam"],
        "answer": ("accept", "reject", "ignore")[n % 3],
        "_annotator_id": "mail-ana",
    }
    for n in range(9)
]
ARGILLA = [
    {
        "id": str(n),
        "fields": {"text": f"text {n}"},
        "metadata": {},
        "suggestions": {"label": {"value": "spam", "score": 0.4, "agent": "m"}},
        "responses": {"label": [{"value": "ham", "user_id": "1"}]},
    }
    for n in range(9)
]
# What may be put somewhere into a damaged file.
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
        "tasks.json": ("jsonl", json.dumps(TASKS).encode()),
        "flat.csv": ("csv", FLAT.encode()),
        "doccano.jsonl": ("jsonl", "\n".join(map(json.dumps, DOCCANO)).encode()),
        "prodigy.jsonl": ("jsonl", "\n".join(map(json.dumps, PRODIGY)).encode()),
        "argilla.json": ("jsonl", json.dumps(ARGILLA).encode()),
        "sheet.xlsx": ("xlsx", xlsx([["id", "text"], *([n, f"text {n}"] for n in range(20))])),
        "sheet.ods": ("xlsx", ods([["id", "text"], *([n, f"text {n}"] for n in range(20))])),
        "lines.txt": ("text", b"__label__spam win money\nplain words\n" * 10),
        "table.csv.gz": ("archive", gzip.compress(table, mtime=0)),
        "tables.zip": ("archive", _zipped({"a.csv": table, "b.jsonl": lines})),
        "pictures.zip": ("zip", _pictures()),
        "picture.png": ("zip", _picture("PNG")),
        "picture.heic": ("zip", _picture("HEIF")),
        "picture.avif": ("zip", _picture("AVIF")),
        "tables.tar.gz": ("archive", _tar({"a.csv": table, "b.jsonl": lines}, "gz")),
        "pictures.tar": ("zip", _tar({f"{kind}.png": _picture("PNG") for kind in "ab"}, "")),
        **_of_extras(),
    }


def _of_extras() -> dict[str, tuple[str, bytes]]:
    """Return files whose readers are there only with an extra."""
    found: dict[str, tuple[str, bytes]] = {}
    if find_spec("pyarrow"):
        found["table.parquet"] = ("parquet", _parquet())
    if find_spec("pydicom"):
        found["scan.dcm"] = ("zip", _dicom())
    return found


def _parquet() -> bytes:
    import pyarrow
    import pyarrow.parquet

    out = io.BytesIO()
    columns = {name: [each[name] for each in RECORDS] for name in ("id", "text", "label")}
    pyarrow.parquet.write_table(pyarrow.table(columns), out)
    return out.getvalue()


def _dicom() -> bytes:
    import pydicom

    meta: Any = pydicom.dataset.FileMetaDataset()
    meta.TransferSyntaxUID = "1.2.840.10008.1.2.1"
    meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    meta.MediaStorageSOPInstanceUID = "1.2"
    data: Any = pydicom.dataset.Dataset()
    data.file_meta = meta
    data.Rows, data.Columns = 16, 16
    data.SamplesPerPixel, data.BitsAllocated, data.BitsStored, data.HighBit = 1, 16, 16, 15
    data.PixelRepresentation, data.PhotometricInterpretation = 0, "MONOCHROME2"
    data.PixelData = np.arange(256, dtype="<u2").tobytes()
    out = io.BytesIO()
    pydicom.dcmwrite(out, data, enforce_file_format=True)
    return out.getvalue()


def _tar(members: dict[str, bytes], packed: str) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return gzip.compress(out.getvalue(), mtime=0) if packed else out.getvalue()


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
            # A fixed time, so that a damaged file is the same each time.
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
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
