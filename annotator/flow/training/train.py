"""Train: labels become a model.

Each function below is one stage. It claims its row, does its work, and hands the row on; a second
worker with the same wake-up finds nothing to claim.
"""

import hashlib
import time
from typing import TYPE_CHECKING, Any

from django.db import transaction

from annotator.flow.progress import spending
from annotator.flow.training import zero_shot
from annotator.jobs.runner import job
from annotator.models import FeatureSpace, Label, ModelVersion, Round, RoundShard
from annotator.pool import documents, feature_store, label_texts, model_files, training_set
from annotator.storage import arrays as storage_arrays

if TYPE_CHECKING:
    from selection.models import LabelSpace
    from selection.models.label_texts import LabelTexts


# Train -------------------------------------------------------------------------------------------


@job(Round, stage=Round.Stage.TRAIN, space__state=FeatureSpace.State.DONE)
def train(round_: Round) -> Round:
    """Fit the model on all labels, and create the scoring shards."""
    from selection.models import logistic
    from selection.strategies import registry

    started = time.perf_counter()
    feature_store.check_encoder(round_.space)
    labels = list(round_.project.labels.all())
    keys = [label.pk for label in labels]
    known, spent = spending.read_with(
        round_.project, lambda: training_set.load_training_set(round_.project, round_.space, keys)
    )
    texts = label_texts.make(round_.space, labels)
    strategy = registry.resolve(
        round_.strategy,
        len(known),
        known.seen,
        known.label_space,
        has_prior=documents.has_suggestions(round_.project)
        or zero_shot.starts(texts, labels, round_.space, known),
        hunts=round_.project.hunts,
    )
    version = None
    if known.teaches:
        features = feature_store.gather(round_.space, known.positions)
        seed = round_.project.seed
        model = logistic.fit(features, known.y, known.label_space, seed=seed, texts=texts)
        version = _save_model(round_, labels, known, model, features)
        version.measured = {"spent": spent}
        if "committee" in strategy.needs:
            version.params["committee"] = _save_committee(round_, features, known, texts)
    with transaction.atomic():
        round_.hand_on(
            stage=Round.Stage.SCORE,
            model=_store_version(round_, version),
            phase=strategy.name,
            label_texts=label_texts.digest(labels),
            timings={"train": seconds_since(started)},
        )
        RoundShard.objects.bulk_create(
            [RoundShard(round=round_, shard=shard) for shard in round_.space.shards.all()],
            ignore_conflicts=True,
        )
    return round_


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
    n_classes = round_.project.labels.count() if round_.model is None else len(round_.model.labels)
    return training_set.label_space(round_.project, n_classes)


def classes_of(round_: Round) -> list[Label]:
    """Return the labels in the order of the model's classes, deleted ones included."""
    labels = {label.pk: label for label in round_.project.labels.all()}
    if round_.model is None:
        return list(labels.values())
    return [labels.get(pk, Label(name="")) for pk in round_.model.labels]


def seconds_since(started: float) -> float:
    return round(time.perf_counter() - started, 3)
