"""Reasons of readers in words: those of their values and what follows, in the reader's language."""

from dataclasses import replace

from django.utils import translation
from django.utils.translation import gettext_lazy

from annotator.formats import UnreadableFile, because, named
from annotator.i18n.reasons import worded
from annotator.i18n.stored_messages import translated

TOO_LARGE = because("image_too_large", message="larger_than", n=100)


def test_reason_within_a_reason_is_worded() -> None:
    told = named("a.png", TOO_LARGE)
    assert told.code == "image_too_large"
    assert worded(told) == "a.png: it is larger than 100 MB."
    assert named("", TOO_LARGE) == TOO_LARGE
    table = UnreadableFile("bad_labels", name="labels.csv", problem=TOO_LARGE)
    assert worded(table.reason) == "labels.csv can't be read: it is larger than 100 MB."


def test_what_follows_is_worded_behind_it() -> None:
    told = replace(because("unclosed_quote", line=4), also=(because("lines_lost", n=192),))
    assert worded(told) == (
        "The quotation mark opened at line 4 is never closed. With it, 192 more lines weren't read."
    )


def test_missing_column_is_told_in_the_words_of_its_task_type() -> None:
    said = gettext_lazy("No column found for text A. The columns are: %(there)s.")
    told = because("missing_column", message="part_missing", said=said, there="“x”")
    assert worded(told) == "No column found for text A. The columns are: “x”."


def test_stored_reason_reads_like_a_new_one() -> None:
    """Reports of imports have English sentences, those of earlier versions too."""
    for reason in (
        because("column_count", expected=2, found=3),
        because("empty_text", message="text_stands_for_nothing", text="nan"),
        replace(because("unclosed_quote", line=4), also=(because("lines_lost", n=192),)),
        because("label_conflict", id="7", old="“spam”", new="“ham”"),
    ):
        stored = worded(reason)
        with translation.override("de"):
            assert translated(stored) == worded(reason) != stored
    with translation.override("de"):
        said = translated("labels.csv can't be read: it is damaged: bad data..")
    assert said == "labels.csv ist nicht lesbar: it is damaged: bad data.."


def test_error_names_its_code_and_values_in_logs() -> None:
    problem = UnreadableFile("wrong_content", kind="HTML")
    assert str(problem) == "wrong_content HTML"
    again = UnreadableFile.because(problem.reason)
    assert (again.code, again.reason) == ("wrong_content", problem.reason)
