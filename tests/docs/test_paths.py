"""A page names files and folders that are there."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
PLACES = r"(?:annotator|selection|templates|static|tests|deploy|docs)"
# A path in a block of code, or one that is quoted; NAME stands for what a reader chooses.
PATH = re.compile(rf"(?<![\w/.<-])({PLACES}(?:/[\w.*-]+)+/?)")


def test_every_path_of_the_pages_is_there() -> None:
    found = [(page, path) for page in PAGES for path in _paths(page)]
    assert len(found) > 30
    missing = [
        f"{page.relative_to(ROOT)}: {path}" for page, path in found if not any(ROOT.glob(path))
    ]
    assert missing == []


def _paths(page: Path) -> list[str]:
    text = page.read_text(encoding="utf-8")
    quoted = re.findall(r"^```.*?^```|`[^`\n]+`", text, re.MULTILINE | re.DOTALL)
    return [
        path.rstrip("/.") for each in quoted for path in PATH.findall(each) if "NAME" not in path
    ]
