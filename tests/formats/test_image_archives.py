"""Archives of pictures as systems pack them: names, tables of labels, kinds, and the rest."""

import io
import json
import struct
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from annotator.formats import Row, UnreadableFile, image_zip
from annotator.formats.archives import zip_source
from annotator.i18n.reasons import worded
from tests.formats.reading import codes, read, skipped
from tests.formats.test_image_zip import picture, refused

PNG = picture()
NAMES = ["Tiger", "Wolf", "Löwe"]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "file"


def zipped(members: dict[str, Any]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def labelled(entries: Any) -> dict[str, Any]:
    return {entry.key: entry.labels for entry in entries if isinstance(entry, Row)}


# Names -------------------------------------------------------------------------------------------


def test_backslashes_of_windows_part_folders(path: Path) -> None:
    # zipfile itself would write slashes.
    content = zipped({"Tiger/a.png": PNG, "Wolf/b.png": PNG})
    content = content.replace(b"Tiger/a", b"Tiger\\a").replace(b"Wolf/b", b"Wolf\\b")
    entries = read(path, content, "zip", labels=NAMES)
    assert labelled(entries) == {"Tiger/a.png": ["Tiger"], "Wolf/b.png": ["Wolf"]}


def test_names_that_macos_wrote_apart_are_composed(path: Path) -> None:
    members = {
        "Bilder/Lo\u0308we/a.png": PNG,
        "__MACOSX/Bilder/._a.png": b"x",
        "Bilder/.DS_Store": b"x",
    }
    entries = read(path, zipped(members), "zip", labels=NAMES)
    assert labelled(entries) == {"Bilder/Löwe/a.png": ["Löwe"]}
    [left] = skipped(entries)
    assert (left.code, left.reason.values["n"]) == ("system_files", 2)


@pytest.mark.parametrize("encoding", ["cp437", "utf-8"])
def test_names_without_the_flag_of_their_encoding_are_read(path: Path, encoding: str) -> None:
    name = "Löwe/a.png".encode(encoding)
    stand_in = "L" + "o" * (len(name) - 9) + "we/a.png"
    content = zipped({stand_in: PNG}).replace(stand_in.encode(), name)
    assert labelled(read(path, content, "zip", labels=NAMES)) == {"Löwe/a.png": ["Löwe"]}


def test_pictures_outside_of_the_folders_of_labels_have_none(path: Path) -> None:
    members = {"Tiger/a.png": PNG, "Tiger/more/b.png": PNG, "rest/c.png": PNG, "d.png": PNG}
    entries = read(path, zipped({**members, "wolf/e.png": PNG}), "zip", labels=NAMES)
    assert labelled(entries) == {
        "Tiger/a.png": ["Tiger"],
        "Tiger/more/b.png": ["Tiger"],
        "rest/c.png": None,
        "d.png": None,
        # The check of labels suggests the name that may be meant.
        "wolf/e.png": ["wolf"],
    }


# Tables of labels --------------------------------------------------------------------------------

TABLES = {
    "labels.csv": "filename;label\r\nimgs/a.png;Tiger\r\n",
    "Labels.CSV": "\ufefffile,class\nA.PNG,Tiger\n",
    "labels.tsv": "image\tlabel\na\tTiger\n",
    "labels.jsonl": json.dumps({"filename": "imgs/a.png", "label": "Tiger"}),
    "metadata.csv": "file_name,label\nimgs/a.png,Tiger\n",
    "metadata.jsonl": json.dumps({"file_name": "a.png", "label": ["Tiger"]}),
    "labels.json": json.dumps([{"image": "x/imgs\\\\a.png".replace("x/", ""), "label": "Tiger"}]),
    "export.json": json.dumps(
        [
            {
                "id": 1,
                "data": {"image": "/data/local-files/?d=imgs/a.png"},
                "annotations": [{"result": [{"value": {"choices": ["Tiger"]}}]}],
            }
        ]
    ),
    "doccano.jsonl": json.dumps({"filename": "a.png", "label": ["Tiger"]}),
}


@pytest.mark.parametrize("name", TABLES)
def test_labels_come_from_a_table_of_any_kind(path: Path, name: str) -> None:
    content = zipped({name: TABLES[name], "imgs/a.png": PNG, "imgs/b.png": PNG})
    entries = read(path, content, "zip", labels=NAMES)
    assert labelled(entries) == {"imgs/a.png": ["Tiger"], "imgs/b.png": None}
    assert not skipped(entries)


def test_other_columns_of_the_table_stay_with_the_picture(path: Path) -> None:
    table = "file_name,label,id,taken\na.png,Tiger,7,1999\n"
    (row,) = read(path, zipped({"metadata.csv": table, "a.png": PNG}), "zip", labels=NAMES)
    assert (row.key, row.meta) == ("a.png", {"id": "7", "taken": "1999"})


def test_rows_without_their_picture_are_told(path: Path) -> None:
    table = "filename,label\nimg_1.jpg,Tiger\nIMG_2,Wolf\nmissing.jpg,Wolf\n"
    members = {"IMG_1.JPG": PNG, "IMG_2.JPG": PNG, "labels.csv": table}
    entries = read(path, zipped(members), "zip", labels=NAMES)
    assert labelled(entries) == {"IMG_1.JPG": ["Tiger"], "IMG_2.JPG": ["Wolf"]}
    assert [(each.name, each.code) for each in skipped(entries)] == [("missing.jpg", "no_picture")]
    assert "Row 3 of labels.csv" in worded(skipped(entries)[0].reason)


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (b"a.png,Ti\xffger", "invalid_utf8"),
        (b"a\x00.png,Tiger", "nul_byte"),
        (b"a.png", "column_count"),
    ],
)
@pytest.mark.parametrize("end", [b"\n", b"\r"])
def test_bad_row_of_the_table_costs_only_itself(
    path: Path, bad: bytes, code: str, end: bytes
) -> None:
    others = ["Löwe", "Löwe"]
    lines = [b"filename,label", bad, *(f"{n}.png,{name}".encode() for n, name in enumerate(others))]
    content = zipped({"labels.csv": end.join(lines), "0.png": PNG, "1.png": PNG})
    entries = read(path, content, "zip", labels=NAMES)
    assert labelled(entries) == {"0.png": ["Löwe"], "1.png": ["Löwe"]}
    assert [(each.code, each.name) for each in entries if not isinstance(each, Row)] == [
        (code, "labels.csv")
    ]


