"""A file becomes items: counted, reported row by row, and taken up again after a crash."""

import csv
import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from PIL import Image
from pytest_django import Settings

from annotator.errors import FlowError, Invalid, NotFound, TooLarge, WrongType
from annotator.flow.datasets import importing, upload
from annotator.flow.datasets.rows import fates, report
from annotator.flow.queue import leasing, payload
from annotator.models import Annotation, Import, Item, Job, Project, Source, Tally, User
from annotator.tasktypes.media.text import TEXT
from tests import loop

pytestmark = pytest.mark.django_db


def receive(project: Project, name: Any, content: Any, **options: Any) -> Any:
    data = content.encode() if isinstance(content, str) else content
    return upload.receive(project, project.created_by, SimpleUploadedFile(name, data), **options)


def items(project: Project) -> Any:
    return list(Item.objects.filter(project=project).order_by("position"))


def picture(shade: Any, size: Any = (16, 16), format: str = "PNG") -> Any:
    out = io.BytesIO()
    Image.new("RGB", size, shade).save(out, format)
    return out.getvalue()


def archive(entries: Any) -> Any:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for name, content in entries.items():
            file.writestr(name, content)
    return out.getvalue()


def uploads(settings: Any) -> Any:
    return sorted(path.name for path in (Path(settings.MEDIA_ROOT) / "uploads").iterdir())


def counters_add_up(work: Any) -> bool:
    return work.done == work.created + work.duplicates + work.rejected == work.total


# Receiving ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["", "texts", "texts.2026"])
def test_content_decides_where_a_name_tells_nothing(project: Project, name: str) -> None:
    assert receive(project, name or " ", "text\na\n").format == "csv"


@pytest.mark.parametrize("name", ["texts.docx", "picture.png", "texts.csv.exe"])
def test_wrong_kind_of_file_names_the_kinds_that_are_taken(project: Project, name: str) -> None:
    with pytest.raises(WrongType, match="It takes CSV files, JSON and JSON Lines files,") as caught:
        receive(project, name or " ", "text\na\n")
    assert caught.value.status == 415


def test_text_is_not_taken_for_pictures(image_project: Project) -> None:
    with pytest.raises(WrongType, match="images and ZIP or tar files of images"):
        receive(image_project, "texts.csv", "text\na\n")


def test_named_format_beats_the_ending(project: Project) -> None:
    assert receive(project, "texts.txt", "text\na\n", format="csv").format == "csv"


@pytest.mark.parametrize(
    ("content", "code"),
    [("", "empty_file"), ("text\n", "empty_file"), ("titre,corps\na,b\n", "missing_column")],
)
def test_file_that_is_refused_leaves_nothing_behind(
    project: Project, settings: Settings, content: str, code: str
) -> None:
    with pytest.raises(Invalid) as caught:
        receive(project, "texts.csv", content)
    assert caught.value.code == code
    assert caught.value.status == 422
    assert not Import.objects.exists()
    assert uploads(settings) == []


def test_file_that_is_too_large_leaves_nothing_behind(project: Project, settings: Settings) -> None:
    settings.MAX_UPLOAD_MB = 0
    with pytest.raises(TooLarge):
        receive(project, "texts.csv", "text\na\n")
    assert uploads(settings) == []


def test_unknown_use_of_labels_is_refused(project: Project) -> None:
    with pytest.raises(Invalid, match="seed, gold, suggestion or ignore"):
        receive(project, "texts.csv", "text\na\n", labels_are="silver")


def test_upload_is_kept_under_a_name_of_our_own(project: Project, settings: Settings) -> None:
    work = receive(project, "../../evil.csv", "text\na\n")
    assert work.name == "evil.csv"
    assert uploads(settings) == [work.path]
    assert "evil" not in work.path


def test_import_of_another_project_is_not_there(project: Project, image_project: Project) -> None:
    work = receive(project, "texts.csv", "text\na\n")
    assert upload.find(project, work.pk) == work
    with pytest.raises(NotFound):
        upload.find(image_project, work.pk)


# Rows --------------------------------------------------------------------------------------------


def test_rows_become_items_at_dense_positions(project: Project, settings: Settings) -> None:
    work = loop.bring_in(project, "a.csv", "id,text,year\nx,first,1999\ny,second,\n")
    assert (work.state, work.created, work.total, work.errors) == (Job.State.DONE, 2, 2, [])
    assert [(item.position, item.key, item.text, item.meta) for item in items(project)] == [
        (0, "x", "first", {"year": "1999"}),
        (1, "y", "second", {}),
    ]
    loop.bring_in(project, "b.jsonl", '{"text": "third"}')
    assert [item.position for item in items(project)] == [0, 1, 2]
    assert project.items == 3
    assert uploads(settings) == []


