"""Replay of the loop of labelling spans: the known spans answer what a strategy selects."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from selection.core.arrays import IntArray
from selection.core.hashing import hash_bits
from selection.spans.learning.choice import first_texts, select_spans
from selection.spans.learning.fitting import fit, is_trainable
from selection.spans.learning.inference import Rule
from selection.spans.learning.model import SUGGESTED, SpanPredictor
from selection.spans.quality.f1 import count_spans
from selection.spans.simulation.actions import actions_by_hand, actions_with, merge_suggestions
from selection.spans.simulation.dataset import LabelledTexts, SpanPlan, SpanRun
from selection.spans.text.auto_tag import AutoTag
from selection.spans.text.spans import Span
from selection.spans.text.tokens import tokens

RANDOM = "random"
STRATEGIES: dict[str, Rule | None] = {"auto": "entropy", "mnlp": "mnlp", RANDOM: None}
FIRST = 60  # sentences from clusters, before the model's doubt says anything
AUDIT_STREAM = 0x5EED


def replay_spans(
    dataset: LabelledTexts,
    name: str,
    seed: int,
    plan: SpanPlan,
    clock: Callable[[], float] = lambda: 0.0,
) -> SpanRun:
    """Return the run of strategy `name`, starting without labels.

    Each round is asked for, labelled with the suggestions of the model so far and of the auto-tag,
    which learns after each sentence, and learnt from. `clock` returns seconds, for what a round
    takes. Raises ValueError for an unknown strategy, or more sentences than there are.
    """
    if name not in STRATEGIES:
        raise ValueError(f"unknown strategy: {name}")
    if not 0 < plan.sentences <= len(dataset.texts):
        raise ValueError(f"{plan.sentences} sentences of {len(dataset.texts)}")
    run = _Run(dataset, name, seed, plan)
    started = clock()
    while len(run.asked) < plan.sentences:
        run.go_on()
    return run.result(clock() - started)


@dataclass
class _Run:
    dataset: LabelledTexts
    name: str
    seed: int
    plan: SpanPlan
    asked: list[int] = field(default_factory=list)
    audited: int = 0
    words: int = 0
    actions: int = 0
    by_hand: int = 0
    known: AutoTag = field(default_factory=AutoTag)
    model: SpanPredictor | None = None
    points: list[tuple[int, int, int, int, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        ids = np.arange(len(self.dataset.texts))
        share = 0.0 if self.name == RANDOM else self.plan.audit_share
        bits = hash_bits(ids, self.seed ^ AUDIT_STREAM)
        self.share, self.audits = share, np.argsort(bits, kind="stable").tolist()
        self.draws = np.argsort(hash_bits(ids, self.seed), kind="stable")

    def go_on(self) -> None:
        """Ask, label, learn and measure one round."""
        size = min(self.plan.batch, self.plan.sentences - len(self.asked))
        due = int(self.share * (len(self.asked) + size) + 1e-9) - self.audited
        asked = set(self.asked)
        audits = [row for row in self.audits if row not in asked][:due]
        picks = self._pick(size - len(audits), sorted(asked.union(audits)))
        self._label(picks, blind=False)
        self._label(audits, blind=True)
        self.audited += len(audits)
        self._learn()

    def result(self, seconds: float) -> SpanRun:
        """Return what was measured in that many seconds."""
        sentences, words, actions, by_hand, f1 = (
            np.array(each) for each in zip(*self.points, strict=True)
        )
        asked = np.array(self.asked, dtype=np.int64)
        each = seconds / len(self.points)
        return SpanRun(self.name, self.seed, sentences, words, actions, by_hand, f1, asked, each)

    def _pick(self, k: int, taken: Sequence[int]) -> IntArray:
        dataset = self.dataset
        free = np.setdiff1d(np.arange(len(dataset.texts)), taken)
        rule = STRATEGIES[self.name]
        if rule is None:
            return self.draws[np.isin(self.draws, free)][:k]
        vectors = dataset.vectors[free]
        seed = self.seed + len(self.asked)
        if self.model is None or len(self.asked) < FIRST:
            return free[first_texts(vectors, k, dataset.vectors[self.asked], seed)]
        scored = self.model.doubt([dataset.texts[row] for row in free]).scores(rule)
        return free[select_spans(scored, free, vectors, k, seed=seed, rule=rule)]

    def _label(self, rows: Sequence[int] | IntArray, *, blind: bool) -> None:
        texts = [self.dataset.texts[row] for row in rows]
        model = self.model.predict(texts, SUGGESTED) if self.model else [[] for _ in texts]
        for row, text, said in zip(rows, texts, model, strict=True):
            truth = self.dataset.spans[row]
            by_hand = actions_by_hand(truth)
            found = merge_suggestions(said, self.known.suggest(text))
            self.by_hand += by_hand
            self.actions += by_hand if blind else actions_with([s.span for s in found], truth)
            self.words += len(tokens(text))
            self.known.learn(text, truth)
            self.asked.append(int(row))

    def _learn(self) -> None:
        dataset = self.dataset
        spans: list[Sequence[Span]] = [dataset.spans[row] for row in self.asked]
        f1 = 0.0
        if is_trainable(spans):
            texts = [dataset.texts[row] for row in self.asked]
            self.model = fit(texts, spans, dataset.labels, seed=self.seed, lexicon=dataset.lexicon)
            said = self.model.predict(dataset.test_texts)
            f1 = count_spans(dataset.test_spans, [[s.span for s in each] for each in said]).f1
        self.points.append((len(self.asked), self.words, self.actions, self.by_hand, f1))
