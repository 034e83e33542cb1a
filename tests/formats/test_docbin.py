"""spaCy's files: without spaCy they are refused in words, and damaged ones never do harm."""

from __future__ import annotations

import zlib
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from annotator.errors import Invalid
from annotator.flow.datasets import export
from annotator.formats import Columns, Row, UnreadableFile
from annotator.formats.registry import READERS, for_content
from annotator.i18n.reasons import worded

WITHOUT = find_spec("spacy") is None
START = b"\x82\xa5attrs\x91\x01\xa7version\xa30.1"


def read(content: bytes, folder: Path) -> list[Any]:
    path = folder / "in.spacy"
    path.write_bytes(content)
    reader, wanted = READERS["spacy"], Columns(spans=True)
    return list(reader.read(path, wanted, reader.look(path, wanted), {"person"}))


def test_file_is_known_by_its_bytes_whatever_its_name(tmp_path: Path) -> None:
    path = tmp_path / "in.txt"
    path.write_bytes(zlib.compress(START))
    found = for_content(path, path.name, allowed=("csv", "spacy"))
    assert found is READERS["spacy"]
    with pytest.raises(UnreadableFile, match="spaCy DocBin"):
        for_content(path, path.name, allowed=("csv", "text"))


def test_text_that_begins_like_a_packed_file_is_a_text(tmp_path: Path) -> None:
    path = tmp_path / "in.txt"
    path.write_bytes(b"x\x9c is how it begins\nattrs")
    assert for_content(path, path.name, allowed=("text", "spacy")) is READERS["text"]


@pytest.mark.skipif(not WITHOUT, reason="spaCy is installed")
def test_without_spacy_both_ways_tell_how_to_install_it(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile) as caught:
        read(zlib.compress(START), tmp_path)
    assert "pip install spacy" in worded(caught.value.reason)
    with pytest.raises(Invalid, match="pip install spacy"):
        export.writer_of("spacy")


needs_spacy = pytest.mark.skipif(WITHOUT, reason="spaCy is not installed")


def made(**changed: Any) -> bytes:
    """Return a file of one document, with some of its parts replaced."""
    import srsly
    from spacy import blank
    from spacy.tokens import DocBin

    document = blank("xx").make_doc("Ana met Bob")
    document.set_ents([document.char_span(0, 3, "person")], default="outside")
    document.spans["other"] = [document.char_span(8, 11, "person")]
    document.spans["sc"] = [document.char_span(0, 3, "person"), document.char_span(0, 7, "x")]
    document.cats = {"news": 1.0}
    told = srsly.msgpack_loads(zlib.decompress(DocBin(docs=[document]).to_bytes()))
    return zlib.compress(srsly.msgpack_dumps({**told, **changed}))


@needs_spacy
def test_entities_and_their_group_are_read_and_the_rest_is_told(tmp_path: Path) -> None:
    (row,) = read(made(), tmp_path)
    assert isinstance(row, Row)
    (answer,) = row.answers
    spans = answer.spans or ()
    assert [(each.start, each.end, each.label) for each in spans] == [
        (0, 3, "person"),
        (0, 7, "x"),
    ]
    (told,) = row.told
    assert told.code == "not_spans"
    assert "categories, spans['other']" in told.values["listed"]


@needs_spacy
@pytest.mark.parametrize(
    "changed",
    [
        {"lengths": b"\x09\x00\x00\x00"},
        {"lengths": b"\xff\xff\xff\xff"},
        {"tokens": b"\x00" * 7},
        {"tokens": b"\x07" * 8},
        {"spaces": b""},
        {"strings": []},
        {"strings": [1]},
        {"attrs": []},
        {"span_groups": [b"\xc1"]},
        {"span_groups": [b"\x91\xa1x"]},
        {"flags": "no list"},
    ],
)
def test_damaged_file_is_refused_whatever_is_wrong(changed: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile):
        read(made(**changed), tmp_path)


@needs_spacy
@pytest.mark.parametrize("cut", [2, 20, -5])
def test_file_that_breaks_off_is_refused(cut: int, tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile):
        read(made()[:cut], tmp_path)


@needs_spacy
def test_file_that_unpacks_to_too_much_is_refused_early(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="too_large"):
        read(zlib.compress(b"\x00" * (64 << 20), 9), tmp_path)
