"""Every real data set imports, with the counts of its description."""

import csv
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from annotator.flow.projects import settings
from annotator.models import Import, User
from tests import loop, servers

pytestmark = pytest.mark.django_db

# A line of the table of one-file sets: names, and rows of train and test.
LINE = re.compile(
    r"^\| (`[a-z0-9_]+\.(?:csv|zip)`(?:, `[a-z0-9_]+\.(?:csv|zip)`)?) \| ([\d /]+) \|"
)


def described() -> Iterator[tuple[str, int]]:
    """Yield (name, rows) of the data sets; none where they are not there."""
    readme = servers.DATA / "README.md"
    for line in readme.read_text().splitlines() if readme.exists() else ():
        found = LINE.match(line)
        names = re.findall(r"`([^`]+)`", found[1]) if found else []
        rows = [int(each) for each in found[2].split("/")] if found else []
        yield from zip(names, rows, strict=False)


def labels_of(path: Path) -> list[str]:
    with path.open(newline="", encoding="utf-8") as file:
        return sorted({row.get("label") or "" for row in csv.DictReader(file)} - {""})


@pytest.mark.parametrize(("name", "rows"), [*described()] or [("any", 0)])
def test_data_set_imports_with_its_counts(olga: User, name: str, rows: int) -> None:
    path = servers.data_set(name)
    is_table = path.suffix == ".csv"
    if is_table and b"text" not in path.read_bytes().splitlines()[0]:
        pytest.skip("answers about pictures that are not there")
    names = (labels_of(path) if is_table else []) + ["a label", "another"]
    task = "text" if is_table else "image"
    project = settings.create_project(olga, name=name, task=task, labels=names[:500])
    use = "seed" if is_table else "ignore"
    work = loop.bring_in(project, name, path.read_bytes(), labels_are=use)
    assert (work.state, work.error) == (Import.State.DONE, "")
    assert work.done == rows
    assert work.created + work.duplicates + work.conflicts == rows
    assert work.rejected == 0
