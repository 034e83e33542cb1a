"""`manage.py simulate` on a file with spans: F1 against texts, words read and actions."""

import csv
import io
import json
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from annotator.flow.simulation import runs, spans, storage
from annotator.formats import Columns
from selection.simulation.dataset import Plan
from selection.simulation.spans import summarise_spans
from selection.spans.simulation.dataset import SpanRun
from tests.tasktypes.test_spans_learning import sentence, truth

# No mark for the database: the first query would fail the test.


def record(number: int) -> dict[str, Any]:
    text = sentence(number)
    marks = [{"start": m.start, "end": m.end, "label": m.label} for m in truth(text)]
    return {"text": text, "spans": marks}


def write(path: Path, records: list[Any]) -> Path:
    path.write_text("".join(json.dumps(each) + "\n" for each in records), "utf-8")
    return path


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write(tmp_path / "names.jsonl", [record(n) for n in range(150)])


def simulate(data: Path, out: Path, **options: Any) -> str:
    said = io.StringIO()
    given = {"labels": 60, "batch": 20, "seeds": 2, "jobs": 1, "strategies": "auto", **options}
    call_command("simulate", data, out=out, stdout=said, **given)
    return said.getvalue()


def summary_of(out: Path) -> Any:
    return json.loads((out / "summary.json").read_text())


def test_summary_tells_f1_texts_words_and_actions(data: Path, tmp_path: Path) -> None:
    said = simulate(data, tmp_path / "out")
    found = summary_of(tmp_path / "out")
    assert (found["task"], found["classes"]) == ("spans", ["person", "place"])
    assert (found["n"], found["n_test"]) == (120, 30)
    assert set(found["strategies"]) == {"random", "auto"}
    for curve in found["strategies"].values():
        assert curve["labels"] == [20, 40, 60]
        assert curve["words"] == sorted(curve["words"])
        # Suggestions never cost more here than marking by hand.
        assert all(a <= b for a, b in zip(curve["actions"], curve["by_hand"], strict=True))
        assert curve["actions"][-1] < curve["by_hand"][-1]
        assert 0.5 < curve["f1"]["mean"][-1] <= 1
    random = found["work"]["random"]
    assert random["labels"] <= 60
    assert random["words"] <= found["strategies"]["random"]["words"][-1]
    for words in ("entity F1 after texts", "actions", "by hand", "Target: ", "auto", "random"):
        assert words in said
    assert "baseline" not in said
    assert "accuracy" not in said


def test_curves_and_picture_are_of_f1(data: Path, tmp_path: Path) -> None:
    simulate(data, tmp_path / "out", strategies="auto,mnlp")
    with (tmp_path / "out" / "curves.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 3 * 2 * 3
    assert set(rows[0]) == {"strategy", "seed", "sentences", "words", "actions", "by_hand", "f1"}
    drawn = (tmp_path / "out" / "curves.svg").read_text()
    assert ET.fromstring(drawn).tag.endswith("svg")
    assert "TF-IDF" not in drawn
    assert ">mnlp<" in drawn


def test_same_seed_gives_the_same_in_several_processes(data: Path, tmp_path: Path) -> None:
    for jobs in (1, 2):
        simulate(data, tmp_path / str(jobs), jobs=jobs, labels=40)
    one, two = ((tmp_path / jobs / "curves.csv").read_text() for jobs in "12")
    assert one == two


def test_test_file_is_measured_on(data: Path, tmp_path: Path) -> None:
    test = write(tmp_path / "test.jsonl", [record(n) for n in range(140, 190)])
    simulate(data, tmp_path / "out", test=test, labels=20, batch=20, seeds=1)
    found = summary_of(tmp_path / "out")
    pool, tested = ({record(n)["text"] for n in each} for each in (range(150), range(140, 190)))
    assert (found["n"], found["n_test"]) == (len(pool), len(tested - pool))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"strategies": "margin"}, "There is no strategy “margin”"),
        ({"rare": "person"}, "not for spans"),
        ({"features": "auto"}, "not for spans"),
        ({"labels": 500}, "more than the pool's 120 items"),
    ],
)
def test_what_is_not_for_spans_is_refused(
    data: Path, tmp_path: Path, options: Any, words: str
) -> None:
    with pytest.raises(CommandError, match=words):
        simulate(data, tmp_path / "out", **options)


