"""Select the picks of a round from the candidates of all shards."""

import math
import time
from typing import TYPE_CHECKING, Any

import numpy as np
from django.utils import timezone
from numpy.typing import NDArray

from annotator import tasktypes
from annotator.flow.labels import naming
from annotator.flow.queue.payload import OF_LABEL_TEXTS
from annotator.flow.training import confident_items, span_rounds, zero_shot
from annotator.flow.training.score import candidates_path, histogram, query_of
from annotator.flow.training.train import classes_of, label_space_of, rare_class, seconds_since
from annotator.jobs.runner import job
from annotator.models import FeatureSpace, Label, Round
from annotator.pool import feature_store, model_files, training_set

if TYPE_CHECKING:
    from selection.models import LabelSpace
    from selection.strategies.candidates import Candidates
    from selection.strategies.shortlist import Query, Shortlist

# Select ------------------------------------------------------------------------------------------


@job(Round, stage=Round.Stage.SELECT, space__state=FeatureSpace.State.DONE)
def select(round_: Round) -> Round:
    """Select the picks among the candidates of all shards."""
    started = time.perf_counter()
    if tasktypes.of(round_.project).answer.of_classes:
        picks, distribution = _pick(round_)
    else:
        picks, distribution = span_rounds.pick(round_), {}
    scored = (timezone.now() - round_.created_at).total_seconds() - seconds_since(started)
    timings = {**round_.timings, "select": seconds_since(started)}
    timings["score"] = round(max(scored - timings.get("train", 0.0), 0.0), 3)
    round_.hand_on(
        stage=Round.Stage.REFILL, picks=picks, timings=timings, distribution=distribution
    )
    return round_


def _pick(round_: Round) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Return the picks by the classes of the items, and how the uncertainty is distributed."""
    question, labels = query_of(round_), classes_of(round_)
    found = _merge(round_, question)
    chosen = question.strategy.choose(
        _to_candidates(round_, question, found, labels),
        question.wanted,
        np.random.default_rng(question.seed),
    )
    picks = _picks(round_, found, chosen, labels)
    confident_items.merge_round(round_, question.seed)
    return picks, _whole_distribution(round_, found, chosen)


def _merge(round_: Round, question: "Query") -> "Shortlist":
    from selection.strategies import shortlist

    parts = [
        model_files.load_found(each, candidates_path(each), "candidates")
        for each in round_.shards.select_related("round", "shard")
    ]
    return shortlist.merge_shortlists(
        question, [shortlist.Shortlist.from_arrays(each) for each in parts]
    )


def _to_candidates(
    round_: Round, question: "Query", found: "Shortlist", labels: list[Label]
) -> "Candidates":
    from selection.strategies import shortlist

    known = training_set.load_training_set(
        round_.project, round_.space, [label.pk for label in labels]
    )
    return shortlist.to_candidates(
        question,
        found,
        feature_store.gather(round_.space, found.ids).spread_block(),
        feature_store.gather(round_.space, known.positions).spread_block(),
        known.y,
    )


def _picks(
    round_: Round, found: "Shortlist", chosen: Any, labels: list[Label]
) -> list[dict[str, Any]]:
    picks = []
    names = [naming.mark(label) for label in labels]
    space = training_set.label_space(round_.project, len(labels))
    origin = {} if zero_shot.judge(round_) is None else OF_LABEL_TEXTS
    rows = zip(chosen.rows, chosen.scores, chosen.probability, chosen.reasons, strict=True)
    for row, score, probability, reason in rows:
        proba = None if found.proba is None else found.proba[row]
        picks.append(
            {
                "position": int(found.ids[row]),
                "score": _number(score),
                "probability": _number(probability),
                "reason": reason,
                "why": _why(round_, space, reason, score, proba, names),
                "suggestion": _suggestion(space, proba, labels, origin),
            }
        )
    return picks


def _why(
    round_: Round,
    space: "LabelSpace",
    reason: str,
    score: float,
    proba: NDArray[np.float32] | None,
    names: list[str],
) -> str:
    from selection.strategies import registry

    return registry.explain(
        reason,
        float(score),
        proba,
        names,
        space,
        rare_class=rare_class(round_),
    )[:500]


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _suggestion(
    space: "LabelSpace",
    proba: NDArray[np.float32] | None,
    labels: list[Label],
    origin: dict[str, str],
) -> dict[str, Any] | None:
    """Return the most likely labels of an item; None if one of them is deleted.

    `origin` tells of suggestions that are not a model's.
    """
    if proba is None:
        return None
    likely, sure = space.suggestion(proba)
    refs = [labels[index].pk for index in likely]
    return None if None in refs else {"labels": refs, "confidence": round(sure, 4), **origin}


def _whole_distribution(round_: Round, found: "Shortlist", chosen: Any) -> dict[str, Any]:
    if found.proba is None:
        return {}
    shards = [shard for shard in round_.shards.all() if shard.histogram]
    if not shards:
        # Every item is labelled or leased.
        return {}
    torn = label_space_of(round_).uncertainty(found.proba[chosen.rows])
    return {
        "pool": [int(n) for n in np.sum([shard.histogram for shard in shards], axis=0)],
        "picks": histogram(torn),
        "predicted": [int(n) for n in np.sum([shard.predicted for shard in shards], axis=0)],
    }
