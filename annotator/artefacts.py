"""What rounds leave on disk: models, encoders, candidates; arrays and JSON, never pickled."""

from functools import lru_cache
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from annotator import pool
from annotator.models import FeatureSpace, ModelVersion


def models_folder(project_id: int) -> Path:
    """Return where the models of a project lie."""
    return pool.project_folder(project_id) / "models"


def model_path(project_id: int, number: int) -> Path:
    """Return where the model of a round lies."""
    return models_folder(project_id) / f"{number:06d}.npz"


def committee_path(project_id: int, number: int) -> Path:
    """Return where the committee of a round lies."""
    return models_folder(project_id) / f"{number:06d}-committee.npz"


def round_folder(project_id: int, number: int) -> Path:
    """Return where the candidates of a round lie, and what its model was surest of."""
    return pool.project_folder(project_id) / "rounds" / str(number)


def audits_path(project_id: int, number: int) -> Path:
    """Return where it lies what the model of a round said of the audits."""
    return round_folder(project_id, number) / "audits.npz"


def load_model(version: ModelVersion) -> Any:
    """Return the model of a version; Corrupt when its file was changed."""
    return _model(version.project_id, version.path, version.sha256)


def load_committee(version: ModelVersion) -> list[Any]:
    """Return the committee that was trained with a version; Corrupt when its file was changed."""
    return _committee(version.project_id, version.number, version.params["committee"])


def load_encoder(space_pk: int) -> Any:
    """Return the encoder of a feature space; Corrupt when its file was changed."""
    return _encoder(space_pk)


def forget() -> None:
    """Drop what was loaded, as a process that starts has nothing."""
    for loaded in (_model, _committee, _encoder):
        loaded.cache_clear()


@lru_cache(maxsize=4)
def _model(project_id: int, path: str, sha256: str) -> Any:
    from selection.models import Model

    return Model.from_arrays(pool.load_npz(models_folder(project_id) / path, sha256))


@lru_cache(maxsize=1)
def _committee(project_id: int, number: int, sha256: str) -> list[Any]:
    from selection.models import Model

    members: dict[str, dict[str, NDArray[Any]]] = {}
    for name, array in pool.load_npz(committee_path(project_id, number), sha256).items():
        member, _dot, own = name.partition(".")
        members.setdefault(member, {})[own] = array
    return [Model.from_arrays(arrays) for _member, arrays in sorted(members.items())]


@lru_cache(maxsize=2)
def _encoder(space_pk: int) -> Any:
    return pool.load_encoder(FeatureSpace.objects.get(pk=space_pk))
