"""An annotator over HTTP, with real texts, a real worker and the file's true labels."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests import servers
from tests.oracle import new_project, rows

pytestmark = [pytest.mark.servers, pytest.mark.xdist_group("e2e")]


def test_400_labels_on_real_news(running: Any) -> None:
    train, test = servers.data_set("ag_news.csv"), servers.data_set("ag_news_test.csv")
    truth = {row["id"]: row["label"] for row in rows(train)}
    oracle = new_project(running.client(), train, truth)
    servers.wait_until(lambda: not oracle.progress()["features"]["improving"], 300, "the features")
    for _ in range(10):
        oracle.label(40, pause=0.02)
        # Rounds may take more labels than one batch where several came meanwhile.
        due = len(oracle.saved) - 20
        servers.wait_until(lambda due=due: _trained_on(oracle) >= due, 60, "the next round")  # type: ignore[misc]
    servers.wait_until(
        lambda: (
            oracle.progress()["round"]["state"] == "done"
            and oracle.progress()["model"]["trained_on"] >= 380
        ),
        60,
        "the last round",
    )
    assert len(oracle.served) == len(set(oracle.served)) == 400
    assert len(_done(oracle)) >= 6
    assert abs(sum(a["source"] == "audit" for a in oracle.saved) - 60) <= 2
    _check_accuracy(oracle, test)
    _check_export(oracle)


def _trained_on(oracle: Any) -> int:
    model = oracle.progress()["model"]
    return model["trained_on"] if model else 0


def _done(oracle: Any) -> Any:
    return [turn for turn in oracle.rounds() if turn["state"] == "done"]


def _check_accuracy(oracle: Any, test: Any) -> None:
    """The truth on texts that nobody labelled lies where the audits say it does."""
    shown = oracle.progress()["accuracy"]
    sample = rows(test)
    right = 0
    for start in range(0, len(sample), 400):
        part = sample[start : start + 400]
        items = [{"text": row["text"]} for row in part]
        path = f"/projects/{oracle.project}/predict"
        said = oracle.client.call("POST", path, {"items": items})["predictions"]
        right += sum(p["labels"] == [r["label"]] for p, r in zip(said, part, strict=True))
    accuracy = right / len(sample)
    assert shown["n"] >= 55
    assert accuracy > 0.8
    # The interval is one of 95 %, and audits judge models that had a little less to learn from.
    assert shown["low"] - 0.03 <= accuracy <= shown["high"] + 0.03


def _check_export(oracle: Any) -> None:
    path = f"/projects/{oracle.project}/export?format=jsonl"
    lines = [json.loads(line) for line in oracle.client.call("GET", path).splitlines()]
    assert [line["item"] for line in lines] == oracle.served
    for line, saved in zip(lines, oracle.saved, strict=True):
        assert line["labels"] == [oracle.truth[line["key"]]]
        for name in ("source", "blind", "strategy", "round", "model", "score", "suggestion"):
            assert line[name] == saved[name], name
        assert line["audit"] == (saved["source"] == "audit")
        assert line["seconds"] == 1.5
    chosen = [line for line in lines if line["source"] == "active"]
    assert chosen
    assert all(line["round"] and line["score"] is not None for line in chosen)


def test_the_same_on_postgresql_and_redis(tmp_path: Path) -> None:
    with servers.postgres() as database, servers.redis() as broker:
        env = {"DATABASE_URL": database, "BROKER_URL": broker}
        with servers.winnow(tmp_path / "winnow", **env) as server:
            path = tmp_path / "posts.csv"
            _write_posts(path)
            truth = {row["id"]: row["label"] for row in rows(path)}
            oracle = new_project(server.client(), path, truth)
            servers.wait_until(lambda: oracle.progress()["round"], 120, "the first round")
            for _ in range(3):
                before = len(_done(oracle))
                oracle.label(25)
                servers.wait_until(lambda n=before: len(_done(oracle)) > n, 60, "a round")  # type: ignore[misc]
            assert len(set(oracle.served)) == 75
            assert not (server.folder / "winnow.sqlite3").exists()
            assert not server.children("valkey-server")


def _write_posts(path: Any) -> None:
    import csv

    from annotator.bench.synthetic_text import texts

    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "text", "label"])
        writer.writerows([n, text, topic] for n, (text, topic) in enumerate(texts(1500)))
