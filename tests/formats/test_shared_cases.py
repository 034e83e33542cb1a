"""Inputs that people reported, where their folder is there: each with its right result."""

import os
from pathlib import Path
from typing import Any

import pytest

from annotator.formats import Columns, RejectedRow, Row, SkippedFile, UnreadableFile
from annotator.formats.registry import for_content
from annotator.i18n.reasons import worded

FOLDER = Path(os.environ.get("WINNOW_CASES", "")) / "data"
TEXTS = ("csv", "jsonl", "xlsx", "parquet", "text", "archive")
ANIMALS = {"Tiger", "Wolf", "Löwe"}

pytestmark = pytest.mark.skipif(
    not os.environ.get("WINNOW_CASES") or not FOLDER.is_dir(), reason="the cases are not there"
)

# Labelled and all items, then rejected rows and skipped files.
COUNTS: dict[str, tuple[int, int, int, int]] = {
    "t16_gb18030.csv": (2, 2, 0, 0),
    "t18_cp1250.csv": (2, 2, 0, 0),
    "s43_cp1252_one_utf8_line.csv": (0, 9, 1, 0),
    "t54_trailing_empty_cols.csv": (2, 2, 0, 0),
    "t07_sep_line.csv": (3, 3, 0, 0),
    "t10_onecol_noheader.csv": (0, 3, 0, 0),
    "s27_header_spaces.csv": (2, 2, 0, 0),
    "t02_xlsx_named.csv": (3, 3, 0, 0),
    "t01_sheet.xlsx": (3, 3, 0, 0),
    "t68_ods.ods": (1, 1, 0, 0),
    "t11_onecol_text.txt": (0, 3, 0, 0),
    "t62_gz.csv.gz": (1, 1, 0, 0),
    "t63_zip_of_csv.zip": (1, 1, 0, 0),
    "i22_single.png": (0, 1, 0, 0),
    "t31_label_studio.json": (2, 2, 0, 0),
    "s46_ls_csv.csv": (2, 2, 0, 0),
    "t35_prodigy_choice.jsonl": (1, 2, 0, 0),
    "t30_label_and_labels.jsonl": (2, 2, 0, 0),
    "t39_hf_dict.json": (2, 2, 0, 0),
    "t40_hf_columns.json": (2, 2, 0, 0),
    "t41_pretty_one.json": (1, 1, 0, 0),
    "t25_int_labels.jsonl": (2, 2, 0, 0),
    "t22_label_nan.csv": (1, 4, 0, 0),
    "s05_category.csv": (0, 2, 0, 0),
    "s40_nfd_text.csv": (0, 2, 0, 0),
    "i01_macos_nfd_folders.zip": (2, 2, 0, 1),
    "i07_kinds.zip": (0, 11, 0, 2),
    "i03_windows_backslash.zip": (2, 2, 0, 0),
    "i18_labelscsv_case_ext.zip": (2, 2, 0, 1),
    "i21_labels_jsonl.zip": (1, 1, 0, 0),
    "i15_wrapper_mix.zip": (2, 4, 0, 0),
    "i16_labelscsv_semicolon.zip": (2, 2, 0, 0),
    "t46_big_ids.jsonl": (0, 5, 0, 0),
    "t64_url_ids.csv": (0, 2, 0, 0),
    "s16b_open_quote_only_one.csv": (6, 6, 994, 0),
    "s24_long_meta.jsonl": (0, 1, 0, 0),
    "s09b_odd_labels.csv": (11, 11, 0, 0),
}


def entries(name: str) -> list[Any]:
    path = FOLDER / name
    is_picture = name.startswith("i")
    reader = for_content(path, name, allowed=("zip",) if is_picture else TEXTS)
    assert reader is not None
    columns = Columns(text="Text") if name == "s27_header_spaces.csv" else Columns()
    labels = ANIMALS if is_picture else {"spam", "ham", "0", "1", "a|b"}
    return list(reader.read(path, columns, reader.look(path, columns), labels))


@pytest.mark.parametrize("name", COUNTS)
def test_case_has_its_result(name: str) -> None:
    found = entries(name)
    rows = [each for each in found if isinstance(each, Row)]
    assert (
        sum(bool(row.labels) for row in rows),
        len(rows),
        sum(each.rows for each in found if isinstance(each, RejectedRow)),
        sum(isinstance(each, SkippedFile) for each in found),
    ) == COUNTS[name]


def test_every_case_is_read_or_refused_in_words() -> None:
    for path in sorted(FOLDER.iterdir()):
        if path.suffix == ".md":
            continue
        try:
            assert entries(path.name), path.name
        except UnreadableFile as problem:
            pytest.fail(f"{path.name}: {worded(problem.reason)}")
