"""`manage.py simulate --features`: the same runs with several features, side by side."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests import hashing_encoder, loop

# No mark for the database: the first query would fail the test.


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "mail.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = [(loop.text(i), "spam" if i % 3 == 0 else "ham") for i in range(80)]
        csv.writer(file).writerows([("text", "label"), *rows])
    return path


def simulate(data: Path, features: str, **options: Any) -> tuple[str, dict[str, Any]]:
    out, said = data.parent / "out", io.StringIO()
    given = {"labels": 20, "batch": 10, "seeds": 2, "jobs": 1, "strategies": "margin", **options}
    call_command("simulate", data, out=out, stdout=said, features=features, **given)
    return said.getvalue(), json.loads((out / "summary.json").read_text())


def test_features_are_compared_side_by_side(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    encoder = hashing_encoder.Hashing(dimensions=32)
    hashing_encoder.install(monkeypatch, encoder)
    said, summary = simulate(data, "pool,auto,hashing")
    names = ["random@pool", "margin@pool", "random@hashing", "margin@hashing"]
    assert list(summary["strategies"]) == names
    assert set(summary["savings"]) == set(summary["needs"]) == set(names)
    assert all("system" in summary["savings"][name] for name in names)
    # Random asks for the same rows, which other features tell apart in another way.
    curves = [summary["strategies"][name]["accuracy"]["mean"] for name in names]
    assert curves[0] != curves[2]
    assert "Target with hashing:" in said
    # 64 of the pool, 16 held out, and two names of labels.
    assert sum(encoder.asked) == 82


def test_one_choice_of_features_keeps_the_names(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashing_encoder.install(monkeypatch, hashing_encoder.Hashing())
    _said, encoded = simulate(data, "auto")
    assert set(encoded["strategies"]) == {"random", "margin"}
    hashing_encoder.install(monkeypatch)
    _said, alone = simulate(data, "auto")
    assert encoded["strategies"] != alone["strategies"]
    assert alone["strategies"].keys() == encoded["strategies"].keys()


def test_unknown_features_are_refused_with_those_that_are_there(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashing_encoder.install(monkeypatch, hashing_encoder.Hashing())
    with pytest.raises(CommandError, match="pool, auto, hashing"):
        simulate(data, "bert")
