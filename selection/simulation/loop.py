"""Replay of the annotation loop: the known labels answer what a strategy selects.

Rounds use `models.logistic`, `strategies.registry` and `strategies.shortlist` as the app does. A
run is one strategy with one seed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from selection.core import hashing
from selection.core.arrays import AnyArray, IntArray
from selection.features.matrix import Features
from selection.models import committee
from selection.models.relevance import fit_relevance
from selection.simulation.dataset import LabelledDataset, Plan, Predictor, Run, macro_f1
from selection.strategies import registry
from selection.strategies.base import Strategy
from selection.strategies.prior import with_prior
from selection.strategies.shortlist import Query, round_seed, shortlist, to_candidates

RANDOM = "random"
AUDIT_STREAM = 0x5EED  # the audit order must not be the order in which `random` draws

Clock = Callable[[], float]


def replay(dataset: LabelledDataset, name: str, seed: int, plan: Plan, clock: Clock) -> Run:
    """Return the run of strategy `name`, starting without labels.

    `clock` gives seconds; what is measured on the test set is not part of a round's time. Raises
    ValueError for an unknown strategy, or more labels than there are items.

    >>> from selection.models import SingleLabel
    >>> X = Features(None, np.eye(4, dtype=np.float32), (0, 4))
    >>> dataset = LabelledDataset(X, np.array([0, 1, 0, 1]), SingleLabel(2), rare_class=1)
    >>> replay(dataset, "random", 0, Plan(labels=4, batch=3), lambda: 0.0).labels
    array([3, 4])
    """
    _check(dataset, plan)
    asker, taught = _asker(dataset, name, seed, plan), _is_taught(dataset, name)
    asked, seconds = np.zeros(0, dtype=np.int64), 0.0
    model: Predictor | None = None
    points: list[_Point] = []
    while len(asked) < plan.labels and (not points or points[-1].rare_found < plan.until_found):
        started = clock()
        asked = np.concatenate([asked, asker.ask(len(points) + 1, asked, model)])
        model = _learn(dataset, asked, seed) if taught else None
        seconds += clock() - started
        points.append(_measure(dataset, model, asked, asker.audits))
    return _as_run(name, seed, points, asked, seconds)


def audits_due(share: float, labels: int) -> int:
    """Return the number of audits among the first `labels` labels, exact over time.

    >>> [audits_due(0.15, n) for n in (1, 7, 20, 100)]
    [0, 1, 3, 15]
    """
    # 0.29 * 100 is slightly below 29 in binary.
    return int(share * labels + 1e-9)


def audit_order(n: int, seed: int) -> IntArray:
    """Return the random order (n,) of the rows of a pool in which its audits are drawn.

    >>> sorted(audit_order(3, seed=0).tolist())
    [0, 1, 2]
    """
    bits = hashing.hash_bits(np.arange(n), seed ^ AUDIT_STREAM)
    return np.argsort(bits, kind="stable").astype(np.int64)


def audited_in_order(audits: IntArray, asked: IntArray) -> int:
    """Return how many of `audits`, in their order, were asked before the first that was not.

    >>> audited_in_order(np.array([7, 3, 5]), np.array([3, 7, 1]))
    2
    """
    waiting = np.flatnonzero(~np.isin(audits, asked))
    return int(waiting[0]) if len(waiting) else len(audits)


def _check(dataset: LabelledDataset, plan: Plan) -> None:
    if not 0 < plan.labels <= len(dataset.X):
        raise ValueError(f"{plan.labels} labels cannot be spent on {len(dataset.X)} items")
    if plan.batch < 1:
        raise ValueError(f"a batch has at least one item, not {plan.batch}")
    if not 0 <= plan.audit_share <= 1:
        raise ValueError(f"audit_share lies between 0 and 1, not at {plan.audit_share}")


def _is_taught(dataset: LabelledDataset, name: str) -> bool:
    """Return whether the test set or the strategy needs a model."""
    rule = registry.resolve(name, len(dataset.X), dataset.space.n_classes, dataset.space)
    return dataset.test is not None or bool(rule.needs)


# Select -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Asker:
    """One strategy with one seed; `audits` are the rows of the audit sample, in their order.

    Only audits ask these, except where a rare class is searched: then the strategy may ask them,
    too, and one that it has asked counts as audited once all before it are.
    """

    dataset: LabelledDataset
    name: str
    seed: int
    plan: Plan
    share: float
    audits: IntArray

    def ask(self, number: int, asked: IntArray, model: Predictor | None) -> IntArray:
        """Return the rows of round `number`: the strategy's picks, then the audits."""
        size = min(self.plan.batch, self.plan.labels - len(asked))
        waiting = self.audits[~np.isin(self.audits, asked)]
        due = audits_due(self.share, len(asked) + size) - audited_in_order(self.audits, asked)
        due = min(max(due, 0), len(waiting))
        taken = asked if self.searches else np.concatenate([asked, self.audits])
        free = np.setdiff1d(np.arange(len(self.dataset.X)), taken)
        # When the rest is used up, the audit reserve is asked, as in the app.
        wanted = min(size - due, len(free))
        picks = self._pick(number, wanted, free, asked, model)
        return np.concatenate([picks, waiting[~np.isin(waiting, picks)][: size - wanted]])

    @property
    def searches(self) -> bool:
        """Whether the strategy looks for a declared class."""
        return self.dataset.rare_class_declared and (
            self.name == "rare" or (self.name == "auto" and self.plan.hunts)
        )

    def _pick(
        self, number: int, wanted: int, free: IntArray, asked: IntArray, model: Predictor | None
    ) -> IntArray:
        dataset, strategy = self.dataset, self._strategy(asked)
        query = Query(
            strategy,
            dataset.space,
            wanted,
            len(dataset.X),
            round_seed(self.seed, number),
            dataset.rare_class if dataset.rare_class_declared else None,
        )
        proba = self._proba(strategy, free, asked, model)
        votes = self._votes(strategy, free, asked)
        relevance = self._relevance(query, free, asked)
        found = shortlist(query, free, proba, votes, relevance)
        spread, existing = self._spread(strategy, found.ids), self._spread(strategy, asked)
        labels = dataset.y[asked]
        candidates = to_candidates(query, found, spread, existing, labels)
        chosen = strategy.choose(candidates, wanted, np.random.default_rng(query.seed))
        picked: IntArray = found.ids[chosen.rows]
        return picked

    def _strategy(self, asked: IntArray) -> Strategy:
        seen, space = _classes_seen(self.dataset, asked), self.dataset.space
        return registry.resolve(
            self.name,
            len(asked),
            seen,
            space,
            fewest=registry.fewest_labels(space.class_counts(self.dataset.y[asked])),
            has_prior=self.dataset.prior is not None,
            hunts=self.searches,
        )

    def _proba(
        self, strategy: Strategy, free: IntArray, asked: IntArray, model: Predictor | None
    ) -> AnyArray | None:
        if not strategy.needs & {"proba", "committee"}:
            return None
        dataset = self.dataset
        proba = None if model is None else model.predict_proba(dataset.X)[free]
        is_known = proba is not None and not registry.is_early(len(asked), dataset.space.n_classes)
        if dataset.prior is None or is_known:
            return proba
        return with_prior(proba, dataset.prior[free], dataset.space)

    def _votes(self, strategy: Strategy, free: IntArray, asked: IntArray) -> AnyArray | None:
        if "committee" not in strategy.needs:
            return None
        X, y, space = self.dataset.X, self.dataset.y[asked], self.dataset.space
        members = committee.fit_committee(
            X.take(asked), y, space, seed=self.seed, texts=self.dataset.texts
        )
        return committee.predict_committee(members, X)[:, free]

    def _relevance(self, query: Query, free: IntArray, asked: IntArray) -> AnyArray | None:
        words = self.dataset.words
        if words is None or not query.searches:
            return None
        X = self.dataset.X
        found = fit_relevance(X.take(asked), words[asked], self.dataset.rare[asked])
        return None if found is None else found.rank(X.take(free), words[free])

    def _spread(self, strategy: Strategy, rows: IntArray) -> AnyArray:
        # Copies thousands of rows, which strategies that do not need them skip.
        if "features" not in strategy.needs:
            return np.zeros((len(rows), 0), dtype=np.float32)
        return self.dataset.X.take(rows).spread_block()


