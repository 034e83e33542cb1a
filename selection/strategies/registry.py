"""The registry: a name becomes a way of asking. It feeds the settings form and the tests.

A strategy works in two steps. `score` runs on every shard of the pool; `shards.best` and
`shards.merge` keep the best few thousand. `choose` picks from those, so whatever it costs, it
costs the same for a thousand items and for a million.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import ArrayLike

from selection import scores
from selection.core import hashing
from selection.core.arrays import FloatArray, as_proba
from selection.strategies import batch
from selection.strategies import rare_class as rare
from selection.strategies.base import Scorer, Strategy, prefilter_size
from selection.strategies.batch import Picks
from selection.strategies.candidates import Candidates, Selection
from selection.strategies.explanations import explain, gettext_noop

__all__ = [
    "STRATEGIES",
    "Candidates",
    "Selection",
    "Strategy",
    "explain",
    "is_early",
    "prefilter_size",
    "resolve",
]

# Labels per class below which the model's doubts mean little. Measured at 40 and 100 labels on six
# text sets: from two per class on, doubt beats cover.
EARLY = 2


def resolve(
    name: str,
    n_labelled: int,
    classes_seen: int,
    n_classes: int,
    *,
    multi_label: bool = False,
    has_prior: bool = False,
) -> Strategy:
    """Return the strategy that `name` means now. Raises ValueError for an unknown name.

    Nothing that needs probabilities runs before two classes are known (with several labels per
    item: one): until then cluster seeds are asked. `auto` goes from there to cover-plus-margin
    (fewer than 2 labels per class, or half the classes unknown) to the closest calls that are far
    apart. Where the items came with scores of another model (`has_prior`), those stand in for
    probabilities from the second batch on.

    >>> [resolve("auto", n, seen, 4).name for n, seen in [(0, 0), (7, 3), (400, 4)]]
    ['typical', 'cover_margin', 'margin_apart']
    """
    if name not in STRATEGIES:
        raise ValueError(f"no strategy is called {name!r}; there are {', '.join(STRATEGIES)}")
    strategy = STRATEGIES[name]
    ready = classes_seen >= (1 if multi_label else 2)
    if has_prior and n_labelled and "committee" not in strategy.needs:
        ready = True
    if name == "auto" and ready:
        early = is_early(n_labelled, n_classes) or 2 * classes_seen < n_classes
        return STRATEGIES["cover_margin" if early else "margin_apart"]
    if not ready and (name == "auto" or strategy.needs & {"proba", "committee"}):
        return STRATEGIES["typical"]
    return strategy


def is_early(n_labelled: int, n_classes: int) -> bool:
    """Tell whether there are too few labels per class for the model's doubts to mean much.

    >>> is_early(7, 4), is_early(8, 4)
    (True, False)
    """
    return n_labelled < EARLY * n_classes


def _of(score: Callable[..., FloatArray]) -> Scorer:
    def scorer(proba: ArrayLike, ids: object, seed: int, **options: object) -> FloatArray:
        return score(proba, multi_label=bool(options.get("multi_label")))

    return scorer


def _model_change(proba: ArrayLike, *, multi_label: bool) -> FloatArray:
    # All items have features of length 1 here, so their length changes no order.
    bare = np.zeros((len(np.asarray(proba)), 0))
    return scores.expected_model_change(proba, bare, multi_label=multi_label)


def _gumbel_weighted(proba: ArrayLike, ids: ArrayLike, seed: int, **options: object) -> FloatArray:
    multi_label = bool(options.get("multi_label"))
    weights = batch.doubt_weights(np.asarray(proba), multi_label=multi_label)
    return np.asarray(np.log(weights) + hashing.gumbel(ids, seed), dtype=np.float64)


def _rare(
    proba: ArrayLike,
    ids: ArrayLike,
    seed: int,
    *,
    multi_label: bool = False,
    rare_class: int | None = None,
) -> FloatArray:
    if rare_class is None:
        # Nobody said what is looked for yet: the doubtful ones are where a rare class hides.
        return scores.least_confident(proba, multi_label=multi_label)
    return as_proba(proba, multi_label=multi_label)[:, rare_class]


def _auto(candidates: Candidates, k: int, rng: np.random.Generator) -> Picks:
    strategy = resolve(
        "auto",
        candidates.n_labelled,
        candidates.classes_seen if candidates.proba is not None else 0,
        candidates.n_classes,
        multi_label=candidates.multi_label,
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
            "Starts with typical items of different clusters, then mixes diversity and "
            "uncertainty, then selects uncertain items that differ from each other."
        ),
        _BOTH,
        _of(scores.margin),
        _auto,
    ),
    Strategy(
        "margin_apart",
        gettext_noop("Diverse margin sampling"),
        gettext_noop(
            "Selects items with the smallest margin between the two most likely labels, and among "
            "them those that differ most from each other."
        ),
        _BOTH,
        _of(scores.margin),
        partial(batch.doubtful_apart, reason="margin-apart"),
    ),
    Strategy(
        "badge",
        gettext_noop("BADGE"),
        gettext_noop("Selects uncertain items whose gradients differ from each other."),
        _BOTH,
        _of(scores.margin),
        batch.badge,
    ),
    Strategy(
        "margin",
        gettext_noop("Margin sampling"),
        gettext_noop("Selects items with the smallest margin between the two most likely labels."),
        _MODEL,
        _of(scores.margin),
        partial(batch.top_k, reason="margin"),
    ),
    Strategy(
        "least_confident",
        gettext_noop("Least confidence"),
        gettext_noop("Selects items whose most likely label has the lowest probability."),
        _MODEL,
        _of(scores.least_confident),
        partial(batch.top_k, reason="least-confident"),
    ),
    Strategy(
        "entropy",
        gettext_noop("Entropy sampling"),
        gettext_noop("Selects items with the highest entropy of the predicted probabilities."),
        _MODEL,
        _of(scores.entropy),
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
        _of(scores.margin),
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
        _of(scores.bald),
        partial(batch.doubtful_apart, reason="committee"),
    ),
    Strategy(
        "model_change",
        gettext_noop("Expected model change"),
        gettext_noop("Selects items whose label is expected to change the model most."),
        _MODEL,
        _of(_model_change),
        partial(batch.top_k, reason="model-change"),
    ),
    Strategy(
        "balanced",
        gettext_noop("Class balancing"),
        gettext_noop("Selects uncertain items of the class with the fewest labels."),
        _MODEL,
        _of(scores.margin),
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
        _BOTH,
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
