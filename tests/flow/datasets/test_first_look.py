"""The preview of a file: its encoding, the texts of an archive, labels not read."""

import io
import zipfile

import pytest

from annotator.messages.datasets import imports as imports_in_words
from annotator.models import Project
from tests import loop

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("encoding", "words"),
    [
        ("cp1252", "The file isn't UTF-8. It was read as Windows-1252."),
        ("cp1251", "The file isn't UTF-8. It was read as windows-1251."),
        ("utf-16", None),
    ],
)
def test_encoding_that_was_found_out_is_told(
    project: Project, encoding: str, words: str | None
) -> None:
    said = "Привет, как дела" if encoding == "cp1251" else "Grüße aus Köln"
    work = loop.bring_in(project, "a.csv", f"text\n{said}\n".encode(encoding))
    assert imports_in_words.notes(work.notes) == ([words] if words else [])


def test_encoding_of_which_nobody_is_sure_is_told_so(project: Project) -> None:
    work = loop.bring_in(project, "a.csv", "text\nÇa va\n".encode("cp1252"))
    (words,) = imports_in_words.notes(work.notes)
    assert "other encodings fit as well" in words


def test_label_that_cannot_be_read_costs_the_text_only_by_default(project: Project) -> None:
    content = '{"text": "a", "label": {"x": 1}}\n{"text": "b", "label": "spam"}\n'
    kept = loop.bring_in(project, "a.jsonl", content, unknown_labels="unlabelled")
    assert (kept.created, kept.unlabelled, kept.rejected) == (2, 1, 0)
    again = content.replace('"a"', '"c"').replace('"b"', '"d"')
    work = loop.bring_in(project, "a.jsonl", again)
    assert (work.created, work.rejected) == (1, 1)
    assert work.errors[0]["code"] == "label_type"


def test_texts_of_an_archive_are_counted_with_their_encodings(project: Project) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("1.txt", "plain words")
        archive.writestr("2.txt", "Grüße aus Köln".encode("cp1252"))
    work = loop.bring_in(project, "a.zip", packed.getvalue())
    assert {note["code"]: note["values"] for note in work.notes} == {
        "text_files": {"n": 2},
        "encodings": {"names": "windows-1252"},
    }


def test_ids_that_number_the_rows_are_told_with_the_way_out(project: Project) -> None:
    loop.bring_in(project, "january.csv", "id,text\n1,a\n2,b\n")
    work = loop.bring_in(project, "february.csv", "id,text\n1,c\n2,d\n")
    assert work.rejected == 2
    assert [note["code"] for note in work.notes] == ["ids_taken"]
    aside = loop.bring_in(project, "february.csv", "id,text\n1,c\n2,d\n", ignore_ids=True)
    assert (aside.created, aside.notes) == (2, [])
