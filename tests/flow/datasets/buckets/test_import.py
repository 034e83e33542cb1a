"""Files and folders of a bucket are imported like those of the folder on the server."""

import gzip
import io
import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from annotator.errors import Conflict, FlowError, NotFound
from annotator.flow.datasets import importing, preview, server_files, upload
from annotator.flow.datasets.buckets import copies
from annotator.flow.datasets.options import Options
from annotator.flow.operations import cleanup
from annotator.models import Import, Item, Project, Upload
from annotator.storage import buckets as storage
from tests.flow.datasets.buckets.conftest import Fill

pytestmark = pytest.mark.django_db
TABLE = b"text,label\nwin a prize,spam\nsee you soon,ham\n"


def picture(shade: int) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (16, 16), (shade % 256, shade // 256, 10)).save(out, "PNG")
    return out.getvalue()


def packed(entries: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for name, content in entries.items():
            file.writestr(name, content)
    return out.getvalue()


def kept_copies() -> list[Path]:
    return [*upload.uploads_folder().glob("*.bucket")]


def run(project: Project, path: str, **given: Any) -> Import:
    work = upload.receive(project, project.created_by, server_files.find(path), **given)
    importing.run(work.pk)
    work.refresh_from_db()
    return work


def looked_at(project: Project, path: str) -> tuple[Upload, preview.Preview]:
    kept = upload.keep(project, project.created_by, server_files.find(path))
    return kept, preview.preview(kept, Options())


# Files --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a & ü.csv", TABLE),
        ("deep/er/table.csv.gz", gzip.compress(TABLE)),
        ("packed.zip", packed({"a.csv": TABLE})),
        ("lines.jsonl", b'{"text": "win a prize"}\n{"text": "see you soon"}\n'),
    ],
)
def test_file_is_imported_and_its_copy_removed(
    project: Project, fill: Fill, name: str, content: bytes
) -> None:
    bucket, client = fill({name: content})
    work = run(project, f"s3://{bucket}/{name}")
    assert (work.state, work.created, work.name) == ("done", 2, name.rpartition("/")[2])
    assert client.get_object(Bucket=bucket, Key=name)["Body"].read() == content
    assert not kept_copies()


def test_dry_run_stores_no_item_and_its_upload_is_imported(project: Project, fill: Fill) -> None:
    bucket, _client = fill({"mail/a.csv": TABLE})
    kept, seen = looked_at(project, f"s3://{bucket}/mail/a.csv")
    assert (seen.new, seen.is_complete, dict(seen.labels)) == (2, True, {"spam": 1, "ham": 1})
    assert not Item.objects.exists()
    work = upload.start(kept, project.created_by, Options())
    importing.run(work.pk)
    assert Item.objects.count() == 2


def test_upload_that_nobody_imports_goes_with_its_copy(project: Project, fill: Fill) -> None:
    bucket, _client = fill({"a.csv": TABLE})
    looked_at(project, f"s3://{bucket}/a.csv")
    assert len(kept_copies()) == 1
    Upload.objects.update(created_at="2020-01-01T00:00Z")
    cleanup.drop_unused_uploads()
    assert not kept_copies()


def test_wrong_kind_and_missing_column_are_refused_at_once(project: Project, fill: Fill) -> None:
    bucket, _client = fill({"a.csv": b"one,two\n1,2\n", "b.csv": b"%PDF-1.7"})
    for name, code in (("a.csv", "missing_column"), ("b.csv", "wrong_content")):
        with pytest.raises(FlowError) as refused:
            run(project, f"s3://{bucket}/{name}", text_column="none")
        assert refused.value.code == code
    assert not kept_copies()
    assert not Upload.objects.exists()


