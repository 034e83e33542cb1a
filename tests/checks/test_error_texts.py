"""Errors: each has a code, and the catalogue has a sentence that takes just the values it names."""

import ast
import re
from collections.abc import Iterator

from annotator.i18n.error_messages import TEXTS, WORDED
from annotator.messages.datasets.imports import NOTES
from tests.checks.source import CODE, calls, hold, listed

ERRORS = {
    *("FlowError", "Unauthenticated", "PermissionDenied", "NotFound", "Conflict", "Invalid"),
    *("TooLarge", "WrongType", "Away", "UnusableData"),
    # As the errors with a class of their own call that of the others.
    "super().__init__",
}
OPTIONS = {"field", "errors", "message", "detail"}
HOLE = re.compile(r"%\((\w+)\)[sd]|%[sd]")


def raised(source: str) -> Iterator[tuple[int, ast.Call]]:
    """Yield (line, call) of each error that a module makes with a code that can be read there."""
    for line, name, call in calls(source):
        is_error = name in ERRORS or name.rpartition(".")[2] in ERRORS
        if is_error and call.args and isinstance(call.args[0], ast.Constant):
            yield line, call


def unworded(source: str) -> Iterator[str]:
    """Yield the errors whose sentence is missing, or does not take the values that they name."""
    for line, call in raised(source):
        given = {each.arg: each.value for each in call.keywords}
        if "detail" in given:
            continue
        key = ast.literal_eval(given.get("message", call.args[0]))
        if len(call.args) > 1:
            yield f"{line}: {key} has words of its own"
        elif problem := _problem(key, given):
            yield f"{line}: {key} {problem}"


def _problem(key: str, given: dict[str | None, ast.expr]) -> str:
    if key in WORDED:
        return ""
    field = given.get("field", ast.Constant(""))
    own = f"{ast.literal_eval(field)}.{key}" if isinstance(field, ast.Constant) else key
    sentences = [TEXTS[each] for each in (own, key) if each in TEXTS][:1]
    # A field that is known at run time only has one of the sentences for it.
    if not sentences and not isinstance(field, ast.Constant):
        sentences = [text for each, text in TEXTS.items() if each.endswith(f".{key}")]
    if not sentences:
        return "has no sentence"
    values = [name for name in given if name not in OPTIONS]
    return "" if all(_takes(sentence, values) for sentence in sentences) else "has other values"


def _takes(sentence: str, values: list[str | None]) -> bool:
    if None in values:
        # Some come from elsewhere, as `**values`.
        return True
    holes = [hole[1] for hole in HOLE.finditer(sentence)]
    if None in holes:
        return len(holes) == len(values) == 1
    return set(holes) == set(values)


def test_every_error_has_a_sentence_that_takes_its_values() -> None:
    hold(CODE, unworded)


def test_no_sentence_of_an_error_is_left_over() -> None:
    others = (path for path in CODE if path.name != "error_messages.py")
    trees = (ast.parse(path.read_text(encoding="utf-8")) for path in others)
    said = {
        node.value for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant)
    }
    listed(key for key in (*TEXTS, *WORDED) if key.rpartition(".")[2] not in said)


def test_error_without_its_sentence_is_found() -> None:
    for source, problem in [
        ('Invalid("no_such_code")', "1: no_such_code has no sentence"),
        ('errors.Invalid("hotkey", message="no_such_code")', "1: no_such_code has no sentence"),
        ('Invalid("sample_size", field="number", least=1)', "1: sample_size has other values"),
        ('Invalid("hotkey", field="labels")', "1: hotkey has other values"),
        ('Invalid("hotkey", _("A sentence."))', "1: hotkey has words of its own"),
        ('Invalid("too_long", field="name")', "1: too_long has no sentence"),
        ('Invalid("invalid", field=name, value=1)', "1: invalid has other values"),
    ]:
        assert list(unworded(source)) == [problem], source
    for source in (
        'Invalid("sample_size", field="number", least=1, most=2)',
        'Invalid("too_long", field="guidelines")',
        'Invalid("hotkey", field="labels", name=name)',
        'Invalid("pair", detail=_("A sentence."))',
        'Conflict("label_in_use", name=name, uses=uses)',
        'Invalid("invalid", field=name)',
        "Invalid(code, name=name)",
        'TYPES.get("no_such_code")',
    ):
        assert list(unworded(source)) == [], source


def test_every_note_of_a_reader_has_a_sentence() -> None:
    noted = {
        call.args[0].value
        for path in CODE
        for _line, name, call in calls(path.read_text(encoding="utf-8"))
        if name.rpartition(".")[2] == "Note"
        if call.args and isinstance(call.args[0], ast.Constant)
    }
    assert "no_header" in noted
    listed(sorted(map(str, noted - NOTES.keys())))
