"""Models of spans as files: the chain and, beside it, the lexicon of the pool that it reads by."""

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from annotator.models import FeatureSpace, ModelVersion, Project
from annotator.pool import documents, model_files
from annotator.storage import arrays
from annotator.storage.checksums import Corrupt

if TYPE_CHECKING:
    from selection.spans.learning.lexicon import Lexicon
    from selection.spans.learning.model import SpanModel

LEXICON_TEXTS = 100_000
CHAIN, LEXICON = "chain.", "lexicon."


def save_span_model(project: Project, number: int, model: "SpanModel") -> tuple[str, str]:
    """Store a model with its lexicon; return the name of the file and its checksum."""
    path = model_files.model_path(project.pk, number)
    stored = {f"{CHAIN}{name}": array for name, array in model.to_arrays().items()}
    stored |= {f"{LEXICON}{name}": array for name, array in model.lexicon.to_arrays().items()}
    return path.name, arrays.save_npz(path, stored)


def load_span_model(version: ModelVersion) -> "SpanModel":
    """Return the model of a version; DamagedModel if its file was changed."""
    try:
        return _model(version.project_id, version.path, version.sha256)
    except (Corrupt, ValueError, KeyError) as problem:
        raise model_files.DamagedModel(version, problem) from problem


def forget() -> None:
    """Clear the cache of loaded models."""
    _model.cache_clear()


@lru_cache(maxsize=2)
def _model(project_id: int, path: str, sha256: str) -> "SpanModel":
    from selection.spans.learning.lexicon import Lexicon
    from selection.spans.learning.model import SpanModel

    found = arrays.load_npz(model_files.models_folder(project_id) / path, sha256)
    lexicon = Lexicon.from_arrays(_part(found, LEXICON))
    return SpanModel.from_arrays(_part(found, CHAIN), lexicon)


def _part(found: dict[str, NDArray[Any]], name: str) -> dict[str, NDArray[Any]]:
    return {key[len(name) :]: array for key, array in found.items() if key.startswith(name)}


def lexicon_of(project: Project, space: FeatureSpace) -> "Lexicon":
    """Return the lexicon of the pool: that of the newest model, unless the pool has grown since."""
    from selection.spans.learning.lexicon import Lexicon

    newest = project.models.filter(space=space).first()
    if newest is not None and newest.params.get("lexicon_items") == space.items:
        try:
            return load_span_model(newest).lexicon
        except model_files.DamagedModel:
            pass
    sample = documents.sample_documents(project, space.items, LEXICON_TEXTS)
    return Lexicon.fit(sample, seed=project.seed)
