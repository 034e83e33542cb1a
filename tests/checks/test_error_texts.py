"""Errors: each has a code, and the catalogue has a sentence that takes just the values it names."""

import ast
import re
from collections import Counter
from collections.abc import Iterator

from annotator.i18n.error_messages import TEXTS, WORDED
from annotator.messages.datasets.imports import NOTES
from tests.checks.source import CODE, ROOT, assert_nothing_found, assert_rule_holds, calls

ERRORS = {
    *("FlowError", "Unauthenticated", "PermissionDenied", "NotFound", "Conflict", "Invalid"),
    *("TooLarge", "WrongType", "Away", "UnusableData"),
    # What readers tell of a file, and of a row of it.
    *("UnreadableFile", "BadContent", "BadPicture", "Unsupported", "NoSpan", "because"),
    # What a worker tells of a damaged file.
    "Found",
    # As the errors with a class of their own call that of the others.
    "super().__init__",
}
OPTIONS = {"field", "option", "errors", "message", "detail", "mends", "because"}
I18N = ROOT / "annotator" / "i18n"
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
        said = given.get("message", call.args[0])
        # A key that comes from elsewhere is a literal there.
        if "detail" in given or not isinstance(said, ast.Constant):
            continue
        key = ast.literal_eval(said)
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
    assert_rule_holds(CODE, unworded)


def test_no_sentence_of_an_error_is_left_over() -> None:
    others = (path for path in CODE if not path.is_relative_to(I18N))
    trees = (ast.parse(path.read_text(encoding="utf-8")) for path in others)
    said = {
        node.value for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant)
    }
    assert_nothing_found(key for key in (*TEXTS, *WORDED) if key.rpartition(".")[2] not in said)


def keys(source: str) -> Iterator[str]:
    """Yield the keys of the sentences in a module of the catalogue."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Dict):
            pairs = zip(node.keys, node.values, strict=True)
            yield from (ast.literal_eval(k) for k, v in pairs if k and isinstance(v, ast.Call))


def test_no_key_has_two_sentences() -> None:
    tables = [I18N / "error_messages.py", *sorted((I18N / "errors").glob("*.py"))]
    found = Counter(key for path in tables for key in keys(path.read_text(encoding="utf-8")))
    assert len(found) >= len(TEXTS)
    assert_nothing_found(key for key, times in found.items() if times > 1)
    assert list(keys("A = {'twice': _(''), **B}\nB = {'twice': _('')}")) == ["twice", "twice"]


def test_error_without_its_sentence_is_found() -> None:
    for source, problem in [
        ('Invalid("no_such_code")', "1: no_such_code has no sentence"),
        ('errors.Invalid("hotkey", message="no_such_code")', "1: no_such_code has no sentence"),
        ('Invalid("sample_size", field="number", least=1)', "1: sample_size has other values"),
        ('Invalid("hotkey", field="labels")', "1: hotkey has other values"),
        ('Invalid("hotkey", _("A sentence."))', "1: hotkey has words of its own"),
        ('Invalid("too_long", field="name")', "1: too_long has no sentence"),
        ('Invalid("invalid", field=name, value=1)', "1: invalid has other values"),
        ('Found("damaged_shard", mends=True)', "1: damaged_shard has other values"),
        ('because("bad_quote", line=1)', "1: bad_quote has other values"),
        ('UnreadableFile("empty_file", _("Empty."))', "1: empty_file has words of its own"),
        ('BadContent("unreadable", message="no_such")', "1: no_such has no sentence"),
    ]:
        assert list(unworded(source)) == [problem], source
    for source in (
        'Invalid("sample_size", field="number", least=1, most=2)',
        'Invalid("too_long", field="guidelines")',
        'Invalid("hotkey", field="labels", name=name)',
        'Invalid("pair", detail=_("A sentence."))',
        'Conflict("label_in_use", name=name, uses=uses)',
        'Found("damaged_encoder", mends=True, because=reason)',
        'because("bad_quote", line=1, problem=problem)',
        'UnreadableFile("empty_file", message="no_bytes")',
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
    assert_nothing_found(sorted(map(str, noted - NOTES.keys())))
