"""Projects that were labelled by known answers, for measurements of deliveries.

Each holds what a frozen model says of every item that nobody labelled, and what people said of the
others: stored once for each data set and seed.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import replace
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

FOLDS, UNSEEN = 5, 50


def make(name: str, seed: int, options: argparse.Namespace) -> None:
    """Label a project of `options.labels` labels, and store how sure and how right its model is."""
    path = options.out / name / f"{seed}.npz"
    if path.exists():
        return
    started = time.process_time()
    known = data_of(name, options)
    plan = LoopPlan(min(options.labels, len(known.X) // 2), options.batch, options.audit_share)
    # Its accuracy after each batch, which nobody asks for here, would take most of the time.
    taught = _Taught(replace(known, test=None, truth=None))
    asked = loop.replay(taught.known, "auto", seed, plan, time.perf_counter).asked
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, **_told(known, asked, taught.model, seed))
    print(f"{name} {seed}: {time.process_time() - started:.1f} s of CPU", flush=True)


class _Taught:
    """A data set whose newest model is kept: the last round's is the one that is frozen."""

    def __init__(self, known: LabelledDataset) -> None:
        self._learner = known.learner
        self.model: Any = None
        self.known = replace(known, learner=self._learn)

    def _learn(self, *args: Any, **options: Any) -> Any:
        self.model = self._learner(*args, **options)
        return self.model


def _told(known: LabelledDataset, asked: Any, model: Any, seed: int) -> dict[str, Any]:
    """Return what is stored of a project; rows in the order of the pool and of the labels."""
    audits = loop.audit_order(len(known.X), seed)
    audited = np.isin(asked, audits[: loop.audited_in_order(audits, asked)])
    y, space = known.y[asked], known.space
    proba = model.predict_proba(known.X)
    checked = _cross_fit(known, asked, audited, model.weights, seed)
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
        "answers": y,
    }


def _cross_fit(known: LabelledDataset, asked: Any, audited: Any, weights: Any, seed: int) -> Any:
    """Return what models that never saw them say of the audits, as `logistic.cross_fit` does.

    All of them weigh the blocks of features as the frozen model does: to weigh them again takes
    most of the time, and only where to cut depends on it, not the proof.
    """
    X, y, found = known.X.take(asked), known.y[asked], np.flatnonzero(audited)
    proba = np.zeros((len(found), known.space.n_classes), np.float32)
    order = np.random.default_rng(seed).permutation(len(found))
    for fold in range(min(FOLDS, len(found))):
        share = order[fold::FOLDS]
        rest = np.setdiff1d(np.arange(len(asked)), found[share])
        model = logistic.fit(
            X.take(rest), y[rest], known.space, seed=seed, weights=weights, texts=known.texts
        )
        proba[share] = model.predict_proba(X.take(found[share]))
    return proba


_known: dict[str, LabelledDataset] = {}


def data_of(name: str, options: argparse.Namespace) -> LabelledDataset:
    """Return a data set with the best features that there are, each read once."""
    if name not in _known:
        data = efficiency.data_of(name)
        pool = dataset.sample(dataset.read(data, Columns()), options.pool)
        # What it reaches on unseen items is not asked here: a few of them are enough.
        unseen = dataset.sample(dataset.read(data.with_stem(f"{name}_test"), Columns()), UNSEEN)
        made = dataset.prepare(pool, unseen)
        variants = list(encoder_savings.variants(name, made, pool, unseen, options))
        _known[name] = variants[-1][1].known
    return _known[name]


def stored(folder: Path, name: str) -> list[dict[str, Any]]:
    """Return the projects of a data set that are stored, by seed."""
    paths = sorted((folder / name).glob("[0-9]*.npz"), key=lambda path: int(path.stem))
    return [dict(np.load(path)) for path in paths]
