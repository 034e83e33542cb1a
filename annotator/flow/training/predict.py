"""Predictions of the current model for documents in a request, or for items of the project."""

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annotator import tasktypes
from annotator.errors import Conflict, Invalid
from annotator.flow.labels import naming
from annotator.flow.training import span_rounds
from annotator.jobs import damaged_files
from annotator.models import FeatureShard, Item, ModelVersion, Project
from annotator.pool import feature_store, model_files, new_vectors, training_set
from annotator.storage import checksums

MODELS_TRIED = 3

log = logging.getLogger(__name__)


def predict(
    project: Project, documents: list[Any], vectors: list[list[float] | None] | None = None
) -> tuple[ModelVersion, list[dict[str, Any]]]:
    """Return the current model and its predictions: label names and their probabilities.

    A document that is an `Item` is one of the project. `vectors` has one for each document, or
    none, where the project's vectors came with its items.
    """
    if not tasktypes.of(project).answer.of_classes:
        return _predict_spans(project, _contents(project, documents))
    version, encoder, model = _usable_model(project)
    proba = np.zeros((len(documents), len(version.labels)))
    stored = [row for row, each in enumerate(documents) if _has_features(version, each)]
    if stored:
        positions = np.array([documents[row].position for row in stored], dtype=np.int64)
        proba[stored] = model.predict_proba(feature_store.gather(version.space, positions))
    if fresh := sorted(set(range(len(documents))) - set(stored)):
        own = [(vectors or [None] * len(documents))[row] for row in fresh]
        if any(each is not None for each in own):
            encoder = new_vectors.given(version.space, encoder, own)
        contents = _contents(project, [documents[row] for row in fresh])
        proba[fresh] = model.predict_proba(encoder.transform(contents))
    there = {label.pk: label.name for label in naming.labels_of(project)}
    # A label deleted since is no valid answer.
    columns = [column for column, pk in enumerate(version.labels) if pk in there]
    names = [there[version.labels[column]] for column in columns]
    return version, [_prediction(project, row[columns], names) for row in proba]


def items_by_id(project: Project, pks: Sequence[int]) -> dict[int, Item]:
    """Return the items of the project that have these ids; Invalid names one that it lacks."""
    found: dict[int, Item] = Item.objects.present(project).in_bulk(pks)
    for pk in pks:
        if pk not in found:
            raise Invalid("predict_unknown_item", field="items", item=pk)
    return found


def _has_features(version: ModelVersion, document: Any) -> bool:
    """Return whether the document is an item whose features are there already."""
    if not isinstance(document, Item):
        return False
    shards = version.space.shards.all()
    return any(
        shard.state == FeatureShard.State.DONE and shard.start <= document.position < shard.stop
        for shard in shards
    )


def _contents(project: Project, documents: list[Any]) -> list[Any]:
    """Return the documents with each item as what the encoders read of it."""
    pks = [each.pk for each in documents if isinstance(each, Item)]
    rows = Item.objects.filter(pk__in=pks).order_by("pk")
    read = iter(tasktypes.of(project).media.documents(rows)) if pks else iter(())
    of = dict(zip(sorted(set(pks)), read, strict=True))
    return [of[each.pk] if isinstance(each, Item) else each for each in documents]


def _predict_spans(project: Project, texts: list[Any]) -> tuple[ModelVersion, list[dict[str, Any]]]:
    version = project.models.first()
    if version is None:
        raise Conflict("no_model")
    try:
        found = span_rounds.predict(project, version, texts)
    except checksums.Corrupt as problem:
        raise Conflict("no_model", detail=damaged_files.repair(problem).words) from problem
    return version, [naming.named(project, each) or {} for each in found]


def _usable_model(project: Project) -> tuple[ModelVersion, Any, Any]:
    """Return the newest model whose files and encoder are intact."""
    damage = ""
    for version in project.models.all()[:MODELS_TRIED]:
        try:
            return (
                version,
                model_files.load_encoder(version.space_id),
                model_files.load_model(version),
            )
        except checksums.Corrupt as problem:
            log.error("model %s of project %s is not used: %s", version.number, project.pk, problem)
            damage = damaged_files.repair(problem).words
    raise Conflict("no_model", detail=damage)


def _prediction(project: Project, row: NDArray[Any], names: list[str]) -> dict[str, Any]:
    space = training_set.label_space(project, len(names))
    classes, confidence = space.suggestion(row) if names else ([], 0.0)
    proba = {name: round(float(p), 6) for name, p in zip(names, row, strict=True)}
    labels = [names[number] for number in classes]
    return {"labels": labels, "confidence": round(confidence, 6), "proba": proba}
