"""Sizes of folders and files."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from tests.checks.source import CODE, ROOT, assert_nothing_found

MODULES, LINES = 15, 400
# Files that are still too long, with their maximum size. Add nothing here.
BIG_FOLDERS: dict[str, int] = {}
BIG_FILES = {
    "static/medium/image/viewer.js": 470,
}
TEST_LINES = 500


def modules(paths: Iterable[Path]) -> Counter[str]:
    """Return the number of modules per folder, without migrations, which are added one by one."""
    rooms = (path for path in paths if path.name != "__init__.py")
    return Counter(str(path.parent) for path in rooms if path.parent.name != "migrations")


def too_big(sizes: dict[str, int], limit: int, known: dict[str, int]) -> list[str]:
    """Return what exceeds the limit, or its known maximum."""
    big = sorted(name for name, size in sizes.items() if size > max(limit, known.get(name, 0)))
    return [f"{name}: {sizes[name]} of {limit}" for name in big]


def test_no_folder_holds_too_many_modules() -> None:
    assert_nothing_found(
        too_big(modules(path.relative_to(ROOT) for path in CODE), MODULES, BIG_FOLDERS)
    )


def lines(paths: Iterable[Path]) -> dict[str, int]:
    """Return how many lines each file has."""
    return {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in paths}


def test_no_file_has_too_many_lines() -> None:
    ours = [path for path in CODE if path.parent.name != "migrations"]
    ours += [path for kind in ("css", "js") for path in (ROOT / "static").rglob(f"*.{kind}")]
    assert len(ours) > 300
    assert_nothing_found(too_big(lines(ours), LINES, BIG_FILES))


def test_no_test_has_too_many_lines() -> None:
    tests = [path for kind in ("py", "mjs") for path in (ROOT / "tests").rglob(f"*.{kind}")]
    assert len(tests) > 150
    assert_nothing_found(too_big(lines(tests), TEST_LINES, BIG_FILES))


def test_what_is_too_big_is_found() -> None:
    paths = [Path(f"room/{name}.py") for name in ("__init__", "bed", "chair")]
    assert modules([*paths, Path("room/migrations/0001_initial.py")]) == {"room": 2}
    assert too_big({"a": 3, "b": 2, "c": 9, "d": 5}, 2, {"c": 8, "d": 5}) == [
        "a: 3 of 2",
        "c: 9 of 2",
    ]
