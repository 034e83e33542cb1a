"""Predictions of the current model for texts in a request."""

import logging
from typing import Any

from numpy.typing import NDArray

from annotator import tasktypes
from annotator.errors import Conflict, Invalid
from annotator.flow.labels import naming
from annotator.jobs import damaged_files
from annotator.models import ModelVersion, Project
from annotator.pool import model_files, new_vectors, training_set
from annotator.storage import checksums

MODELS_TRIED = 3

log = logging.getLogger(__name__)


def predict(
    project: Project, documents: list[Any], vectors: list[list[float] | None] | None = None
) -> tuple[ModelVersion, list[dict[str, Any]]]:
    """Return the current model and its predictions: label names and their probabilities.

    `vectors` has one for each document, or none, where the project's vectors came with its items.
    """
    if "predict" not in tasktypes.of(project).can:
        refusal = tasktypes.FEATURES["predict"].refusal
        raise Invalid("task", detail=str(refusal), field="items")
    version, encoder, model = _usable_model(project)
    if any(each is not None for each in vectors or []):
        encoder = new_vectors.given(version.space, encoder, vectors or [])
    proba = model.predict_proba(encoder.transform(documents))
    there = {label.pk: label.name for label in naming.labels_of(project)}
    # A label deleted since is no valid answer.
    columns = [column for column, pk in enumerate(version.labels) if pk in there]
    names = [there[version.labels[column]] for column in columns]
    return version, [_prediction(project, row[columns], names) for row in proba]


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
    labels = [names[number] for number in space.suggestion(row)[0]] if names else []
    proba = {name: round(float(p), 6) for name, p in zip(names, row, strict=True)}
    return {"labels": labels, "proba": proba}
