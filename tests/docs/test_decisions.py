"""Each decision has a page with a number, a title and a date, and the list names it so."""

import re
from datetime import date
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "decisions"


def test_the_list_of_decisions_has_each_page_with_its_title_and_date() -> None:
    rows = (FOLDER / "index.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| (\d+) \| \[(.+)\]\((\S+)\) \| (\S+) \|$", rows, re.MULTILINE)
    assert [tuple(row) for row in listed] == [_told(path) for path in sorted(FOLDER.glob("0*.md"))]


def _told(path: Path) -> tuple[str, str, str, str]:
    text = path.read_text(encoding="utf-8")
    found = re.match(r"# (\d+)\. (.+)\n\nDate: (\S+)\n\n\S", text)
    assert found, path.name
    number, title, day = found.groups()
    assert path.name.startswith(f"{int(number):04}-")
    date.fromisoformat(day)
    return number, title, path.name, day