def test_good_rows_get_in_and_bad_ones_are_told_with_number_and_reason(project: Project) -> None:
    content = 'text,label\nfine,spam\nragged\n"  ",ham\nnul\x00,ham\nodd,spma\nlast,ham\n'
    work = loop.bring_in(project, "texts.csv", content)
    assert [item.text for item in items(project)] == ["fine", "last"]
    assert [(each["row"], each["code"]) for each in work.errors] == [
        (2, "column_count"),
        (3, "empty_text"),
        (4, "nul_byte"),
        (5, "unknown_label"),
    ]
    assert work.errors[3]["detail"].endswith("Did you mean “spam”?")
    assert (work.created, work.rejected) == (2, 4)
    assert counters_add_up(work)


def test_report_holds_every_rejected_row_though_the_page_shows_the_first(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TEXT, "limits", replace(TEXT.limits, import_=30))
    content = "text,x\n" + "".join(f"text {i},1\nragged\n" for i in range(150))
    work = loop.bring_in(project, "texts.csv", content)
    assert (work.created, work.rejected, len(work.errors)) == (150, 150, 100)
    with upload.report_path(work).open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    assert header == ["row", "code", "detail", "file", "fate"]
    assert [int(row[0]) for row in rows] == list(range(2, 301, 2))
    assert {row[1] for row in rows} == {"column_count"}


def test_file_that_is_no_utf_8_is_read_and_says_so(project: Project) -> None:
    work = loop.bring_in(project, "texts.csv", "text\nZürich\n".encode("latin-1"))
    assert items(project)[0].text == "Zürich"
    assert "Windows-1252" in work.notes[0]


def test_equal_texts_are_one_item(project: Project) -> None:
    work = loop.bring_in(project, "a.csv", "text\nsame\nother\nsame\n")
    assert (work.created, work.duplicates) == (2, 1)
    assert counters_add_up(work)
    again = loop.bring_in(project, "b.csv", "text\nother\nnew\n")
    assert (again.created, again.duplicates) == (1, 1)


def test_same_file_twice_adds_nothing(project: Project) -> None:
    content = "id,text\n1,a\n2,b\n"
    loop.bring_in(project, "a.csv", content)
    again = loop.bring_in(project, "a.csv", content)
    assert (again.created, again.duplicates, again.rejected) == (0, 2, 0)
    assert project.items == 2


def test_equal_texts_in_two_projects_are_two_items(project: Project, olga: User) -> None:
    from annotator.flow.projects import settings as project_settings

    other = project_settings.create_project(olga, name="Other", labels=["a", "b"])
    for each in (project, other):
        assert loop.bring_in(each, "a.csv", "text\nsame\n").created == 1


def test_id_that_is_taken_by_other_content_is_told(project: Project) -> None:
    work = loop.bring_in(project, "a.csv", "id,text\n1,a\n1,b\n2,c\n")
    assert [item.key for item in items(project)] == ["1", "2"]
    assert [(each["row"], each["code"]) for each in work.errors] == [(2, "duplicate_id")]
    again = loop.bring_in(project, "b.csv", "id,text\n2,d\n")
    assert [each["code"] for each in again.errors] == ["duplicate_id"]


def test_item_without_an_id_never_collides_with_a_given_one(project: Project) -> None:
    first = loop.bring_in(project, "a.csv", "text\na\n")
    taken = f"id,text\n{first.pk + 1}-1,given\n"
    work = loop.bring_in(project, "b.csv", taken)
    assert work.pk == first.pk + 1
    for content in ("id,text\n{}-1,x\n", "text\ny\n"):
        last = Import.objects.order_by("-pk")[0].pk
        work = loop.bring_in(project, "c.csv", content.format(last + 2))
        assert (work.state, work.created) == (Job.State.DONE, 1), (work.error, work.errors)


def test_several_labels_need_a_project_that_takes_several(project: Project) -> None:
    work = loop.bring_in(project, "a.csv", "text,label\na,spam|ham\n")
    assert [each["code"] for each in work.errors] == ["label_number"]


