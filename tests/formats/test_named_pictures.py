"""Archives of pictures and texts with tables, folders and names of the users' own."""

import gzip
import io
from pathlib import Path

import pytest
from PIL import Image

from annotator.formats import Row, UnreadableFile
from annotator.i18n.reasons import worded
from tests.formats.reading import codes, looked_at, read, skipped
from tests.formats.test_image_archives import NAMES, PNG, labelled, zipped


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "file"


# Tables that name the pictures in their own way ---------------------------------------------------

TWO = {"a.png": PNG, "b.png": PNG}
BOTH = {"a.png": ["Tiger"], "b.png": ["Wolf"]}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("labels.csv", "image_id,class\na.png,Tiger\nb.png,Wolf\n"),
        ("labels.csv", "Image Name,Category\na.png,Tiger\nb.png,Wolf\n"),
        ("labels.csv", "id,label\na,Tiger\nb,Wolf\n"),
        ("labels.csv", "Bild;label\nA.PNG;Tiger\nhttps://example.org/b.png;Wolf\n"),
        ("labels.csv", "\ufeffa.png,Tiger\nb.png,Wolf\n"),
        ("train.csv", "photo,label,place\nx/a.png,Tiger,here\nx/b.png,Wolf,\n"),
        ("labels.json", '{"a.png": "Tiger", "b.png": ["Wolf"]}'),
        ("labels.json", '{"Tiger": ["a.png"], "Wolf": ["x/b.png"], "Löwe": []}'),
    ],
)
def test_pictures_are_found_however_a_table_names_them(path: Path, name: str, content: str) -> None:
    entries = read(path, zipped({**TWO, name: content}), "zip", labels=NAMES)
    assert labelled(entries) == BOTH
    assert not skipped(entries)


def test_codes_of_an_address_are_read(path: Path) -> None:
    members = {"my löwe.png": PNG, "labels.csv": "filename,label\nmy%20l%C3%B6we.png,Tiger\n"}
    assert labelled(read(path, zipped(members), "zip", labels=NAMES)) == {"my löwe.png": ["Tiger"]}


def test_row_that_names_pictures_in_several_folders_is_told(path: Path) -> None:
    members = {"x/a.png": PNG, "y/a.png": PNG, "labels.csv": "filename,label\na.png,Tiger\n"}
    first, second = read(path, zipped(members), "zip", labels=NAMES)
    assert (first.labels, first.told, second.labels) == (["Tiger"], (), ["Tiger"])
    [told] = second.told
    assert worded(told) == "Row 1 of labels.csv names this picture as well as “x/a.png”."


def test_folder_is_the_label_of_pictures_that_the_table_does_not_name(path: Path) -> None:
    table = "filename,label\na.png,Tiger\n"
    members = {"Wolf/a.png": PNG, "Tiger/b.png": PNG, "c.png": PNG, "labels.csv": table}
    entries = read(path, zipped(members), "zip", labels=NAMES)
    found = {"Wolf/a.png": ["Tiger"], "Tiger/b.png": ["Tiger"], "c.png": None}
    assert labelled(entries) == found


# Folders ------------------------------------------------------------------------------------------


def test_folders_are_told_where_none_is_called_like_a_label(path: Path) -> None:
    columns = {"label_names": frozenset(NAMES)}
    several = looked_at(path, zipped({"Lion/a.png": PNG, "Bear/b.png": PNG}), "zip", **columns)
    assert [note.code for note in several.notes] == ["folders_without_label"]
    for folders in (("photos", "photos"), ("train", "test")):
        members = {f"{folder}/{n}.png": PNG for n, folder in enumerate(folders)}
        assert looked_at(path, zipped(members), "zip", **columns).notes == ()


def test_folders_are_labels_where_new_ones_are_created(path: Path) -> None:
    members = {"train/Lion/a.png": PNG, "train/Tiger/b.png": PNG, "train/c.png": PNG}
    entries = read(path, zipped(members), "zip", labels=NAMES, new_labels=True)
    assert labelled(entries) == {
        "train/Lion/a.png": ["Lion"],
        "train/Tiger/b.png": ["Tiger"],
        "train/c.png": None,
    }


# Names and kinds ----------------------------------------------------------------------------------


def test_colons_and_long_paths_point_nowhere_else(path: Path) -> None:
    members = {"2026-01-05T10:30.png": PNG, f"{'x' * 250}/{'y' * 100}.png": PNG}
    assert len(labelled(read(path, zipped(members), "zip"))) == 2
    with pytest.raises(UnreadableFile, match="zip_unsafe_name"):
        read(path, zipped({"C:/a.png": PNG}), "zip")


def test_archive_of_archives_is_named(path: Path) -> None:
    with pytest.raises(UnreadableFile) as caught:
        read(path, zipped({"more.zip": b"PK", "__MACOSX/._more.zip": b"x"}), "zip")
    assert worded(caught.value.reason).endswith("It contains (1): “more.zip”.")


def test_pictures_beside_the_first_are_told(path: Path) -> None:
    frames = [Image.new("L", (16, 16), shade) for shade in (0, 100, 200)]
    out = io.BytesIO()
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:])
    for content in (out.getvalue(), zipped({"a.gif": out.getvalue()})):
        [row] = read(path, content, "zip")
        told = [worded(each) for each in row.told]
        assert told == ["Only the first of its 3 pictures was taken."]


def test_single_picture_keeps_the_name_of_its_file(path: Path) -> None:
    [row] = read(path, PNG, "zip", file_name="IMG_1.PNG")
    assert row.meta == {"file": "IMG_1.PNG"}


# Texts --------------------------------------------------------------------------------------------


def test_table_beside_texts_has_their_labels(path: Path) -> None:
    table = "filename,label,source\n1.txt,Tiger,mail\nb/2.txt,Wolf,\ngone.txt,Wolf,\n"
    members = {"b/1.txt": "one", "b/2.txt": "two", "b/labels.csv": table}
    entries = read(path, zipped(members), "archive", labels=NAMES)
    rows = [entry for entry in entries if isinstance(entry, Row)]
    assert [(row.content, row.labels, row.meta) for row in rows] == [
        ("one", ["Tiger"], {"source": "mail"}),
        ("two", ["Wolf"], {}),
    ]
    [gone] = skipped(entries)
    assert (gone.name, gone.code) == ("gone.txt", "no_text_file")


def test_text_beside_a_table_of_texts_is_passed_over(path: Path) -> None:
    members = {"texts.csv": "text,name,label\none,x,Tiger\n", "README.txt": "about"}
    entries = read(path, zipped(members), "archive", labels=NAMES)
    assert codes(entries) == ["unread_kind", ""]


def test_packed_table_of_an_archive_is_unpacked(path: Path) -> None:
    packed = gzip.compress(b"text,label\none,Tiger\n")
    entries = read(path, zipped({"a/t.csv.gz": packed}), "archive", labels=NAMES)
    assert [(row.content, row.labels) for row in entries] == [("one", ["Tiger"])]


def test_folder_of_texts_with_another_case_is_told_like_one_of_pictures(path: Path) -> None:
    [row] = read(path, zipped({"TIGER/1.txt": "one"}), "archive", labels=NAMES)
    assert row.labels == ["TIGER"]
