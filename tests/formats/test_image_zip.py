"""ZIP files of pictures, honest and otherwise, and what becomes of one picture."""

import io
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from annotator.formats import Columns, Looked, RejectedRow, SkippedFile, UnreadableFile, image_zip
from annotator.formats.archives import zip_source
from annotator.i18n.reasons import worded


def picture(
    format: str = "PNG", size: Any = (16, 12), mode: str = "RGB", color: Any = None, **options: Any
) -> Any:
    out = io.BytesIO()
    shade = {"RGB": (200, 40, 10), "RGBA": (0, 0, 255, 0), "CMYK": (0, 255, 255, 0)}
    Image.new(mode, size, color if color is not None else shade.get(mode, 0)).save(
        out, format, **options
    )
    return out.getvalue()


def packed(path: Any, entries: Any, **options: Any) -> Any:
    with zipfile.ZipFile(path, "w", **options) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return path


@pytest.fixture
def pack(tmp_path: Path) -> Any:
    """Return a function that writes a ZIP of {name: content}."""
    return lambda entries, **options: packed(tmp_path / "file.zip", entries, **options)


def read(path: Any, names: Any) -> Any:
    entries = image_zip.read(path, Columns(), Looked(0), names)
    return (entry for entry in entries if not isinstance(entry, SkippedFile))


def refusal(path: Any) -> Any:
    with pytest.raises(UnreadableFile) as caught:
        image_zip.look(path)
    return caught.value


def refused(content: Any) -> Any:
    with pytest.raises(image_zip.BadPicture) as caught:
        image_zip.clean(content)
    return caught.value.code


def opened(content: Any) -> Any:
    clean, ending = image_zip.clean(content)
    return Image.open(io.BytesIO(clean)), ending


# The ZIP -----------------------------------------------------------------------------------------


def test_pictures_come_in_order_of_their_names(pack: Any) -> None:
    path = pack({"b.png": picture(), "a.jpg": picture("JPEG"), "notes.txt": b"no"})
    assert image_zip.look(path).rows == 2
    assert [row.key for row in read(path, set())] == ["a.jpg", "b.png"]


def test_what_systems_leave_in_archives_is_passed_over(pack: Any) -> None:
    path = pack(
        {"__MACOSX/._a.png": b"x", ".DS_Store": b"x", "Thumbs.db": b"x", "in/.b.png": b"x"}
        | {"in/a.png": picture()}
    )
    assert [row.key for row in read(path, set())] == ["in/a.png"]


@pytest.mark.parametrize(
    "name",
    ["../evil.png", "a/../../evil.png", "/evil.png", "C:/evil.png", "C:\\evil.png", "a\\..\\b.png"],
)
def test_name_that_points_outside_is_refused_and_named(pack: Any, name: str) -> None:
    problem = refusal(pack({"fine.png": picture(), name: picture()}))
    assert problem.code == "zip_unsafe_name"
    assert "evil" in worded(problem.reason) or "b.png" in worded(problem.reason)


def test_symlink_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "file.zip"
    with zipfile.ZipFile(path, "w") as archive:
        link = zipfile.ZipInfo("link.png")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    assert refusal(path).code == "zip_unsafe_name"


def test_encrypted_zip_is_refused(pack: Any) -> None:
    path = pack({"a.png": picture()})
    data = bytearray(path.read_bytes())
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.find(mark) + place] |= 1
    path.write_bytes(data)
    assert refusal(path).code == "zip_encrypted"


def test_entries_that_share_their_bytes_are_refused(pack: Any) -> None:
    path = pack({"a.png": picture(), "b.png": picture()})
    data = bytearray(path.read_bytes())
    second = data.rfind(b"PK\x01\x02")
    # The second entry of the directory points at the bytes of the first.
    data[second + 42 : second + 46] = struct.pack("<I", 0)
    path.write_bytes(data)
    assert refusal(path).code == "zip_overlap"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty_file"),
        (b"no zip at all", "unsupported_image"),
        (b"PK\x05\x06" + bytes(18), "empty_zip"),
    ],
)
def test_what_is_no_zip_is_refused(tmp_path: Path, content: Any, code: str) -> None:
    path = tmp_path / "file.zip"
    path.write_bytes(content)
    assert refusal(path).code == code


