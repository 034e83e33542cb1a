"""Spans go out in the formats of other tools and come back as they were."""

from __future__ import annotations

import json
from typing import Any

import pytest

from annotator.errors import Invalid
from annotator.flow.datasets import export
from annotator.flow.projects import settings
from annotator.models import Project
from tests import loop

pytestmark = pytest.mark.django_db

LABELS = ["person", "place", "org"]
TEXTS = {
    "emoji": (
        "👩🏽‍🚒 Ana met 👨‍👩‍👧 in Lyon 🇫🇷.",
        [("Ana", "person"), ("👨‍👩‍👧", "org"), ("🇫🇷", "place")],
    ),
    "accents": (
        "Jose\u0301 und Zürich, Hue\u0302\u0301.",
        [("Jose\u0301", "person"), ("Zürich", "place")],
    ),
    "arabic": ("قال محمد بن علي إن شركة Orbita.", [("محمد بن علي", "person"), ("Orbita", "org")]),
    "chinese": ("王小明在北京，后来去了𠮷野家。", [("王小明", "person"), ("𠮷野家", "org")]),
    "lines": (
        "Case 7\r\nSigned in New\r\nYork\tby Eva.\r\n",
        [("New\r\nYork", "place"), ("Eva", "person")],
    ),
    "entities": (
        "AT&amp;T sued <b>Smith & Sons</b>.",
        [("AT&amp;T", "org"), ("Smith & Sons", "org")],
    ),
    "edges": (
        "  Bob Carl (Dr. Wu), ParisRome\n",
        [("Bob", "person"), ("Carl", "person"), ("Rome", "place")],
    ),
    "nothing": ("Nobody is here.", []),
}
NESTED = ("The University of Paris.", [("University of Paris", "org"), ("Paris", "place")])


# The formats that hold a text and its spans as they are.
EXACT = ["jsonl", "csv", "xlsx", "parquet", "doccano", "label-studio", "prodigy", "argilla", "brat"]


def records() -> list[dict[str, Any]]:
    return [
        {"id": name, "text": text, "spans": [_span(text, *each) for each in said]}
        for name, (text, said) in {**TEXTS, "nested": NESTED}.items()
    ]


def _span(text: str, quote: str, label: str) -> dict[str, Any]:
    start = text.index(quote)
    return {"start": start, "end": start + len(quote), "label": label}


def made(user: Any, name: str) -> Project:
    found = settings.create_project(user, name=name, task="text-spans", labels=LABELS)
    settings.change_settings(found, overlapping_spans="nested")
    return loop.refreshed(found)


@pytest.fixture
def project(olga: Any) -> Project:
    found = made(olga, "A")
    lines = "\n".join(json.dumps(each) for each in records())
    work = loop.bring_in(found, "texts.jsonl", lines)
    assert work.rejected == 0, work.errors
    return found


def sent(project: Project, format: str, **given: Any) -> bytes:
    writer, wanted = export.checked(project, format, given)
    return b"".join(export.stream(project, writer.kind, wanted=wanted))


def quotes(project: Project) -> dict[str, list[tuple[int, str, str]]]:
    return {
        each["text"]: [(one["start"], one["text"], one["label"]) for one in each["spans"]]
        for each in loop.exported(project)
    }


@pytest.mark.parametrize("unit", ["annotation", "item"])
@pytest.mark.parametrize("format", EXACT)
def test_export_imported_again_has_the_same_texts_and_spans(
    project: Project, olga: Any, format: str, unit: str
) -> None:
    other = made(olga, "B")
    work = loop.bring_in(
        other, f"out.{export.writer_of(format).suffix}", sent(project, format, unit=unit)
    )
    assert (work.created, work.rejected) == (len(TEXTS) + 1, 0), work.errors
    assert quotes(other) == quotes(project)