def _asker(dataset: LabelledDataset, name: str, seed: int, plan: Plan) -> _Asker:
    # `random` asks random items only: it needs no audits besides.
    share = 0.0 if name == RANDOM else plan.audit_share
    n = len(dataset.X)
    audits = audit_order(n, seed)[: int(np.ceil(share * n))]
    return _Asker(dataset, name, seed, plan, share, audits)


def _classes_seen(dataset: LabelledDataset, asked: IntArray) -> int:
    return len(dataset.space.classes_seen(dataset.y[asked]))


# Train and measure --------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Point:
    """Metrics after a batch."""

    labels: int
    accuracy: float
    macro_f1: float
    rare_found: float
    audited: int


def _learn(dataset: LabelledDataset, asked: IntArray, seed: int) -> Predictor | None:
    """Return the model of the labels so far; None where the app would not train one yet."""
    if not dataset.space.is_trainable(_classes_seen(dataset, asked)):
        return None
    X, y = dataset.X.take(asked), dataset.y[asked]
    return dataset.learner(X, y, dataset.space, seed=seed)


def _measure(
    dataset: LabelledDataset, model: Predictor | None, asked: IntArray, audits: IntArray
) -> _Point:
    rare_found = dataset.rare[asked].sum() / max(dataset.rare.sum(), 1)
    audited = audited_in_order(audits, asked)
    right, f1 = np.nan, np.nan
    if dataset.test is not None and dataset.truth is not None:
        said = _said(dataset, dataset.test, model, asked)
        right = float(dataset.space.is_same(said, dataset.truth).mean())
        f1 = macro_f1(dataset.truth, said, dataset.space)
    return _Point(len(asked), right, f1, float(rare_found), audited)


def _said(
    dataset: LabelledDataset, test: Features, model: Predictor | None, asked: IntArray
) -> IntArray:
    if model is None:
        # Only one class is labelled: predict it for everything.
        return np.repeat(dataset.y[asked[:1]], len(test), axis=0)
    return dataset.space.decide(model.predict_proba(test))


def _as_run(name: str, seed: int, points: list[_Point], asked: IntArray, seconds: float) -> Run:
    return Run(
        name,
        seed,
        labels=np.array([point.labels for point in points], dtype=np.int64),
        accuracy=np.array([point.accuracy for point in points]),
        macro_f1=np.array([point.macro_f1 for point in points]),
        rare_found=np.array([point.rare_found for point in points]),
        audited=np.array([point.audited for point in points], dtype=np.int64),
        asked=asked,
        seconds_per_round=seconds / len(points),
    )