def test_zip_that_is_cut_off_is_refused(pack: Any) -> None:
    path = pack({"a.png": picture()})
    path.write_bytes(path.read_bytes()[:-30])
    assert refusal(path).code == "bad_zip"


def test_zip_without_pictures_is_refused(pack: Any) -> None:
    assert refusal(pack({"a.txt": b"text", "inner.zip": b"PK"})).code == "no_images"


def test_too_many_entries_are_refused(pack: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zip_source, "MOST_ENTRIES", 1)
    assert refusal(pack({"a.png": b"", "b.png": b""})).code == "zip_too_many"


def test_zip_that_claims_to_unpack_to_too_much_is_refused(
    pack: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zip_source, "MOST_BYTES", 100)
    assert refusal(pack({"a.png": bytes(101)})).code == "zip_too_large"


def test_entry_that_unpacks_to_hundreds_of_times_its_size_is_not_unpacked(pack: Any) -> None:
    path = pack({"a.png": bytes(1 << 20), "b.png": picture()}, compression=zipfile.ZIP_DEFLATED)
    bad, good = read(path, set())
    assert (bad.code, bad.number) == ("zip_bomb", 1)
    assert "a.png" in worded(bad.reason)
    assert good.key == "b.png"


def test_entry_that_is_larger_than_it_says_is_refused(pack: Any) -> None:
    path = pack({"a.png": picture()})
    data = bytearray(path.read_bytes())
    entry = data.find(b"PK\x01\x02")
    data[entry + 24 : entry + 28] = struct.pack("<I", 10)
    path.write_bytes(data)
    (bad,) = read(path, set())
    assert bad.code == "bad_zip_entry"


def test_unusual_packing_costs_only_its_entry(pack: Any) -> None:
    path = pack({"a.png": picture()}, compression=zipfile.ZIP_LZMA)
    (bad,) = read(path, set())
    assert bad.code == "zip_method"


def test_folder_is_the_label_where_folders_are_named_like_labels(pack: Any) -> None:
    path = pack({"cat/1.png": picture(), "dog/2.png": picture(), "bird/3.png": picture()})
    rows = list(read(path, {"cat", "dog"}))
    assert rows[0].meta == {"folder": "bird"}
    assert {row.key: row.labels for row in rows} == {
        "bird/3.png": None,
        "cat/1.png": ["cat"],
        "dog/2.png": ["dog"],
    }


def test_folders_of_other_names_are_no_labels(pack: Any) -> None:
    path = pack({"batch1/1.png": picture()})
    assert [row.labels for row in read(path, {"cat"})] == [None]


@pytest.mark.parametrize("header", ["filename,label", "File, Labels", "\ufeffimage,class"])
def test_labels_csv_gives_the_labels(pack: Any, header: str) -> None:
    table = f"{header}\n1.png,cat\n2.png,cat|dog\n"
    path = pack({"labels.csv": table, "1.png": picture(), "2.png": picture(), "3.png": picture()})
    rows = list(read(path, {"cat", "dog"}))
    assert [row.labels for row in rows] == [["cat"], ["cat", "dog"], None]


def test_labels_csv_tells_equal_names_in_two_folders_apart(pack: Any) -> None:
    table = "filename,label\none/1.png,cat\ntwo/1.png,dog\n"
    path = pack({"labels.csv": table, "one/1.png": picture(), "two/1.png": picture()})
    assert [row.labels for row in read(path, {"cat"})] == [["cat"], ["dog"]]


def test_labels_csv_without_its_columns_names_those_that_are_there(pack: Any) -> None:
    path = pack({"labels.csv": "a,b\n1,2\n", "1.png": picture()})
    with pytest.raises(UnreadableFile) as caught:
        list(read(path, set()))
    assert caught.value.code == "missing_column"
    assert "“a”, “b”" in worded(caught.value.reason)


def test_labels_csv_that_is_no_text_is_refused(pack: Any) -> None:
    path = pack({"labels.csv": b"\xff\xfe\xfa", "1.png": picture()})
    with pytest.raises(UnreadableFile) as caught:
        list(read(path, set()))
    assert caught.value.code == "bad_labels"


# One picture -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("format", "ending"),
    [
        *(("PNG", "png"), ("GIF", "png"), ("BMP", "png"), ("TIFF", "png")),
        *(("JPEG", "jpg"), ("WEBP", "jpg"), ("AVIF", "jpg"), ("HEIF", "jpg")),
    ],
)
def test_every_format_becomes_png_or_jpeg_of_our_own(format: str, ending: str) -> None:
    clean, its = opened(picture(format))
    assert its == ending
    assert clean.format == {"png": "PNG", "jpg": "JPEG"}[ending]
    assert clean.size == (16, 12)


