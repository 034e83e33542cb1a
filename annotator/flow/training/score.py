"""Score the pool: the model judges each shard and keeps the best candidates."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from annotator import tasktypes
from annotator.flow.progress import deliverable
from annotator.flow.queue import refill
from annotator.flow.training import confident_items, pool_predictions, span_rounds, zero_shot
from annotator.flow.training.train import classes_of, label_space_of, rare_class
from annotator.jobs.runner import job
from annotator.models import FeatureSpace, Round, RoundShard
from annotator.pool import delivery_regions, documents, feature_store, model_files, words
from annotator.storage import arrays as storage_arrays

if TYPE_CHECKING:
    from selection.models import LabelSpace
    from selection.strategies.shortlist import Query

BINS = 20


# Score -------------------------------------------------------------------------------------------


@job(RoundShard, round__stage=Round.Stage.SCORE, round__space__state=FeatureSpace.State.DONE)
def score_shard(scoring: RoundShard) -> Round | None:
    """Score one shard and store its candidates; return the round if it was the last shard."""
    from selection.strategies import shortlist

    round_ = scoring.round
    mask = _candidates(round_, scoring)
    if not tasktypes.of(round_.project).answer.of_classes:
        scoring.finish(**span_rounds.score(scoring, np.flatnonzero(mask)))
        return close_scoring(round_)
    whole = _proba(round_, scoring)
    free = np.flatnonzero(mask & ~_sure_enough(round_, whole, len(mask)))
    proba = None if whole is None else whole[free]
    initial = zero_shot.proba(scoring)
    votes = _votes(round_, scoring, free)
    judged = _doubted(round_, scoring, free, proba if initial is None else initial[free])
    question, ids = query_of(round_), free + scoring.shard.start
    relevance = _relevance(round_, scoring, free)
    found = shortlist.shortlist(question, ids, judged, votes, relevance)
    stored = {"candidates": storage_arrays.save_npz(candidates_path(scoring), found.to_arrays())}
    stored |= confident_items.store_shard(scoring, ids, proba, question.seed)
    stored |= pool_predictions.store_shard(scoring, whole)
    distribution = pool_distribution(label_space_of(round_), _rest(round_, scoring, whole))
    scoring.finish(checksums=stored, **distribution)
    return close_scoring(round_)


def _candidates(round_: Round, scoring: RoundShard) -> NDArray[np.bool_]:
    """Return a mask of the items that may be selected: none that a delivery leaves to the model."""
    free = feature_store.candidate_mask(round_.project, scoring.shard)
    span = scoring.shard.start, scoring.shard.stop
    free[delivery_regions.left_to_the_model(round_.project, *span) - scoring.shard.start] = False
    return free


def _sure_enough(round_: Round, whole: NDArray[np.float32] | None, size: int) -> NDArray[np.bool_]:
    """Return a mask (size,) of the items that finish mode leaves to the model."""
    threshold = None if whole is None else deliverable.finish_threshold(round_.project)
    if whole is None or threshold is None:
        return np.zeros(size, dtype=bool)
    return np.asarray(label_space_of(round_).confidence(whole) >= threshold)


def close_scoring(round_: Round) -> Round | None:
    """Advance the round once all its shards are scored; only one caller gets it back."""
    if round_.shards.exclude(state=RoundShard.State.DONE).exists():
        return None
    moved = Round.objects.filter(pk=round_.pk, stage=Round.Stage.SCORE, state=Round.State.QUEUED)
    return round_ if moved.update(stage=Round.Stage.SELECT) else None


def _proba(round_: Round, scoring: RoundShard) -> NDArray[np.float32] | None:
    if round_.model is None:
        return None
    features = feature_store.load_features(scoring.shard)
    model = model_files.load_model(round_.model)
    return np.asarray(model.predict_proba(features))


def _rest(
    round_: Round, scoring: RoundShard, whole: NDArray[np.float32] | None
) -> NDArray[np.float32] | None:
    """Return the predictions for all unlabelled items, including those no strategy may select."""
    return (
        None
        if whole is None
        else whole[feature_store.unlabelled_mask(round_.project, scoring.shard)]
    )


def _doubted(
    round_: Round, scoring: RoundShard, free: NDArray[np.int64], proba: NDArray[np.float32] | None
) -> NDArray[np.float32] | None:
    """Return the scores for the strategy: at first imported suggestions, then `proba`.

    Undecided rows where it needs scores and there are none, as those of texts that changed since.
    """
    from selection.strategies.prior import with_prior
    from selection.strategies.registry import STRATEGIES, is_early

    labels, project = classes_of(round_), round_.project
    is_known = round_.model is not None and not is_early(round_.model.trained_on, len(labels))
    judges = "proba" in STRATEGIES[round_.phase].needs
    if is_known or not judges:
        return proba
    if not documents.has_suggestions(project):
        return _undecided(round_, len(free)) if proba is None else proba
    prior = documents.suggested_proba(project, scoring.shard, [label.pk for label in labels])
    return with_prior(proba, prior[free], label_space_of(round_))


def _undecided(round_: Round, n: int) -> NDArray[np.float32]:
    space = label_space_of(round_)
    return np.full((n, space.n_classes), space.undecided, dtype=np.float32)


def _votes(round_: Round, scoring: RoundShard, free: NDArray[np.int64]) -> Any:
    """Return the committee's votes, if the strategy uses a committee."""
    from selection.models.committee import predict_committee
    from selection.strategies.registry import STRATEGIES

    if round_.model is None or "committee" not in STRATEGIES[round_.phase].needs:
        return None
    members = model_files.load_committee(round_.model)
    return predict_committee(members, feature_store.load_features(scoring.shard))[:, free]


def _relevance(
    round_: Round, scoring: RoundShard, free: NDArray[np.int64]
) -> NDArray[np.float64] | None:
    """Return how relevant the free items are likely to be, where a label is searched for."""
    model = None if round_.model is None else model_files.load_relevance(round_.model)
    pool = None if model is None else words.load_words(round_.space)
    if model is None or pool is None:
        return None
    features = feature_store.load_features(scoring.shard).take(free)
    return model.rank(features, pool[free + scoring.shard.start])


def pool_distribution(space: "LabelSpace", proba: NDArray[np.float32] | None) -> dict[str, Any]:
    """Return the uncertainty histogram and predicted class counts; {} without `proba`."""
    if proba is None or not len(proba):
        return {}
    return {
        "histogram": histogram(space.uncertainty(proba)),
        "predicted": space.class_counts(space.decide(proba)),
    }


def histogram(uncertainty: NDArray[np.float64]) -> list[int]:
    counts, _edges = np.histogram(np.clip(uncertainty, 0.0, 1.0), bins=BINS, range=(0.0, 1.0))
    return [int(n) for n in counts]


def candidates_path(scoring: RoundShard) -> Any:
    folder = model_files.round_folder(scoring.round.project_id, scoring.round.number)
    return folder / f"{scoring.shard.number:05d}.npz"


def query_of(round_: Round) -> "Query":
    from selection.strategies.registry import STRATEGIES
    from selection.strategies.shortlist import Query, round_seed

    return Query(
        STRATEGIES[round_.phase],
        label_space_of(round_),
        wanted=round_.project.batch_size * refill.BATCHES_AHEAD,
        pool_items=round_.space.items,
        seed=round_seed(round_.project.seed, round_.number),
        rare_class=rare_class(round_),
    )
