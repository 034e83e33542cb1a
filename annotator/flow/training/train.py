"""Train: labels become a model.

Each function below is one stage. It claims its row, does its work, and hands the row on; a second
worker with the same wake-up finds nothing to claim.
"""

import hashlib
import time
from typing import TYPE_CHECKING, Any

from django.db import transaction

from annotator import tasktypes
from annotator.flow.labels import naming
from annotator.flow.progress import deliverable, spending
from annotator.flow.training import span_rounds, zero_shot
from annotator.jobs.runner import job
from annotator.models import FeatureSpace, Label, ModelVersion, Round, RoundShard
from annotator.pool import (
    documents,
    feature_store,
    label_texts,
    model_files,
    training_set,
    words,
)
from annotator.storage import arrays as storage_arrays

if TYPE_CHECKING:
    from selection.models import LabelSpace
    from selection.models.label_texts import LabelTexts


# Train -------------------------------------------------------------------------------------------


@job(Round, stage=Round.Stage.TRAIN, space__state=FeatureSpace.State.DONE)
def train(round_: Round) -> Round:
    """Fit the model on all labels, and create the scoring shards."""
    started = time.perf_counter()
    feature_store.check_encoder(round_.space)
    is_of_classes = tasktypes.of(round_.project).answer.of_classes
    phase, version = (_learn if is_of_classes else span_rounds.learn)(round_)
    with transaction.atomic():
        round_.hand_on(
            stage=Round.Stage.SCORE,
            model=_store_version(round_, version),
            phase=phase,
            label_texts=label_texts.digest(naming.labels_of(round_.project)),
            timings={"train": seconds_since(started)},
        )
        RoundShard.objects.bulk_create(
            [RoundShard(round=round_, shard=shard) for shard in round_.space.shards.all()],
            ignore_conflicts=True,
        )
    return round_


def _learn(round_: Round) -> tuple[str, ModelVersion | None]:
    """Return the name of the strategy of the round, and its model if the labels allow one."""
    from selection.models import logistic
    from selection.strategies import registry

    labels = naming.labels_of(round_.project)
    keys = [label.pk for label in labels]
    known, spent = spending.read_with(
        round_.project, lambda: training_set.load_training_set(round_.project, round_.space, keys)
    )
    texts = label_texts.make(round_.space, labels)
    strategy = registry.resolve(
        round_.strategy,
        len(known),
        known.classes_seen,
        known.label_space,
        fewest=registry.fewest_labels(known.label_space.class_counts(known.y)),
        has_prior=documents.has_suggestions(round_.project)
        or zero_shot.starts(texts, labels, round_.space, known),
        hunts=round_.project.hunts,
        finishes=deliverable.finish_threshold(round_.project) is not None,
    )
    version = None
    if known.is_trainable:
        features = feature_store.gather(round_.space, known.positions)
        seed = round_.project.seed
        model = logistic.fit(features, known.y, known.label_space, seed=seed, texts=texts)
        version = _save_model(round_, labels, known, model, features)
        version.measured = {"spent": spent}
        if "committee" in strategy.needs:
            version.params["committee"] = _save_committee(round_, features, known, texts)
        if "relevance" in strategy.needs:
            version.params |= _save_relevance(round_, features, known)
    return strategy.name, version


def _save_model(
    round_: Round,
    labels: list[Label],
    known: training_set.TrainingSet,
    model: Any,
    features: Any,
) -> ModelVersion:
    path = model_files.model_path(round_.project_id, round_.number)
    counts = known.label_space.class_counts(known.y)
    return ModelVersion(
        project=round_.project,
        number=round_.number,
        space=round_.space,
        labels=[label.pk for label in labels],
        trained_on=len(known),
        seen={str(label.pk): n for label, n in zip(labels, counts, strict=True)},
        path=path.name,
        sha256=storage_arrays.save_npz(path, model.to_arrays()),
        snapshot=_snapshot(known),
        params={
            "seed": round_.project.seed,
            "recipe": round_.space.recipe,
            "block_weights": _weights_of(model, features),
            "leans_on": _shares_of(model, features),
        },
    )


def _weights_of(model: Any, features: Any) -> dict[str, float]:
    """Return what each block that is there counts for in the model."""
    return {name: float(getattr(model.weights, name)) for name in model.weights.present(features)}


def _shares_of(model: Any, features: Any) -> dict[str, float]:
    """Return the share of each block in the scores of the model."""
    from selection.models.reliance import reliance

    return {name: round(share, 4) for name, share in reliance(model, features).items()}


def _save_committee(
    round_: Round, features: Any, known: training_set.TrainingSet, texts: "LabelTexts | None"
) -> str:
    from selection.models import committee

    members = committee.fit_committee(
        features, known.y, known.label_space, seed=round_.project.seed, texts=texts
    )
    arrays = {
        f"{number}.{name}": array
        for number, member in enumerate(members)
        for name, array in member.to_arrays().items()
    }
    return storage_arrays.save_npz(
        model_files.committee_path(round_.project_id, round_.number), arrays
    )


def _save_relevance(
    round_: Round, features: Any, known: training_set.TrainingSet
) -> dict[str, str]:
    """Store the model of what has the rare label; return its checksum, {} without a model."""
    from selection.models import relevance

    wanted = rare_class(round_)
    pool = None if wanted is None else words.load_words(round_.space)
    if wanted is None or pool is None:
        return {}
    marks = known.label_space.has_class(known.y, wanted)
    found = relevance.fit_relevance(features, pool[known.positions], marks)
    if found is None:
        return {}
    path = model_files.relevance_path(round_.project_id, round_.number)
    return {"relevance": storage_arrays.save_npz(path, found.to_arrays())}


def _snapshot(known: training_set.TrainingSet) -> str:
    digest = hashlib.sha256(known.positions.tobytes())
    digest.update(known.y.tobytes())
    return digest.hexdigest()


def _store_version(round_: Round, version: ModelVersion | None) -> ModelVersion | None:
    """Store the model's row, or update the one that an earlier attempt left."""
    if version is None:
        return None
    fields = {
        name: getattr(version, name)
        for name in [
            "space",
            "labels",
            "trained_on",
            "seen",
            "path",
            "sha256",
            "snapshot",
            "params",
            "measured",
        ]
    }
    stored, _made = ModelVersion.objects.update_or_create(
        project=round_.project, number=version.number, defaults=fields
    )
    return stored


def rare_class(round_: Round) -> int | None:
    """Return the class number of the rare label, None without one."""
    wanted = round_.project.rare_label_id
    pks = [] if wanted is None else [label.pk for label in classes_of(round_)]
    return pks.index(wanted) if wanted in pks else None


def label_space_of(round_: Round) -> "LabelSpace":
    """Return the label space over the model's classes, or the project's without a model."""
    n_classes = len(classes_of(round_))
    return training_set.label_space(round_.project, n_classes)


def classes_of(round_: Round) -> list[Label]:
    """Return the labels in the order of the model's classes, deleted ones included."""
    labels = {label.pk: label for label in naming.labels_of(round_.project)}
    if round_.model is None:
        return list(labels.values())
    return [labels.get(pk, Label(name="")) for pk in round_.model.labels]


def seconds_since(started: float) -> float:
    return round(time.perf_counter() - started, 3)
