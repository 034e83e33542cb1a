"""Whoever changes something is told that it was saved."""

import ast
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

VIEWS = Path(settings.BASE_DIR) / "annotator" / "views"
# Their answer shows what was done at its place, or leads to where it goes on.
SHOWN = {
    "account/sign_in.py: invite",
    "datasets/exports.py: preview",
    "datasets/imports.py: cancel",
    "items/answers.py: answer",
    "items/answers.py: correct",
    "items/answers.py: undo",
    "items/own_labels.py: correct",
    "labelling/bulk.py: keep",
    "labelling/bulk.py: leave",
    "labels/guidelines.py: confirm",
    "projects/archives.py: archive",
    "projects/list.py: sample",
    "projects/members.py: invite",
    "projects/members.py: renew",
    "quality/disagreements.py: settle",
    "quality/disagreements.py: unsettle",
    "setup/pages.py: items",
    "setup/pages.py: people",
    "simulations/page.py: stop",
}


def silent(path: Path) -> Iterator[str]:
    """Yield the views of a module that take a form and call nothing that leaves a message."""
    source = path.read_text()
    functions = {
        each.name: each for each in ast.parse(source).body if isinstance(each, ast.FunctionDef)
    }

    def says(name: str, seen: frozenset[str]) -> bool:
        words = ast.get_source_segment(source, functions[name]) or ""
        if "messages." in words or "made" in words:
            return True
        called = {each.id for each in ast.walk(functions[name]) if isinstance(each, ast.Name)}
        return any(says(other, seen | {name}) for other in called & set(functions) - seen - {name})

    for name, function in functions.items():
        takes_forms = any("POST" in ast.unparse(each) for each in function.decorator_list)
        if takes_forms and not says(name, frozenset()):
            yield f"{path.relative_to(VIEWS)}: {name}"


def test_each_saved_change_is_told() -> None:
    assert {each for path in VIEWS.rglob("*.py") for each in silent(path)} == SHOWN
