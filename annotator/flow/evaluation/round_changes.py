"""Changes of a round: accuracy on shared audit items, and predictions in the pool.

Predictions for the audit items are stored with the round's candidates. They are compared with the
current labels, since an audit item may have been corrected meanwhile.
"""

from dataclasses import asdict
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annotator.models import Round
from annotator.pool import feature_store, model_files, training_set
from annotator.storage import arrays as storage_arrays

SAMPLE = 1000
LOOK_BACK = 4


def store_audit_predictions(
    round_: Round,
    positions: NDArray[np.int64],
    said: NDArray[np.bool_],
    truth: NDArray[np.bool_],
    proba: NDArray[np.floating[Any]],
    keys: NDArray[np.int64],
) -> str:
    """Store the predictions (n, C) for the audits at `positions` (n,), and return the checksum.

    The file also holds what `audit_judgements` returns: whether each was right, the model's
    confidence, and each item's place in audit order, whose `keys` (n,) are given.
    """
    labels = round_.model.labels if round_.model else []
    sure = training_set.label_space(round_.project, len(labels)).confidence(proba)
    places = np.argsort(np.argsort(keys, kind="stable"), kind="stable")
    arrays = {
        "positions": positions,
        "said": said,
        "truth": truth,
        "sure": sure.astype(np.float32),
        "places": places.astype(np.int64),
        "labels": np.array(labels, dtype=np.int64),
    }
    return storage_arrays.save_npz(
        model_files.audits_path(round_.project_id, round_.number), arrays
    )


def accuracy_change(
    round_: Round, positions: NDArray[np.int64], truth: NDArray[np.bool_], said: NDArray[np.bool_]
) -> dict[str, Any] | None:
    """Return the change of accuracy since the previous round, with its interval.

    Computed on the audits that both have, each judged by a model not trained on it; None without
    any.
    """
    from selection.evaluation import per_class

    before = _before(round_)
    if before is None or round_.model is None:
        return None
    _both, now, then = np.intersect1d(positions, before["positions"], return_indices=True)
    old = _as_columns(before["said"][then], before["labels"], round_.model.labels)
    right = (said[now] == truth[now]).all(axis=1)
    was_right = (old == truth[now]).all(axis=1)
    found = per_class.change(was_right, right)
    return None if found is None else asdict(found)


def prediction_change(round_: Round) -> dict[str, Any]:
    """Return the prediction churn of this model on a fixed sample of the pool.

    Compared with earlier models on the same features: `share` of the sample whose prediction
    changed since the last one, and Cohen's kappa of each consecutive pair, newest last.
    """
    from selection.agreement.coefficients import cohen_kappa

    models = _models_alike(round_)
    if len(models) < 2:
        return {}
    said = _predictions(round_, models)
    kappas = [cohen_kappa(a.ravel(), b.ravel()) for a, b in pairwise(said)]
    moved = (said[-1] != said[-2]).reshape(len(said[-1]), -1).any(axis=1)
    return {"share": float(moved.mean()), "n": len(moved), "kappas": [float(k) for k in kappas]}


def sample_positions(seed: int, items: int) -> NDArray[np.int64]:
    """Return the positions of a fixed random sample of the first `items` items, in order."""
    drawn = np.random.default_rng(seed).choice(items, min(SAMPLE, items), replace=False)
    return np.sort(drawn).astype(np.int64)


def _models_alike(round_: Round) -> list[Any]:
    """Return the round's model and earlier ones on the same features, oldest first.

    Earlier models that were removed or damaged are left out.
    """
    if round_.model is None:
        return []
    before = round_.project.models.filter(
        number__lte=round_.model.number, space=round_.model.space_id, labels=round_.model.labels
    )
    older = list(before.exclude(pk=round_.model.pk).order_by("-number")[: LOOK_BACK - 1])[::-1]
    models = [model_files.find_model(version) for version in older]
    return [*(model for model in models if model is not None), model_files.load_model(round_.model)]


def _predictions(round_: Round, models: list[Any]) -> list[NDArray[np.int64]]:
    features = feature_store.gather(
        round_.space, sample_positions(round_.project.seed, round_.space.items)
    )
    said = []
    for model in models:
        said.append(model.space.decide(model.predict_proba(features)))
    return said


def _as_columns(
    said: NDArray[np.bool_], labels: NDArray[np.int64], wanted: list[int]
) -> NDArray[np.bool_]:
    """Return the predictions `said` with a column for each of `wanted`; zeros if unknown."""
    columns = {int(label): column for column, label in enumerate(labels)}
    found = np.zeros((len(said), len(wanted)), dtype=bool)
    for place, label in enumerate(wanted):
        if label in columns:
            found[:, place] = said[:, columns[label]]
    return found


def _before(round_: Round) -> dict[str, NDArray[Any]] | None:
    done = round_.project.rounds.filter(
        number__lt=round_.number, state=Round.State.DONE, model__isnull=False
    )
    last = done.first()
    if last is None:
        return None
    return storage_arrays.find_npz(model_files.audits_path(round_.project_id, last.number))
