"""Files of a round: models, encoders, candidates; arrays and JSON, never pickled."""

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from annotator.models import FeatureSpace, ModelVersion, RoundShard
from annotator.pool import feature_store
from annotator.storage import arrays as storage_arrays
from annotator.storage import checksums
from annotator.storage.checksums import Corrupt

if TYPE_CHECKING:
    from selection.models.relevance import Relevance


def models_folder(project_id: int) -> Path:
    """Return the folder of a project's models."""
    return feature_store.project_folder(project_id) / "models"


def model_path(project_id: int, number: int) -> Path:
    """Return the path of a round's model."""
    return models_folder(project_id) / f"{number:06d}.npz"


def committee_path(project_id: int, number: int) -> Path:
    """Return the path of a round's committee."""
    return models_folder(project_id) / f"{number:06d}-committee.npz"


def relevance_path(project_id: int, number: int) -> Path:
    """Return the path of a round's model of what is relevant."""
    return models_folder(project_id) / f"{number:06d}-relevance.npz"


def round_folder(project_id: int, number: int) -> Path:
    """Return the folder of a round's candidates and confident items."""
    return feature_store.project_folder(project_id) / "rounds" / str(number)


def audits_path(project_id: int, number: int) -> Path:
    """Return the path of a round model's predictions for the audit items."""
    return round_folder(project_id, number) / "audits.npz"


class DamagedModel(Corrupt):
    """A model file differs from what was stored."""

    def __init__(self, version: ModelVersion, problem: Exception) -> None:
        super().__init__(str(problem))
        self.version = version


class DamagedCandidates(Corrupt):
    """A file with the candidates of a shard differs from what was stored."""

    def __init__(self, scoring: RoundShard, problem: Exception) -> None:
        super().__init__(str(problem))
        self.scoring = scoring


def load_model(version: ModelVersion) -> Any:
    """Return the model of a version; DamagedModel if its file was changed."""
    try:
        return _model(version.project_id, version.path, version.sha256)
    except Corrupt as problem:
        raise DamagedModel(version, problem) from problem


def find_model(version: ModelVersion) -> Any | None:
    """Return the model of a version; None if its file is missing or was changed."""
    try:
        return load_model(version)
    except Corrupt:
        return None


def load_committee(version: ModelVersion) -> list[Any]:
    """Return the committee of a version; DamagedModel if its file was changed."""
    try:
        return _committee(version.project_id, version.number, version.params["committee"])
    except Corrupt as problem:
        raise DamagedModel(version, problem) from problem


def load_relevance(version: ModelVersion) -> "Relevance | None":
    """Return the model of what is relevant, None where there is none; DamagedModel if changed."""
    from selection.models.relevance import Relevance

    sha256 = version.params.get("relevance")
    if sha256 is None:
        return None
    path = relevance_path(version.project_id, version.number)
    try:
        return Relevance.from_arrays(storage_arrays.load_npz(path, sha256))
    except Corrupt as problem:
        raise DamagedModel(version, problem) from problem


def load_found(scoring: RoundShard, path: Path, kind: str) -> dict[str, NDArray[Any]]:
    """Return the candidates of a shard from `path`; DamagedCandidates if they were changed."""
    try:
        return storage_arrays.load_npz(path, scoring.checksums.get(kind, ""))
    except Corrupt as problem:
        raise DamagedCandidates(scoring, problem) from problem


def load_encoder(space_pk: int) -> Any:
    """Return the encoder of a feature space; Corrupt if its file was changed."""
    return _encoder(space_pk)


def clear_caches() -> None:
    """Clear the caches of loaded files."""
    for loaded in (_model, _committee, _encoder):
        loaded.cache_clear()
    checksums.clear_cache()


@lru_cache(maxsize=4)
def _model(project_id: int, path: str, sha256: str) -> Any:
    from selection.models.logistic import Model

    return Model.from_arrays(storage_arrays.load_npz(models_folder(project_id) / path, sha256))


@lru_cache(maxsize=1)
def _committee(project_id: int, number: int, sha256: str) -> list[Any]:
    from selection.models.logistic import Model

    members: dict[str, dict[str, NDArray[Any]]] = {}
    for name, array in storage_arrays.load_npz(committee_path(project_id, number), sha256).items():
        member, _dot, own = name.partition(".")
        members.setdefault(member, {})[own] = array
    return [Model.from_arrays(arrays) for _member, arrays in sorted(members.items())]


@lru_cache(maxsize=2)
def _encoder(space_pk: int) -> Any:
    return feature_store.load_encoder(FeatureSpace.objects.get(pk=space_pk))
