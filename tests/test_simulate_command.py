"""`manage.py simulate`: labelled data in, curves and savings out, no database anywhere."""

import csv
import io
import json
import xml.etree.ElementTree as ET
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from PIL import Image

from annotator.flow.simulation import dataset, runs
from annotator.formats import Columns
from tests import loop

# No mark for the database: the first query would fail the test.


def rows(start: Any, stop: Any) -> Any:
    return [(loop.text(i), "spam" if i % 2 == 0 else "ham") for i in range(start, stop)]


@pytest.fixture
def data(tmp_path: Path) -> Any:
    """A CSV of 120 labelled texts."""
    return write(tmp_path / "mail.csv", rows(0, 120))


@pytest.fixture
def unseen(tmp_path: Path) -> Any:
    return write(tmp_path / "mail_test.csv", rows(120, 180))


def write(path: Any, lines: Any, header: Any = ("text", "label")) -> Any:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *lines])
    return path


def simulate(data: Any, out: Any, **options: Any) -> Any:
    said = io.StringIO()
    given = {"labels": 40, "batch": 10, "seeds": 2, "jobs": 1, "strategies": "margin", **options}
    call_command("simulate", data, out=out, stdout=said, **given)
    return said.getvalue()


def refusal(data: Any, out: Any, **options: Any) -> Any:
    with pytest.raises(CommandError) as caught:
        simulate(data, out, **options)
    return str(caught.value)


# What comes out ----------------------------------------------------------------------------------


def test_summary_has_the_shape_of_the_contract(data: Any, unseen: Any, tmp_path: Path) -> None:
    simulate(data, tmp_path / "out", test=unseen, strategies="margin,auto")
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert (summary["data"], summary["n"], summary["classes"]) == ("mail.csv", 120, ["ham", "spam"])
    assert set(summary["strategies"]) == {"random", "margin", "auto"}
    for curve in [*summary["strategies"].values(), summary["baseline"]]:
        assert curve["labels"] == [10, 20, 30, 40]
        for metric in ("accuracy", "macro_f1", "rare_found"):
            assert {len(curve[metric][end]) for end in ("mean", "low", "high")} == {4}
        assert curve["seconds_per_round"] > 0
    for saved in summary["savings"].values():
        assert {"query", "system", "query_words", "system_words"} <= set(saved)
    assert summary["settings"] == {
        "labels": 40,
        "batch": 10,
        "audit_share": 0.15,
        "hunts": False,
        "seeds": 2,
    }
    assert summary["n_test"] == 60


def test_curves_have_a_row_for_each_strategy_seed_and_mark(data: Any, tmp_path: Path) -> None:
    simulate(data, tmp_path / "out", audit_share=0.1)
    with (tmp_path / "out" / "curves.csv").open(newline="") as file:
        found = list(csv.DictReader(file))
    assert len(found) == 3 * 2 * 4
    assert {row["strategy"] for row in found} == {"baseline", "random", "margin"}
    assert [row["audited"] for row in found if row["strategy"] == "margin"][:4] == list("1234")
    assert {row["audited"] for row in found if row["strategy"] != "margin"} == {"0"}


def test_picture_is_svg_that_names_every_line(data: Any, tmp_path: Path) -> None:
    simulate(data, tmp_path / "out")
    drawn = (tmp_path / "out" / "curves.svg").read_text()
    assert ET.fromstring(drawn).tag.endswith("svg")
    for name in ("margin", "random", "TF-IDF, random labels"):
        assert f">{name}<" in drawn


def test_table_says_what_was_reached_and_saved(data: Any, tmp_path: Path) -> None:
    said = simulate(data, tmp_path / "out")
    assert "24 random items are held out" in said
    for word in ("margin", "random", "baseline", "query saving", "system saving", "Target: "):
        assert word in said


def test_headline_is_what_random_reaches_itself(data: Any, tmp_path: Path) -> None:
    said = simulate(data, tmp_path / "out")
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    told = summary["savings"]["margin"]["headline"]
    ends = summary["strategies"]["random"]["accuracy"]["mean"][-1]
    assert told["target"] == ends
    assert f"Target: {ends:.3f}, what random reaches with 40 labels" in said
    assert f"margin {told['words']}." in said
    assert said.index("margin ") < said.index("query saving")


def test_picture_alone_says_what_was_saved(data: Any, tmp_path: Path) -> None:
    simulate(data, tmp_path / "out")
    drawn = (tmp_path / "out" / "curves.svg").read_text()
    assert "margin needs" in drawn or "margin never reaches" in drawn


