"""Rejected rows: shown with the import, all of them in its report."""

import csv
import shutil
from typing import Any

from annotator.flow.datasets.upload import report_path
from annotator.formats import RejectedRow
from annotator.formats.csv import guarded
from annotator.models import Import

ERRORS_SHOWN = 100


def as_error(bad: RejectedRow) -> dict[str, Any]:
    return {"row": bad.number, "code": bad.code, "detail": bad.detail}


def append_report(work: Import, bad: list[RejectedRow]) -> None:
    if not bad:
        return
    path = report_path(work)
    is_new = not path.exists()
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        if is_new:
            writer.writerow(["row", "code", "detail"])
        writer.writerows([each.number, each.code, guarded(each.detail)] for each in bad)


def cut_report(work: Import) -> None:
    """Drop report lines of a chunk whose transaction was rolled back."""
    path = report_path(work)
    if not path.exists():
        return
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    kept = rows[: 1 + work.rejected]
    fresh = path.with_suffix(".new")
    with fresh.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(kept)
    shutil.move(fresh, path)
