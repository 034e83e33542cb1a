"""Projects that were labelled by known answers, for measurements of deliveries.

Each holds what a frozen model says of every item that nobody labelled, and what people said of the
others: stored once for each data set and seed.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import encoder_savings
import label_efficiency as efficiency
import numpy as np

from annotator.flow.simulation import dataset
from annotator.formats import Columns
from selection.models import logistic
from selection.simulation import loop
from selection.simulation.dataset import LabelledDataset
from selection.simulation.dataset import Plan as LoopPlan

FOLDS = 10


def make(name: str, seed: int, options: argparse.Namespace) -> None:
    """Label a project of `options.labels` labels, and store how sure and how right its model is."""
    path = options.out / name / f"{seed}.npz"
    if path.exists():
        return
    started = time.process_time()
    known = data_of(name, options)
    plan = LoopPlan(min(options.labels, len(known.X) // 2), options.batch, options.audit_share)
    # Its accuracy after each batch, which nobody asks for here, would take most of the time.
    asked = loop.replay(_without_test(known), "auto", seed, plan, time.perf_counter).asked
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, **_told(known, asked, seed))
    print(f"{name} {seed}: {time.process_time() - started:.0f} s of CPU", flush=True)


def _without_test(known: LabelledDataset) -> LabelledDataset:
    from dataclasses import replace

    return replace(known, test=None, truth=None)


def _told(known: LabelledDataset, asked: Any, seed: int) -> dict[str, Any]:
    """Return what is stored of a project; rows in the order of the pool and of the labels."""
    audits = loop.audit_order(len(known.X), seed)
    audited = np.isin(asked, audits[: loop.audited_in_order(audits, asked)])
    X, y, space = known.X.take(asked), known.y[asked], known.space
    proba = known.learner(X, y, space, seed=seed).predict_proba(known.X)
    checked = logistic.cross_fit(X, y, audited, space, seed=seed, texts=known.texts)
    everyone = np.ones(len(asked), bool)
    crossed = logistic.cross_fit(X, y, everyone, space, folds=FOLDS, seed=seed, texts=known.texts)
    rest = np.setdiff1d(np.arange(len(known.X)), asked)
    return {
        "sure": space.confidence(proba)[rest],
        "wrong": ~space.is_same(space.decide(proba), known.y)[rest],
        "said": space.decide(proba)[rest],
        "truth": known.y[rest],
        "audit_sure": space.confidence(checked),
        "audit_wrong": ~space.is_same(space.decide(checked), y[audited]),
        "rest": rest,
        "asked": asked,
        "audited": audited,
        "proba": proba[rest].astype(np.float16),
        "crossed": crossed,
        "answers": y,
    }


_known: dict[str, LabelledDataset] = {}


def data_of(name: str, options: argparse.Namespace) -> LabelledDataset:
    """Return a data set with the best features that there are, kept until another one is read."""
    if name not in _known:
        data = efficiency.data_of(name)
        pool = dataset.sample(dataset.read(data, Columns()), options.pool)
        unseen = dataset.read(data.with_stem(f"{name}_test"), Columns())
        made = dataset.prepare(pool, unseen)
        _known.clear()
        variants = list(encoder_savings.variants(name, made, pool, unseen, options))
        _known[name] = variants[-1][1].known
    return _known[name]


def stored(folder: Path, name: str) -> list[dict[str, Any]]:
    """Return the projects of a data set that are stored, by seed."""
    paths = sorted((folder / name).glob("[0-9]*.npz"), key=lambda path: int(path.stem))
    return [dict(np.load(path)) for path in paths]