def test_numbers_that_no_column_holds_do_no_harm(project: Project) -> None:
    rows = [
        {"id": 2**70, "text": "a", "n": 2**70},
        {"id": -1, "text": "b"},
        {"id": " 1 ", "text": "c"},
    ]
    loop.bring_in(project, "a.jsonl", "[" + ",".join(map(json.dumps, rows)) + "]")
    assert [item.key for item in items(project)] == [str(2**70), "-1", "1"]
    assert items(project)[0].meta == {"n": str(2**70)}


def test_column_that_goes_missing_later_fails_with_words(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = receive(project, "a.zip.csv", "text\na\n")
    (upload.uploads_folder() / work.path).write_text("titre,corps\na,b\n")
    importing.run(work.pk)
    work.refresh_from_db()
    assert work.state == Job.State.FAILED
    assert "The columns are: “titre”, “corps”" in work.error


# What labels are ---------------------------------------------------------------------------------

LABELLED = "text,label\na,spam\nb,\nc,ham\n"


def test_seed_labels_are_annotations_of_whom_brought_them(project: Project, olga: User) -> None:
    work = loop.bring_in(project, "a.csv", LABELLED)
    given = Annotation.objects.order_by("item__position")
    assert [(each.item.text, each.given.get().label.name) for each in given] == [
        ("a", "spam"),
        ("c", "ham"),
    ]
    assert {(each.source, each.user) for each in given} == {(Source.SEED, olga)}
    states = [(item.state, item.answers) for item in items(project)]
    assert states == [(Item.State.LABELLED, 1), (Item.State.POOL, 0), (Item.State.LABELLED, 1)]
    assert Tally.objects.get(project=project, user=olga).finished == 2
    assert work.labels_are == "seed"


def test_seeds_are_never_asked_again(project: Project, ana: User) -> None:
    loop.bring_in(project, "a.csv", LABELLED)
    assert [a.item.text for a in loop.label(project, ana, 5)] == ["b"]


def test_gold_labels_are_hidden_checks(project: Project, ana: User) -> None:
    loop.bring_in(project, "a.csv", LABELLED, labels_are="gold")
    spam, ham = loop.ids(project, "spam", "ham")
    assert [item.gold for item in items(project)] == [[spam], None, [ham]]
    assert not Annotation.objects.exists()
    asked = {}
    while (lease := leasing.lease_next(project, ana)) is not None:
        asked[lease.item.text] = lease
        loop.answer(lease, ["spam"])
    assert set(asked) == {"a", "b", "c"}
    assert all(asked[key].blind and asked[key].suggestion is None for key in "ac")


def test_suggestions_are_shown_with_ordinary_items_only(project: Project, ana: User) -> None:
    project.audit_share = 0
    project.save()
    loop.bring_in(project, "a.csv", LABELLED, labels_are="suggestion")
    assert not Annotation.objects.exists()
    shown = {}
    while (lease := leasing.lease_next(project, ana)) is not None:
        shown[lease.item.text] = payload.lease_payload(lease)["suggestion"]
        loop.answer(lease, ["spam"])
    assert shown["a"] == {"labels": ["spam"], "confidence": None}
    assert shown["b"] is None


def test_ignored_labels_may_be_anything(project: Project) -> None:
    work = loop.bring_in(project, "a.csv", "text,label\na,whatever\n", labels_are="ignore")
    (item,) = items(project)
    assert (work.rejected, item.gold, item.suggested, item.state) == (0, None, None, 0)


# Pictures ----------------------------------------------------------------------------------------


def test_pictures_become_items_with_their_folder_as_label(image_project: Project) -> None:
    content = archive({"cat/1.png": picture("red"), "dog/2.jpg": picture("blue", format="JPEG")})
    work = loop.bring_in(image_project, "pets.zip", content)
    assert (work.state, work.created) == (Job.State.DONE, 2)
    cat, dog = items(image_project)
    assert (cat.key, dog.key) == ("cat/1.png", "dog/2.jpg")
    assert (cat.image[-4:], dog.image[-4:]) == (".png", ".jpg")
    assert "cat/1" not in cat.image
    assert Annotation.objects.get(item=cat).given.get().label.name == "cat"


def test_bad_pictures_are_told_by_name_and_good_ones_get_in(image_project: Project) -> None:
    whole = picture("green", size=(64, 64))
    content = archive(
        {
            "a.png": whole,
            "b.png": whole[: len(whole) // 2],
            "c.png": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
            "d.png": picture("red", size=(4, 4)),
            "e.png": whole,
        }
    )
    work = loop.bring_in(image_project, "pets.zip", content)
    assert [item.key for item in items(image_project)] == ["a.png"]
    assert work.duplicates == 1
    assert counters_add_up(work)
    assert [each["row"] for each in work.errors] == [2, 3, 4]
    for each, name in zip(work.errors, "bcd", strict=True):
        assert each["detail"].startswith(f"{name}.png: it ")


def test_pictures_with_endless_names_are_told_apart(image_project: Project) -> None:
    long = "x" * 230
    content = archive({f"{long}/1.png": picture("red"), f"{long}/2.png": picture("blue")})
    work = loop.bring_in(image_project, "pets.zip", content)
    assert (work.state, work.created) == (Job.State.DONE, 2), (work.error, work.errors)


def test_unsafe_zip_is_refused_as_a_whole(image_project: Project, settings: Settings) -> None:
    with pytest.raises(Invalid) as caught:
        receive(image_project, "pets.zip", archive({"../1.png": picture("red")}))
    assert caught.value.code == "zip_unsafe_name"
    assert uploads(settings) == []


def test_bad_labels_csv_fails_with_words(image_project: Project) -> None:
    content = archive({"labels.csv": "a,b\n1,2\n", "1.png": picture("red")})
    try:
        work = receive(image_project, "pets.zip", content)
        importing.run(work.pk)
        work.refresh_from_db()
        words = work.error
    except FlowError as refused:
        words = refused.detail
    assert "filename and label" in words


# Crashes -----------------------------------------------------------------------------------------


@pytest.fixture
def crash(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that makes the n-th chunk fail after everything of it was written."""
    monkeypatch.setattr(TEXT, "limits", replace(TEXT.limits, import_=10))

    def at(number: Any) -> None:
        monkeypatch.undo()
        monkeypatch.setattr(TEXT, "limits", replace(TEXT.limits, import_=10))
        calls = iter(range(number))
        append = report.append

        def appended(*given: Any) -> None:
            append(*given)
            if next(calls, None) is None:
                raise RuntimeError("the power went")

        monkeypatch.setattr(report, "append", appended)

    return at


def again(work: Any) -> None:
    """Run a job once more, as the sweep does when its pause is over."""
    Import.objects.filter(pk=work.pk).update(retry_at=None)
    importing.run(work.pk)
    work.refresh_from_db()


def test_import_goes_on_after_the_last_whole_chunk(
    project: Project, crash: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = "".join(f"{loop.text(i)},{'spam' if i % 3 else 'nonsense'}\n" for i in range(45))
    work = receive(project, "texts.csv", "text,label\n" + rows)
    for number in (2, 1):
        crash(number)
        again(work)
        assert work.state == Job.State.QUEUED
        assert "the power went" in work.error
    assert work.done == 30
    monkeypatch.undo()
    again(work)
    assert work.state == Job.State.DONE
    assert work.error == ""
    assert counters_add_up(work)
    assert (work.created, work.rejected) == (30, 15)
    assert [item.position for item in items(project)] == list(range(30))
    assert Annotation.objects.count() == 30
    with upload.report_path(work).open(newline="") as file:
        assert [row[0] for row in csv.reader(file)][1:] == [str(i + 1) for i in range(0, 45, 3)]
    project.refresh_from_db()
    assert project.items == 30


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite plans without figures")
def test_planner_is_told_how_many_items_there_are_while_they_come_in(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TEXT, "limits", replace(TEXT.limits, import_=50))
    loop.fill(project, 1_000)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT n_distinct FROM pg_stats WHERE tablename = %s AND attname = 'position'",
            [Item._meta.db_table],
        )
        # Told after 500 of them; below nought it is a share of all rows: each is another.
        assert cursor.fetchone() == (-1.0,)
        cursor.execute("SELECT reltuples FROM pg_class WHERE relname = %s", [Item._meta.db_table])
        assert cursor.fetchone()[0] >= 500


def test_import_that_was_taken_over_stores_nothing_more(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = receive(project, "texts.csv", "text\na\nb\n")
    sort = fates.Sorter.sort

    def sorted_too_late(*args: Any) -> Any:
        Import.objects.filter(pk=work.pk).update(token=None)
        return sort(*args)

    monkeypatch.setattr(fates.Sorter, "sort", sorted_too_late)
    importing.run(work.pk)
    assert items(project) == []
    work.refresh_from_db()
    assert (work.state, work.done) == (Job.State.RUNNING, 0)


def test_import_that_is_done_is_not_run_twice(project: Project) -> None:
    work = loop.bring_in(project, "a.csv", "text\na\n")
    assert importing.run(work.pk) is None
    assert len(items(project)) == 1