def test_whatever_else_was_in_the_file_is_gone() -> None:
    polyglot = picture("GIF") + b"<script>alert(1)</script>"
    commented = picture("JPEG", comment=b"<script>alert(1)</script>", exif=b"Exif\x00\x00<script>")
    for content in (polyglot, commented):
        assert b"<script>" in content
        assert b"script" not in image_zip.clean(content)[0]


@pytest.mark.parametrize(
    "content",
    [
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"<html><img src=x></html>",
        b"%PDF-1.4",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n",
        b"8BPS\x00\x01",
        b"",
        picture("ICO", size=(16, 16)),
    ],
)
def test_what_is_no_picture_of_ours_is_refused_whatever_its_name(content: Any) -> None:
    assert refused(content) == "unsupported_image"


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP", "GIF", "BMP"])
def test_truncated_picture_is_refused(format: str) -> None:
    whole = picture(format, size=(64, 64))
    assert refused(whole[: len(whole) // 2]) in {"image_truncated", "image_broken"}


def bomb(width: Any, height: Any) -> Any:
    """Return a PNG that claims to be of this size, in a few bytes."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [header, b"IDAT" + zlib.compress(bytes(100)), b"IEND"]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
        for chunk in chunks
    )


@pytest.mark.parametrize(
    ("size", "code"),
    [
        ((100_000, 100_000), "image_too_large"),
        ((9_500, 9_500), "image_too_large"),
        ((4, 100), "image_too_small"),
        ((10, 510), "image_too_long"),
    ],
)
def test_size_is_judged_by_the_header_before_anything_is_decoded(size: Any, code: str) -> None:
    assert refused(bomb(*size)) == code


def test_cmyk_becomes_rgb() -> None:
    clean, _ending = opened(picture("JPEG", mode="CMYK", color=(0, 255, 255, 0)))
    assert clean.mode == "RGB"
    red, green, blue = clean.getpixel((5, 5))
    assert red > 200
    assert max(green, blue) < 60


def test_transparent_parts_become_white() -> None:
    for content in (
        picture(mode="RGBA"),
        picture(mode="LA", color=(0, 0)),
        picture("GIF", mode="P", transparency=0),
    ):
        clean, _ending = opened(content)
        assert clean.convert("RGB").getpixel((5, 5)) == (255, 255, 255)


def test_sixteen_bits_keep_their_shades() -> None:
    deep = Image.new("I;16", (16, 16))
    deep.putdata([0] * 64 + [30_000] * 64 + [60_000] * 128)
    out = io.BytesIO()
    deep.save(out, "PNG")
    clean, _ending = opened(out.getvalue())
    assert [clean.getpixel((0, row)) for row in (0, 5, 10)] == [0, 127, 255]


@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_picture_is_turned_upright(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    clean, _ending = opened(picture("JPEG", size=(40, 20), exif=exif))
    assert clean.size == ((40, 20) if orientation == 3 else (20, 40))
    assert not clean.getexif()


def test_first_frame_of_an_animation_is_taken() -> None:
    frames = [Image.new("RGB", (16, 16), shade) for shade in ("red", "blue")]
    out = io.BytesIO()
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:])
    clean, _ending = opened(out.getvalue())
    assert clean.convert("RGB").getpixel((5, 5)) == (255, 0, 0)


def test_broken_picture_costs_only_its_row(pack: Any) -> None:
    rows = list(read(pack({"a.png": b"no", "b.png": picture()}), set()))
    assert not any(isinstance(row, RejectedRow) for row in rows)
    assert refused(rows[0].content) == "unsupported_image"


def test_folders_beside_those_of_labels_are_told(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("Tiger/a.png", "Lion/b.png", "Lion/c.png"):
            archive.writestr(name, b"\x89PNG\r\n\x1a\n")
    columns = Columns(label_names=frozenset(("Tiger", "Wolf")))
    (note,) = image_zip.look(path, columns).notes
    assert (note.code, note.values) == ("folders_without_label", {"n": 2, "names": "“Lion”"})
    assert image_zip.look(path, Columns()).notes == ()