def test_large_file_is_left_to_the_worker(
    project: Project, fill: Fill, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = b"".join(b"row %d %s,ham\n" % (number, b"word " * 400) for number in range(1_000))
    bucket, _client = fill({"large.csv": b"text,label\n" + rows})
    # As if each call had time for one block only.
    monkeypatch.setattr(upload, "FETCH_SECONDS", 0)
    monkeypatch.setattr(importing, "FETCH_SECONDS", 0)
    kept = upload.keep(project, project.created_by, server_files.find(f"s3://{bucket}/large.csv"))
    with pytest.raises(Conflict) as told:
        preview.preview(kept, Options())
    assert told.value.code == "bucket_under_way"
    assert "1 MB so far" in told.value.detail
    work = upload.start(kept, project.created_by, Options())
    assert (work.total, work.format) == (None, "")
    importing.run(work.pk)
    work.refresh_from_db()
    assert (work.state, work.created, work.format) == ("done", 1_000, "csv")


# Folders ------------------------------------------------------------------------------------------


def test_folder_of_pictures_is_an_import(image_project: Project, fill: Fill) -> None:
    objects = {f"scans/cat/{number}.png": picture(40 * number) for number in range(3)}
    objects |= {"scans/cat/notes.doc": b"no picture", "scans/cat/broken.png": b"none"}
    bucket, _client = fill({**objects, "scans/": b"", "scans-of-others/x.png": picture(9)})
    work = run(image_project, f"s3://{bucket}/scans", labels_are="ignore")
    assert (work.state, work.created, work.rejected, work.skipped_files) == ("done", 3, 1, 1)
    keys = Item.objects.order_by("position").values_list("key", flat=True)
    assert list(keys) == ["cat/0.png", "cat/1.png", "cat/2.png"]
    assert not kept_copies()


def test_whole_bucket_with_a_table_of_labels_is_an_import(
    image_project: Project, fill: Fill
) -> None:
    label = image_project.labels.order_by("pk").first()
    assert label is not None
    table = f"filename,label\n0.png,{label.name}\n".encode()
    bucket, _client = fill({"z/labels.csv": table, "0.png": picture(1), "1.png": picture(2)})
    work = run(image_project, f"s3://{bucket}")
    assert (work.state, work.created) == ("done", 2)
    assert Item.objects.filter(state=Item.State.LABELLED).count() == 1


def test_folder_of_texts_is_an_import(project: Project, fill: Fill) -> None:
    bucket, _client = fill({f"texts/{name}/1.txt": name.encode() for name in ("spam", "ham")})
    work = run(project, f"s3://{bucket}/texts/")
    assert (work.state, work.created) == ("done", 2)
    assert Item.objects.filter(state=Item.State.LABELLED).count() == 2


def test_dry_run_of_many_files_tells_of_the_first(
    image_project: Project, fill: Fill, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upload, "FETCHED_FILES", 4)
    objects = {f"many/{number:02}.png": picture(number) for number in range(30)}
    bucket, _client = fill({**objects, "many/labels.csv": b"filename,label\n05.png,x\n"})
    kept, seen = looked_at(image_project, f"s3://{bucket}/many")
    assert (seen.new, seen.is_complete, seen.looked.rows) == (3, False, 30)
    # The table, and three pictures.
    assert copies.fetched(kept.path, upload.uploads_folder()) == (4, 31)


def test_hostile_keys_are_names_and_never_paths(
    image_project: Project, fill: Fill, tmp_path: Path
) -> None:
    keys = ("in/../../../../evil.png", "in//etc/passwd.png", "in/a\\..\\b.png", "in/e\u0301.png")
    bucket, _client = fill({key: picture(10 * n) for n, key in enumerate(keys)})
    before = {path for path in tmp_path.rglob("*") if ".bucket" not in str(path)}
    work = run(image_project, f"s3://{bucket}/in", labels_are="ignore")
    # Hidden files, as two of them are, become no items.
    assert (work.state, work.created, work.skipped_files) == ("done", 2, 1)
    stored = set(Item.objects.values_list("key", flat=True))
    assert stored == {"/etc/passwd.png", "\u00e9.png"}
    assert not list(tmp_path.rglob("evil.png"))
    assert before <= set(tmp_path.rglob("*"))


def test_files_that_go_or_change_meanwhile_have_a_line_in_the_report(
    image_project: Project, fill: Fill
) -> None:
    bucket, client = fill({f"scans/{n}.png": picture(n) for n in range(4)})
    kept = upload.keep(
        image_project, image_project.created_by, server_files.find(f"s3://{bucket}/scans")
    )
    folder = upload.uploads_folder()
    copies.fetch(kept.path, folder, seconds=60, most_files=1)
    client.delete_object(Bucket=bucket, Key="scans/2.png")
    client.put_object(Bucket=bucket, Key="scans/3.png", Body=picture(99))
    work = upload.start(kept, image_project.created_by, Options(labels_are="ignore"))
    importing.run(work.pk)
    work.refresh_from_db()
    assert (work.state, work.created, work.rejected) == ("done", 2, 2)
    assert "changed or removed in the bucket" in work.errors[0]["detail"]


# Go on --------------------------------------------------------------------------------------------


def test_fetching_goes_on_where_a_dead_process_stopped(project: Project, fill: Fill) -> None:
    content = b"text\n" + b"".join(b"row %d\n" % number for number in range(300_000))
    bucket, _client = fill({"a.csv": content})
    kept = upload.keep(project, project.created_by, server_files.find(f"s3://{bucket}/a.csv"))
    folder = upload.uploads_folder()
    assert not copies.fetch(kept.path, folder, seconds=0)
    place = copies.folder_of(kept.path, folder)
    part = place / "0.part"
    first = part.stat().st_size
    assert 0 < first < len(content)
    # What was fetched is not fetched again: it would overwrite this.
    part.write_bytes(b"X" + part.read_bytes()[1:])
    while not copies.fetch(kept.path, folder, seconds=0):
        pass
    assert (place / "0").read_bytes() == b"X" + content[1:]


def test_listing_goes_on_where_a_dead_process_stopped(
    image_project: Project, fill: Fill, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket, _client = fill({f"in/{number}.png": picture(number) for number in range(7)})
    kept = upload.keep(
        image_project, image_project.created_by, server_files.find(f"s3://{bucket}/in")
    )
    asked: list[dict[str, Any]] = []
    page = storage.page

    def small(*given: Any, **options: Any) -> Any:
        asked.append(options)
        return page(*given, **{**options, "most": 2})

    monkeypatch.setattr(storage, "page", small)
    folder = upload.uploads_folder()
    while not copies.fetch(kept.path, folder, seconds=0, most_files=1):
        listing = copies.folder_of(kept.path, folder) / "listing.jsonl"
        if listing.exists():
            break
        part = listing.with_name("listing.jsonl.part")
        # A line that was not written out.
        part.write_text(part.read_text() + '{"key": "in/6')
    names = [json.loads(line)["name"] for line in listing.read_text().splitlines()]
    assert names == [f"{number}.png" for number in range(7)]
    assert [each["after"] for each in asked] == ["", "in/1.png", "in/3.png", "in/5.png"]


def test_folder_whose_list_takes_longer_is_not_looked_at_yet(
    image_project: Project, fill: Fill, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket, _client = fill({f"in/{number}.png": picture(number) for number in range(5)})
    page = storage.page
    monkeypatch.setattr(
        storage, "page", lambda *given, **options: page(*given, **{**options, "most": 2})
    )
    monkeypatch.setattr(upload, "FETCH_SECONDS", 0)
    with pytest.raises(Conflict) as told:
        looked_at(image_project, f"s3://{bucket}/in")
    assert told.value.code == "bucket_under_way"


def test_copy_that_is_gone_is_fetched_again(project: Project, fill: Fill) -> None:
    bucket, _client = fill({"a.csv": TABLE})
    kept, _seen = looked_at(project, f"s3://{bucket}/a.csv")
    work = upload.start(kept, project.created_by, Options())
    # As after a restored backup, which has no copies.
    for path in kept_copies():
        shutil.rmtree(path)
    importing.run(work.pk)
    work.refresh_from_db()
    assert (work.state, work.created) == ("done", 2)


def test_object_that_is_gone_ends_the_import_in_words(project: Project, fill: Fill) -> None:
    bucket, client = fill({"a.csv": TABLE})
    kept = upload.keep(project, project.created_by, server_files.find(f"s3://{bucket}/a.csv"))
    client.delete_object(Bucket=bucket, Key="a.csv")
    with pytest.raises(NotFound) as refused:
        preview.preview(kept, Options())
    assert refused.value.code == "unknown_bucket_file"
