"""Files on the server are imported from the folder that the operator named, from nowhere else."""

import io
import os
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from pytest_django import Settings

from annotator.errors import FlowError, NotFound
from annotator.flow.datasets import importing, preview, server_files, upload
from annotator.flow.datasets.options import Options
from annotator.flow.operations import cleanup
from annotator.models import Import, Item, Project, Upload

pytestmark = pytest.mark.django_db


@pytest.fixture
def folder(tmp_path: Path, settings: Settings) -> Path:
    place = tmp_path / "imports"
    (place / "mail" / "new").mkdir(parents=True)
    (place / "mail" / "a.csv").write_text("text,label\nwin a prize,spam\nsee you soon,ham\n")
    (tmp_path / "secret.csv").write_text("text\nsecret\n")
    settings.IMPORT_FOLDER = place
    return place


def run(project: Project, path: str, **given: Any) -> Import:
    work = upload.receive(project, project.created_by, server_files.find(path), **given)
    importing.run(work.pk)
    work.refresh_from_db()
    return work


def picture(shade: int) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (16, 16), (shade, 10, 10)).save(out, "PNG")
    return out.getvalue()


def test_file_is_imported_and_stays_where_it_is(project: Project, folder: Path) -> None:
    work = run(project, "mail/a.csv")
    assert (work.state, work.created, work.name) == ("done", 2, "a.csv")
    assert (folder / "mail" / "a.csv").is_file()


def test_look_at_it_stores_nothing_and_its_end_leaves_the_file(
    project: Project, folder: Path
) -> None:
    kept = upload.keep(project, project.created_by, server_files.find("mail/a.csv"))
    assert preview.preview(kept, Options()).new == 2
    assert not list(upload.uploads_folder().glob("*.upload"))
    Upload.objects.update(created_at="2020-01-01T00:00Z")
    cleanup.drop_unused_uploads()
    assert not Upload.objects.exists()
    assert (folder / "mail" / "a.csv").is_file()


@pytest.mark.parametrize(
    "path",
    [
        *("", "/", ".", "..", "mail/..", "../secret.csv", "mail/../../secret.csv", "/etc/passwd"),
        *("mail//a.csv", "mail/./a.csv", "out.csv", "outside/secret.csv", ".hidden", "pipe"),
        *("mail/\x00a.csv", "none.csv", "mail/a.csv/b", "a" * 5000, "\ud800", "loop"),
    ],
)
def test_no_other_file_is_reached(folder: Path, path: str) -> None:
    (folder / "out.csv").symlink_to(folder.parent / "secret.csv")
    (folder / "outside").symlink_to(folder.parent)
    (folder / "loop").symlink_to("loop")
    (folder / ".hidden").write_text("text\nhidden\n")
    os.mkfifo(folder / "pipe")
    with pytest.raises(NotFound) as refused:
        server_files.find(path)
    assert refused.value.code == "unknown_server_file"
    assert refused.value.detail.encode()


def test_link_that_came_after_the_choice_is_not_followed(project: Project, folder: Path) -> None:
    place = folder / "mail" / "a.csv"
    work = upload.receive(project, project.created_by, server_files.find("mail/a.csv"))
    place.unlink()
    place.symlink_to(folder.parent / "secret.csv")
    importing.run(work.pk)
    work.refresh_from_db()
    assert (work.state, work.attempts) == ("failed", 1)
    assert "no file “mail/a.csv”" in work.error
    assert not Item.objects.exists()


def test_list_has_folders_first_and_no_links(folder: Path) -> None:
    (folder / "b.csv").write_text("text\nb\n")
    (folder / ".hidden").write_text("")
    (folder / "out.csv").symlink_to(folder.parent / "secret.csv")
    os.mkfifo(folder / "pipe")
    assert [(each.path, each.is_folder) for each in server_files.listed()] == [
        ("mail", True),
        ("b.csv", False),
    ]
    assert [each.path for each in server_files.listed("mail")] == ["mail/new", "mail/a.csv"]
    with pytest.raises(NotFound):
        server_files.listed("..")
    with pytest.raises(NotFound):
        server_files.listed("b.csv")


def test_without_a_folder_nothing_is_there(settings: Settings, folder: Path) -> None:
    settings.IMPORT_FOLDER = None
    for call in (server_files.listed, lambda: server_files.find("mail/a.csv")):
        with pytest.raises(NotFound) as refused:
            call()
        assert refused.value.code == "no_import_folder"


def test_path_that_a_row_cannot_keep_is_refused(folder: Path) -> None:
    long = "/".join(["d" * 60] * 4)
    (folder / long).mkdir(parents=True)
    (folder / long / "a.csv").write_text("text\na\n")
    with pytest.raises(FlowError) as refused:
        server_files.find(f"{long}/a.csv")
    assert refused.value.code == "server_path_too_long"


# Folders ------------------------------------------------------------------------------------------


def test_folder_of_pictures_is_an_import(image_project: Project, folder: Path) -> None:
    cats = folder / "animals" / "cat"
    cats.mkdir(parents=True)
    for shade in range(3):
        (cats / f"{shade}.png").write_bytes(picture(40 * shade))
    (cats / "notes.doc").write_text("no picture")
    (cats / "link.png").symlink_to(folder.parent / "secret.csv")
    work = run(image_project, "animals", labels_are="ignore")
    assert (work.state, work.created, work.rejected, work.skipped_files) == ("done", 3, 1, 1)
    assert "link.png" in work.errors[0]["detail"]
    keys = Item.objects.order_by("position").values_list("key", flat=True)
    assert list(keys) == ["cat/0.png", "cat/1.png", "cat/2.png"]


def test_folder_of_texts_is_an_import(project: Project, folder: Path) -> None:
    for name in ("spam", "ham"):
        (folder / "texts" / name).mkdir(parents=True)
        (folder / "texts" / name / "1.txt").write_text(f"a text for {name}")
    work = run(project, "texts")
    assert (work.state, work.created) == ("done", 2)
    assert Item.objects.filter(state=Item.State.LABELLED).count() == 2


def test_empty_folder_is_refused_in_words(project: Project, folder: Path) -> None:
    with pytest.raises(FlowError) as refused:
        run(project, "mail/new")
    assert refused.value.detail == "The folder is empty."
    assert not Upload.objects.exists()


def test_folder_without_pictures_is_refused_in_words(image_project: Project, folder: Path) -> None:
    with pytest.raises(FlowError) as refused:
        run(image_project, "mail")
    assert "The folder contains no images" in refused.value.detail