@pytest.mark.parametrize("unit", ["annotation", "item"])
@pytest.mark.parametrize("format", EXACT)
def test_open_text_is_not_one_in_which_nothing_is(
    project: Project, olga: Any, format: str, unit: str
) -> None:
    loop.bring_in(project, "more.jsonl", '{"text": "Open one."}')
    other = made(olga, "B")
    out = sent(project, format, unit=unit, include=["unlabelled"])
    work = loop.bring_in(other, f"out.{export.writer_of(format).suffix}", out)
    assert work.rejected == 0, work.errors
    assert "Nobody is here." in quotes(other)
    assert "Open one." not in quotes(other)


@pytest.mark.parametrize("format", ["conll", "conll-bioes"])
def test_tokens_with_tags_have_the_same_quotes(project: Project, olga: Any, format: str) -> None:
    other = made(olga, "B")
    work = loop.bring_in(other, "out.conll", sent(project, format))
    assert (work.created, work.rejected) == (len(TEXTS) + 1, 0), work.errors

    def bare(found: dict[str, Any]) -> list[list[tuple[str, str]]]:
        said = found.values()
        return [[("".join(t.split()), label) for _s, t, label in sorted(each)] for each in said]

    assert sorted(bare(quotes(other))) == sorted(bare(quotes(project)))


def test_conll_is_named_bio2_with_a_column_for_each_layer(project: Project) -> None:
    out = sent(project, "conll").decode()
    assert "Bob\tB-person\nCarl\tB-person\n" in out
    assert "Paris\tO\nRome\tB-place\n" in out
    nested = "The\tO\tO\nUniversity\tB-org\tO\nof\tI-org\tO\nParis\tI-org\tB-place\n.\tO\tO\n\n"
    assert nested in out
    assert (
        "University\tB-org\tO\nof\tI-org\tO\nParis\tE-org\tS-place"
        in sent(project, "conll-bioes").decode()
    )


def test_texts_without_an_answer_are_in_no_conll(project: Project) -> None:
    loop.bring_in(project, "more.jsonl", '{"text": "Open one."}')
    assert "Open" not in sent(project, "conll").decode()
    assert "Nobody\tO" in sent(project, "conll").decode()


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("Ana\tB-person\nRoth\tI-person\nran\tO", [(0, "Ana Roth", "person")]),
        ("Ana\tI-person\nBo\tB-person", [(0, "Ana", "person"), (4, "Bo", "person")]),
        (
            "Ana\tB-person\nRoth\tE-person\nBo\tS-person",
            [(0, "Ana Roth", "person"), (9, "Bo", "person")],
        ),
        ("Ana NNP B-NP B-person\nran VBD B-VP O", [(0, "Ana", "person")]),
        (
            "# id = 7\n# text = Ana-Roth ran\nAna\tB-person\n-\tI-person\nRoth\tI-person\nran\tO",
            [(0, "Ana-Roth", "person")],
        ),
    ],
)
def test_other_schemes_are_read(olga: Any, lines: str, expected: Any) -> None:
    project = made(olga, "B")
    work = loop.bring_in(project, "in.conll", f"-DOCSTART- O\n\n{lines}\n\n")
    assert (work.created, work.rejected) == (1, 0), work.errors
    assert list(quotes(project).values()) == [expected]


def test_tokens_that_are_not_in_the_text_are_told_not_shifted(olga: Any) -> None:
    project = made(olga, "B")
    lines = "# text = Ana's bag\nAna\tB-person\n's\tO\nsack\tO\n\nBo\tB-person\n\nA\tO\nB\n"
    work = loop.bring_in(project, "in.conll", lines)
    assert (work.created, work.rejected) == (1, 2)
    assert [(each["row"], each["code"]) for each in work.errors] == [
        (1, "tokens_differ"),
        (3, "uneven_columns"),
    ]


def test_projects_of_whole_texts_have_no_conll(olga: Any) -> None:
    other = settings.create_project(olga, name="C", task="text", labels=["a", "b"])
    with pytest.raises(Invalid, match="conll"):
        sent(other, "conll")


def test_table_has_spans_as_json(project: Project) -> None:
    out = sent(project, "csv").decode()
    assert '""label"":""person""' in out