def test_json_on_request(data: Any, tmp_path: Path) -> None:
    said = simulate(data, tmp_path / "out", format="json")
    assert json.loads(said) == json.loads((tmp_path / "out" / "summary.json").read_text())


def test_several_processes_find_the_same(data: Any, tmp_path: Path) -> None:
    for jobs in (1, 2):
        simulate(data, tmp_path / str(jobs), jobs=jobs, strategies="auto")
    one, two = ((tmp_path / jobs / "curves.csv").read_text() for jobs in "12")
    assert one == two


def test_progress_is_told_run_by_run(data: Any) -> None:
    made = dataset.prepare(dataset.read(data, Columns()))
    from selection.simulation.dataset import Plan

    told = []
    wanted = runs.turns(["random"], 2)
    runs.go_all(made, Plan(20), wanted, 1, lambda done, total: told.append((done, total)))
    assert wanted == [("baseline", 0), ("random", 0), ("baseline", 1), ("random", 1)]
    assert told == [(0, 4), (1, 4), (2, 4), (3, 4), (4, 4)]


# What goes in ------------------------------------------------------------------------------------


def test_columns_are_named(tmp_path: Path) -> None:
    data = write(tmp_path / "a.csv", rows(0, 60), header=("body", "kind"))
    simulate(data, tmp_path / "out", text_column="body", label_column="kind")
    assert (tmp_path / "out" / "summary.json").exists()


def test_json_lines_with_several_labels_an_item(tmp_path: Path) -> None:
    data = tmp_path / "mail.jsonl"
    lines = [
        json.dumps({"text": text, "label": [label, "odd"] if i % 3 else [label]})
        for i, (text, label) in enumerate(rows(0, 100))
    ]
    data.write_text("\n".join(lines))
    simulate(data, tmp_path / "out")
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert summary["classes"] == ["ham", "odd", "spam"]
    assert summary["strategies"]["margin"]["macro_f1"]["mean"][-1] > 0.5


@pytest.mark.parametrize("form", ["folders", "table"])
def test_zip_of_pictures(tmp_path: Path, form: str) -> None:
    rng = np.random.default_rng(0)
    with zipfile.ZipFile(tmp_path / "pets.zip", "w") as archive:
        lines = ["filename,label"]
        for i in range(40):
            label = ("cat", "dog")[i % 2]
            pixels = rng.integers(0, 60, (16, 16, 3), dtype=np.uint8) + 150 * (i % 2)
            out = io.BytesIO()
            Image.fromarray(pixels.astype(np.uint8)).save(out, "PNG")
            name = f"{label}/{i}.png" if form == "folders" else f"images/{i}.png"
            archive.writestr(name, out.getvalue())
            lines.append(f"{i}.png,{label}")
        if form == "table":
            archive.writestr("labels.csv", "\n".join(lines))
    simulate(tmp_path / "pets.zip", tmp_path / "out", labels=20)
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert (summary["n"], summary["n_test"], summary["classes"]) == (32, 8, ["cat", "dog"])
    assert summary["strategies"]["margin"]["accuracy"]["mean"][-1] == 1.0


def test_repeats_and_rows_without_a_label_are_left_out_and_counted(tmp_path: Path) -> None:
    data = write(tmp_path / "a.csv", [*rows(0, 60), *rows(0, 3), ("nobody knows", "")])
    said = simulate(data, tmp_path / "out", labels=20)
    assert "3 duplicates left out" in said
    assert "1 rows without a label left out" in said


def test_test_items_that_are_in_the_pool_do_not_count(data: Any, tmp_path: Path) -> None:
    test = write(tmp_path / "t.csv", rows(100, 140))
    said = simulate(data, tmp_path / "out", test=test)
    assert "20 test items that are also in the pool left out" in said


def test_fifth_of_every_label_is_held_out(tmp_path: Path) -> None:
    lines = [*rows(0, 80), *((f"rare thing {i} {loop.text(i)}", "odd") for i in range(5))]
    made = dataset.prepare(dataset.read(write(tmp_path / "a.csv", lines), Columns()))
    assert np.bincount(made.known.truth).tolist() == [8, 1, 8]
    assert made.facts["rare"] == {"label": "odd", "n": 4, "declared": False}


