"""Registry of query strategies. It feeds the settings form, the docs and the contract test.

A strategy works in two steps. `score` runs on every shard of the pool; `top_k` keeps the best few
thousand. `choose` selects among those, so its cost does not depend on the size of the pool.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from numpy.typing import ArrayLike

from selection.core import hashing
from selection.core.arrays import FloatArray, IntArray
from selection.core.translation import gettext_noop
from selection.models import LabelSpace
from selection.strategies import batch
from selection.strategies import rare_class as rare
from selection.strategies.base import Scorer, Strategy, prefilter_size
from selection.strategies.batch import Picks
from selection.strategies.candidates import Candidates, Selection
from selection.strategies.explanations import explain

__all__ = [
    "STRATEGIES",
    "Candidates",
    "Selection",
    "Strategy",
    "explain",
    "fewest_labels",
    "is_early",
    "prefilter_size",
    "resolve",
]

# Labels per class below which the scores of another model tell more than one's own. Measured at 40
# and 100 labels on six text sets.
EARLY = 2
# Labels per class seen below which a batch is to stand for many items, and half of a batch while
# one class has fewer. Classes without a label do not count: one that never occurs in the pool would
# keep a project there for good. With 6 or 10, four kinds of news fell behind the closest calls at
# 40 labels.
FEW = 3
# Where a model is to label the rest. After 200 labels, 200 of these let it label 17 and 10 points
# more of the questions (at 5 and 10 % wrong) than the closest calls did, and 4 and 3 points more of
# the news. Items of which it is nearly sure, the closest to being left to it, brought less.
FINISH = "typical_margin"


def resolve(
    name: str,
    n_labelled: int,
    classes_seen: int,
    space: LabelSpace,
    *,
    fewest: int = FEW,
    has_prior: bool = False,
    hunts: bool = False,
    finishes: bool = False,
) -> Strategy:
    """Return the strategy that `name` means now. Raises ValueError for an unknown name.

    Nothing that needs probabilities runs before the label space is trainable: until then cluster
    seeds are asked. `auto` goes from there to typical items of uncertain clusters (fewer than 3
    labels per class seen), to both these and the closest calls (`fewest`, the labels of the class
    seen with the fewest, is below 3), to the closest calls. Where the recall of a rare class is
    the goal (`hunts`), `auto` searches for that class instead; where a model is to label the rest
    (`finishes`), it asks for typical items among the closest calls. Where the items came with
    scores of another model (`has_prior`), those stand in for probabilities from the second batch.

    >>> from selection.models import SingleLabel
    >>> [resolve("auto", n, seen, SingleLabel(4)).name for n, seen in [(0, 0), (7, 3), (400, 4)]]
    ['typical', 'uncertain_clusters', 'margin']
    >>> resolve("auto", 400, 4, SingleLabel(4), fewest=2).name
    'margin_clusters'
    >>> resolve("auto", 400, 4, SingleLabel(4), hunts=True).name
    'rare'
    """
    if name == "auto" and hunts:
        name = "rare"
    if name not in STRATEGIES:
        raise ValueError(f"no strategy is called {name!r}; there are {', '.join(STRATEGIES)}")
    strategy = STRATEGIES[name]
    ready = space.is_trainable(classes_seen)
    if has_prior and n_labelled and "committee" not in strategy.needs:
        ready = True
    if name == "auto" and ready and finishes:
        return STRATEGIES[FINISH]
    if name == "auto" and ready:
        return STRATEGIES[_phase(n_labelled, classes_seen, fewest)]
    if not ready and (name == "auto" or strategy.needs & {"proba", "committee"}):
        return STRATEGIES["typical"]
    return strategy


def fewest_labels(class_counts: Sequence[int]) -> int:
    """Return the labels of the class with the fewest; classes without any do not count.

    >>> fewest_labels([16, 0, 2]), fewest_labels([0, 0])
    (2, 0)
    """
    return min((count for count in class_counts if count), default=0)


def _phase(n_labelled: int, classes_seen: int, fewest: int) -> str:
    if n_labelled < FEW * classes_seen:
        return "uncertain_clusters"
    return "margin_clusters" if 0 < fewest < FEW else "margin"


def is_early(n_labelled: int, n_classes: int) -> bool:
    """Return whether there are too few labels per class for uncertainty to be informative.

    >>> is_early(7, 4), is_early(8, 4)
    (True, False)
    """
    return n_labelled < EARLY * n_classes


def _of(score: Callable[[LabelSpace, ArrayLike], FloatArray]) -> Scorer:
    def scorer(
        proba: ArrayLike, ids: IntArray, seed: int, *, space: LabelSpace, rare_class: int | None
    ) -> FloatArray:
        return score(space, proba)

    return scorer


_LEAST_CONFIDENT = _of(lambda space, proba: space.least_confident(proba))
_MARGIN = _of(lambda space, proba: space.margin(proba))
_ENTROPY = _of(lambda space, proba: space.entropy(proba))
_BALD = _of(lambda space, proba: space.bald(proba))


@_of
def _model_change(space: LabelSpace, proba: ArrayLike) -> FloatArray:
    # Features have length 1 here, so their length does not change the order.
    return space.expected_model_change(proba, np.zeros((len(np.asarray(proba)), 0)))


def _gumbel_weighted(
    proba: ArrayLike, ids: IntArray, seed: int, *, space: LabelSpace, rare_class: int | None
) -> FloatArray:
    weights = batch.doubt_weights(np.asarray(proba), space)
    return np.asarray(np.log(weights) + hashing.gumbel(ids, seed), dtype=np.float64)


def _anywhere(
    proba: ArrayLike, ids: IntArray, seed: int, *, space: LabelSpace, rare_class: int | None
) -> FloatArray:
    # The best are a random sample, in which clusters have the sizes that they have in the pool.
    space.check_proba(proba)
    return hashing.uniform(ids, seed)


def _rare(
    proba: ArrayLike, ids: IntArray, seed: int, *, space: LabelSpace, rare_class: int | None
) -> FloatArray:
    if rare_class is None:
        # Without a declared class, a rare class is found among the uncertain items.
        return space.least_confident(proba)
    return space.check_proba(proba)[:, rare_class]


def _auto(candidates: Candidates, k: int, rng: np.random.Generator) -> Picks:
    strategy = resolve(
        "auto",
        candidates.n_labelled,
        candidates.classes_seen if candidates.proba is not None else 0,
        candidates.space,
        fewest=FEW if candidates.class_counts is None else fewest_labels(candidates.class_counts),
    )
    return strategy.chooser(candidates, k, rng)


_MODEL = frozenset({"proba"})
_SPACE = frozenset({"features"})
_BOTH = _MODEL | _SPACE

_ALL = (
    Strategy(
        "auto",
        gettext_noop("Automatic"),
        gettext_noop(
            "Starts with typical items of different clusters, then selects typical items of "
            "uncertain clusters, then the most uncertain items; half of each while a label was "
            "given less than three times. If the target is the recall of a rare label, searches "
            "for that label instead."
        ),
        _BOTH,
        _MARGIN,
        _auto,
    ),
    Strategy(
        "uncertain_clusters",
        gettext_noop("Uncertain clusters"),
        gettext_noop(
            "Clusters the items and selects a typical one of each cluster without a label, first "
            "where the model is most uncertain in sum. Works well with few labels per class."
        ),
        _BOTH,
        _anywhere,
        batch.doubtful_clusters,
        covers=True,
    ),
    Strategy(
        "margin_clusters",
        gettext_noop("Margin and clusters"),
        gettext_noop(
            "Selects the items with the smallest margins for half of a batch, and typical items of "
            "uncertain clusters for the other half. Works well with labels of very different "
            "frequency."
        ),
        _BOTH,
        _MARGIN,
        batch.doubt_and_clusters,
        samples=True,
    ),
    Strategy(
        "typical_margin",
        gettext_noop("Representative margin sampling"),
        gettext_noop(
            "Clusters the items with the smallest margins and selects a typical one of each "
            "cluster. Works well with few labels per class."
        ),
        _BOTH,
        _MARGIN,
        batch.typical_doubt,
    ),
    Strategy(
        "margin_apart",
        gettext_noop("Diverse margin sampling"),
        gettext_noop(
            "Selects items with the smallest margin between the two most likely labels, and among "
            "them those that differ most from each other."
        ),
        _BOTH,
        _MARGIN,
        partial(batch.doubtful_apart, reason="margin-apart"),
    ),
    Strategy(
        "badge",
        gettext_noop("BADGE"),
        gettext_noop("Selects uncertain items whose gradients differ from each other."),
        _BOTH,
        _MARGIN,
        batch.badge,
    ),
    Strategy(
        "margin",
        gettext_noop("Margin sampling"),
        gettext_noop("Selects items with the smallest margin between the two most likely labels."),
        _MODEL,
        _MARGIN,
        partial(batch.top_k, reason="margin"),
    ),
    Strategy(
        "least_confident",
        gettext_noop("Least confidence"),
        gettext_noop("Selects items whose most likely label has the lowest probability."),
        _MODEL,
        _LEAST_CONFIDENT,
        partial(batch.top_k, reason="least-confident"),
    ),
    Strategy(
        "entropy",
        gettext_noop("Entropy sampling"),
        gettext_noop("Selects items with the highest entropy of the predicted probabilities."),
        _MODEL,
        _ENTROPY,
        partial(batch.top_k, reason="entropy"),
    ),
    Strategy(
        "cover_margin",
        gettext_noop("Uncertainty-weighted diversity"),
        gettext_noop(
            "Draws items far from all labelled ones, uncertain items more often. Works well with "
            "few labels."
        ),
        _BOTH,
        _gumbel_weighted,
        batch.covering_doubt,
        covers=True,
    ),
    Strategy(
        "cluster_margin",
        gettext_noop("Clustered uncertainty"),
        gettext_noop(
            "Clusters the uncertain items and selects the most uncertain of each cluster in turn."
        ),
        _BOTH,
        _MARGIN,
        batch.clustered_margin,
    ),
    Strategy(
        "typical",
        gettext_noop("Cluster representatives"),
        gettext_noop(
            "Clusters the items and selects a typical one of each cluster. Needs no model."
        ),
        _SPACE,
        None,
        batch.cluster_seeds,
        covers=True,
    ),
    Strategy(
        "kmeans",
        gettext_noop("k-means++ sampling"),
        gettext_noop("Draws items far from all labelled or selected ones. Needs no model."),
        _SPACE,
        None,
        batch.kmeans_pp,
        covers=True,
    ),
    Strategy(
        "coreset",
        gettext_noop("Core-set (farthest first)"),
        gettext_noop(
            "Selects the item farthest from all labelled or selected ones. Finds outliers."
        ),
        _SPACE,
        None,
        batch.k_center,
        covers=True,
    ),
    Strategy(
        "committee",
        gettext_noop("Query by committee (BALD)"),
        gettext_noop(
            "Trains several models on parts of the labels and selects items on which they "
            "disagree most."
        ),
        frozenset({"proba", "committee", "features"}),
        _BALD,
        partial(batch.doubtful_apart, reason="committee"),
    ),
    Strategy(
        "model_change",
        gettext_noop("Expected model change"),
        gettext_noop("Selects items whose label is expected to change the model most."),
        _MODEL,
        _model_change,
        partial(batch.top_k, reason="model-change"),
    ),
    Strategy(
        "balanced",
        gettext_noop("Class balancing"),
        gettext_noop("Selects uncertain items of the class with the fewest labels."),
        _MODEL,
        _MARGIN,
        batch.balanced,
        covers=True,
    ),
    Strategy(
        "rare",
        gettext_noop("Find a rare class"),
        gettext_noop(
            "Searches clusters of similar items until one item is found, then selects similar "
            "items, with some uncertain and some random ones."
        ),
        _BOTH | {"relevance"},
        _rare,
        rare.hunt,
        covers=True,
        floor=True,
    ),
    Strategy(
        "stochastic",
        gettext_noop("Uncertainty-weighted random sampling"),
        gettext_noop(
            "Draws items at random, uncertain ones more often, and records the exact probability."
        ),
        _MODEL,
        _gumbel_weighted,
        batch.gumbel,
    ),
    Strategy(
        "random",
        gettext_noop("Random sampling"),
        gettext_noop("Draws items at random: the baseline for all other strategies."),
        frozenset(),
        None,
        batch.random,
    ),
)

STRATEGIES: dict[str, Strategy] = {strategy.name: strategy for strategy in _ALL}
