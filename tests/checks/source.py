"""Source files to check, and helpers to check a rule."""

import ast
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
CODE = sorted(
    path for folder in ("annotator", "selection") for path in (ROOT / folder).rglob("*.py")
)
PAGES = sorted((ROOT / "templates").rglob("*.html"))
MAILS = sorted((ROOT / "templates").rglob("*.txt"))
SCRIPTS = sorted((ROOT / "static").rglob("*.js"))

Rule = Callable[[str], Iterable[str]]


def offenders(paths: Iterable[Path], rule: Rule) -> list[str]:
    """Return all findings of a rule, each with its file."""
    return [
        f"{path.relative_to(ROOT)}: {found}"
        for path in paths
        for found in rule(path.read_text(encoding="utf-8"))
    ]


def assert_rule_holds(paths: Iterable[Path], rule: Rule) -> None:
    """Fail with all findings of a rule."""
    paths = list(paths)
    assert paths, "there is no file to hold the rule against"
    assert_nothing_found(offenders(paths, rule))


def assert_nothing_found(found: Iterable[object]) -> None:
    """Fail with one line per finding."""
    lines = [str(each) for each in found]
    assert not lines, "\n".join(["", *lines])


# Contents of a module -----------------------------------------------------------------------------


def calls(source: str) -> Iterator[tuple[int, str, ast.Call]]:
    """Yield (line, dotted name, call) of each call in a module."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            yield node.lineno, ast.unparse(node.func), node


def imported(source: str) -> Iterator[str]:
    """Yield the names of all modules that a module imports."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