def test_label_that_is_looked_for_is_declared(data: Any, tmp_path: Path) -> None:
    simulate(data, tmp_path / "out", rare="spam", strategies="rare")
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert summary["rare"] == {"label": "spam", "n": 48, "declared": True}


def test_recall_as_the_target_makes_auto_search(data: Any, tmp_path: Path) -> None:
    said = simulate(data, tmp_path / "out", rare="spam", strategies="auto,rare", hunt=True)
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert summary["settings"]["hunts"] is True
    curves = summary["strategies"]
    assert curves["auto"]["rare_found"] == curves["rare"]["rare_found"]
    simulate(data, tmp_path / "without", rare="spam", strategies="auto")
    other = json.loads((tmp_path / "without" / "summary.json").read_text())
    assert other["strategies"]["auto"]["rare_found"] != curves["auto"]["rare_found"]
    assert "Labels until 80% and 95% of the 48 items with “spam” are found:" in said


def test_search_without_a_label_to_search_for_is_refused(data: Any, tmp_path: Path) -> None:
    assert "--hunt needs --rare" in refusal(data, tmp_path, hunt=True)


def test_same_rows_wherever_the_hold_out_is_drawn(data: Any) -> None:
    one, two = (dataset.prepare(dataset.read(data, Columns())) for _ in range(2))
    assert one.known.y.tolist() == two.known.y.tolist()
    assert (one.known.X.dense == two.known.X.dense).all()


# What is refused, in words -----------------------------------------------------------------------


def test_missing_file(tmp_path: Path) -> None:
    assert "No such file" in refusal(tmp_path / "none.csv", tmp_path)


@pytest.mark.parametrize(
    ("content", "words"), [("", "The file is empty."), ("text,label\n", "no data rows")]
)
def test_empty_file(tmp_path: Path, content: str, words: str) -> None:
    (tmp_path / "a.csv").write_text(content)
    assert words in refusal(tmp_path / "a.csv", tmp_path)


def test_missing_column_names_those_that_are_there(data: Any, tmp_path: Path) -> None:
    words = refusal(data, tmp_path, label_column="kind")
    assert "Column “kind” not found" in words
    assert "“text”, “label”" in words


def test_file_without_labels(tmp_path: Path) -> None:
    data = write(tmp_path / "a.csv", [("a",), ("b",)], header=("text",))
    assert "No row has a label" in refusal(data, tmp_path)


def test_unknown_strategy_names_those_that_are_there(data: Any, tmp_path: Path) -> None:
    words = refusal(data, tmp_path, strategies="auto,nonsense")
    assert "“nonsense”" in words
    assert "margin" in words


def test_single_class(tmp_path: Path) -> None:
    data = write(tmp_path / "a.csv", [(loop.text(i), "spam") for i in range(30)])
    assert "All items have the label “spam”" in refusal(data, tmp_path)


def test_fewer_items_than_labels(data: Any, tmp_path: Path) -> None:
    assert "more than the pool's 96 items" in refusal(data, tmp_path, labels=97)


def test_label_of_the_test_file_that_the_pool_lacks(data: Any, tmp_path: Path) -> None:
    test = write(tmp_path / "t.csv", [("what", "odd"), ("is it", "spam")])
    assert "labels that are not in the pool: “odd”" in refusal(data, tmp_path, test=test)


def test_test_file_that_is_the_pool(data: Any, tmp_path: Path) -> None:
    assert "is also in the pool" in refusal(data, tmp_path, test=data)


def test_rare_label_that_nobody_has(data: Any, tmp_path: Path) -> None:
    assert "has the label “odd”" in refusal(data, tmp_path, rare="odd")


@pytest.mark.parametrize("name", ["seeds", "labels", "batch", "jobs"])
def test_numbers_below_one(data: Any, tmp_path: Path, name: str) -> None:
    assert f"--{name} must be at least 1" in refusal(data, tmp_path, **{name: 0})


def test_audit_share_that_cannot_be(data: Any, tmp_path: Path) -> None:
    assert "between 0 and 0.5" in refusal(data, tmp_path, audit_share=0.6)


def test_folder_that_cannot_be_written(data: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert str(tmp_path / "file") in refusal(data, tmp_path / "file" / "out")


def test_too_few_items_to_hold_some_out(tmp_path: Path) -> None:
    data = write(tmp_path / "a.csv", rows(0, 4))
    assert "more than 4 labelled items" in refusal(data, tmp_path, labels=2)