# Kinds -------------------------------------------------------------------------------------------


def test_every_file_has_a_fate(path: Path) -> None:
    kinds = {"a.tif": "TIFF", "b.jfif": "JPEG", "c.jpe": "JPEG", "d.avif": "AVIF", "e.heic": "HEIF"}
    members = {name: picture(kind) for name, kind in kinds.items()}
    others = {"no-ending": PNG, "f.svg": b"<svg/>", "notes.txt": b"hello", "x.pdf": b"%PDF"}
    entries = read(path, zipped({**members, **others}), "zip")
    assert sorted(labelled(entries)) == sorted([*members, "no-ending"])
    assert {each.name: each.code for each in skipped(entries)} == dict.fromkeys(
        ["f.svg", "notes.txt", "x.pdf"], "unread_kind"
    )
    for row in entries:
        if isinstance(row, Row):
            assert image_zip.clean(row.content)


def test_picture_is_one_whatever_its_name_ends_with(path: Path) -> None:
    members = {"scan.2026.01": picture(), "photo": picture(), "note.01": b"no picture"}
    found = read(path, zipped(members), "zip")
    assert codes(found) == ["", "", "unread_kind"]


def test_damaged_entry_costs_only_itself(path: Path) -> None:
    content = bytearray(zipped({"a.png": PNG, "b.png": picture(color=(1, 2, 3))}))
    place = content.find(b"IDAT")
    content[place] ^= 0xFF
    entries = read(path, bytes(content), "zip")
    assert codes(entries) == ["bad_zip_entry", ""]
    assert entries[0].name == "a.png"


def test_tar_of_pictures_is_read_in_its_order(path: Path) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, data in (("Wolf/b.png", PNG), ("Tiger/a.png", PNG)):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    entries = read(path, out.getvalue(), "zip", labels=NAMES)
    assert list(labelled(entries).items()) == [("Wolf/b.png", ["Wolf"]), ("Tiger/a.png", ["Tiger"])]


def test_picture_needs_no_archive(path: Path) -> None:
    (row,) = read(path, PNG, "zip")
    assert row.content == PNG


def test_zip_is_refused_by_its_count_before_its_directory_is_read(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zipfile, "ZipFile", None)
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 3, 3, 150, 0, 0)
    path.write_bytes(b"PK\x03\x04" + bytes(150) + end)
    with pytest.raises(UnreadableFile) as caught:
        zip_source.refuse_too_many(path, 2)
    assert caught.value.code == "zip_too_many"


# DICOM -------------------------------------------------------------------------------------------


def dicom(values: Any, **more: Any) -> bytes:
    pydicom = pytest.importorskip("pydicom")
    meta = pydicom.dataset.FileMetaDataset()
    meta.TransferSyntaxUID = "1.2.840.10008.1.2.1"
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = (
        "1.2.840.10008.5.1.4.1.1.7",
        "1.2",
    )
    data = pydicom.dataset.Dataset()
    data.file_meta = meta
    data.PatientName = "Patient^Secret"
    data.Rows, data.Columns = values.shape
    data.SamplesPerPixel, data.BitsAllocated, data.BitsStored, data.HighBit = 1, 16, 16, 15
    data.PixelRepresentation, data.PhotometricInterpretation = 0, "MONOCHROME2"
    for name, value in more.items():
        setattr(data, name, value)
    data.PixelData = values.astype("<u2").tobytes()
    out = io.BytesIO()
    pydicom.dcmwrite(out, data, enforce_file_format=True)
    return out.getvalue()


RAMP = np.repeat(np.arange(16)[None] * 100, 16, axis=0)


@pytest.mark.parametrize(
    ("more", "first", "last"),
    [
        ({}, 0, 255),
        ({"PhotometricInterpretation": "MONOCHROME1"}, 255, 0),
        ({"WindowCenter": 300, "WindowWidth": 200}, 0, 255),
    ],
)
def test_dicom_becomes_a_picture_without_its_patient(more: Any, first: int, last: int) -> None:
    clean, ending = image_zip.clean(dicom(RAMP, **more))
    shown = Image.open(io.BytesIO(clean))
    assert ending == "png"
    assert b"Secret" not in clean
    assert (shown.getpixel((0, 8)), shown.getpixel((15, 8))) == (first, last)
    if more.get("WindowWidth"):
        # Everything above the window is white.
        assert shown.getpixel((5, 8)) == 255


def test_dicom_of_several_frames_is_refused() -> None:
    assert refused(dicom(RAMP, NumberOfFrames=4)) == "unsupported_image"
    assert refused(dicom(RAMP)[:300]) == "unsupported_image"