def test_unusable_rows_are_left_out_aloud(tmp_path: Path) -> None:
    rows = [record(n) for n in range(20)]
    outside = {"text": "Ana", "spans": [{"start": 0, "end": 9, "label": "person"}]}
    path = write(tmp_path / "a.jsonl", [*rows, rows[0], {"text": "never read"}, outside])
    found = spans.read(path, Columns())
    assert len(found) == len({row["text"] for row in rows})
    assert "1 rows without a label left out" in found.notes
    assert "1 unreadable rows left out" in found.notes


def test_what_most_people_marked_is_the_answer(tmp_path: Path) -> None:
    said = [[[0, 3, "person"]], [[0, 3, "person"], [8, 11, "person"]], [[0, 3, "person"]]]
    answers = [
        {
            "id": number,
            "annotator": name,
            "spans": [{"start": a, "end": b, "label": label} for a, b, label in each],
        }
        for number, (name, each) in enumerate(zip(("ana", "ben", "eva"), said, strict=True), 1)
    ]
    about = {"item": 1, "key": "1", "resolved_by": "consensus", "audit_key": 1}
    row = {**about, "text": "Ana met Ben.", "answers": answers}
    found = spans.read(write(tmp_path / "a.jsonl", [row]), Columns())
    assert found.spans == [[(0, 3, "person")]]


def test_stored_data_and_runs_come_back(data: Path, tmp_path: Path) -> None:
    made = spans.prepare(spans.read(data, Columns()))
    sums = storage.save_data(tmp_path / "1", made)
    back = storage.load_data(tmp_path / "1", {**made.facts, "checksums": sums})
    assert isinstance(back, spans.SpanData)
    assert (back.facts, back.known.spans) == (made.facts, made.known.spans)
    plan, spec = Plan(40, 20, 0.1), runs.RunSpec("auto", 1)
    run = runs.run_once(made, plan, spec)
    storage.save_run(tmp_path / "1", spec, run)
    again, stored = runs.run_once(back, plan, spec), storage.load_run(tmp_path / "1", spec)
    assert isinstance(run, SpanRun)
    assert isinstance(stored, SpanRun)
    assert isinstance(again, SpanRun)
    for name in storage.SPAN_CURVES:
        assert np.array_equal(getattr(run, name), getattr(stored, name))
        assert np.array_equal(getattr(run, name), getattr(again, name))


def run_of(name: str, seed: int, f1: list[float], step: int) -> SpanRun:
    marks = np.array([10, 20, 30, 40])
    return SpanRun(
        name, seed, marks, marks * step, marks * 3, marks * 5, np.array(f1), np.arange(40)
    )


def test_work_is_told_where_the_mean_curve_is_at_the_target() -> None:
    made = [
        run_of(name, seed, f1, step)
        for seed in range(2)
        for name, f1, step in (
            ("random", [0.1, 0.2, 0.3, 0.4], 20),
            ("auto", [0.2, 0.4, 0.5, 0.6], 30),
            ("mnlp", [0.1, 0.1, 0.1, 0.1], 10),
        )
    ]
    found = summarise_spans(made)
    assert found["target"] == 0.4
    assert found["work"]["random"] == {"labels": 40, "words": 800, "actions": 120, "by_hand": 200}
    assert found["work"]["auto"] == {"labels": 20, "words": 600, "actions": 60, "by_hand": 100}
    assert found["work"]["mnlp"] is None
    assert found["savings"]["auto"]["against_random"] == 2.0
    assert "texts" in found["savings"]["auto"]["headline"]["words"]
    assert "F1" in found["savings"]["mnlp"]["headline"]["words"]
