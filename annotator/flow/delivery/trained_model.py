"""The trained model of a delivery, with its features, as one ZIP that predicts elsewhere."""

import json
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any

from annotator import tasktypes
from annotator.errors import Conflict
from annotator.flow.labels import naming
from annotator.models import Delivery, FeatureSpace, ModelVersion, VectorShard
from annotator.pool import delivery_regions, feature_store, model_files, pretrained, vector_encoder

MODEL, FEATURES = "model.npz", "features.npz"
# What of the library it needs: the mathematics, none of the app.
PACKAGES = ("core", "features", "models", "encoders")
MODULES = ("__init__.py", "scores.py", "delivery/__init__.py", "delivery/trained.py")
SCRIPT = '''"""Predict the labels of items: one JSON object for each line that comes in.

    python predict.py < items.jsonl > labels.jsonl

A line is {%(row)s}. Needs: pip install %(needs)s
"""

import json
import sys
from dataclasses import asdict
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from selection.delivery.trained import Trained

rows = [json.loads(line) for line in sys.stdin if line.strip()]
trained = Trained.load(HERE)
vectors = [row["vector"] for row in rows] if rows and "vector" in rows[0] else None
for each in trained.predict([trained.document(row) for row in rows], vectors):
    print(json.dumps(asdict(each), ensure_ascii=False))
'''


def keep(delivery: Delivery, version: ModelVersion) -> None:
    """Copy the frozen model and its features to the delivery: rounds to come remove the old."""
    folder = delivery_regions.folder(delivery)
    folder.mkdir(parents=True, exist_ok=True)
    model = model_files.models_folder(version.project_id) / version.path
    features = feature_store.space_folder(version.space) / "encoder.npz"
    for source, name in ((model, MODEL), (features, FEATURES)):
        fresh = folder / f"{name}.part"
        shutil.copyfile(source, fresh)
        fresh.replace(folder / name)


def pack(delivery: Delivery) -> IO[bytes]:
    """Return the ZIP, in a temporary file at its beginning; Conflict where no model was kept."""
    folder = delivery_regions.folder(delivery)
    if delivery.model is None or not (folder / MODEL).exists():
        raise Conflict("delivery_without_model")
    # It is closed, and so deleted, by whoever sends it.
    file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as out:
        told, paths = _told(delivery, delivery.model)
        out.writestr("model.json", json.dumps(told, ensure_ascii=False, indent=1))
        out.writestr("predict.py", _script(delivery, told))
        for name in (MODEL, FEATURES):
            out.write(folder / name, name, zipfile.ZIP_STORED)
        for path, name in _sources():
            out.write(path, name)
        for path in paths:
            out.write(path, f"encoder/{path.name}", zipfile.ZIP_STORED)
    file.seek(0)
    return file


def _told(delivery: Delivery, version: ModelVersion) -> tuple[dict[str, Any], list[Path]]:
    """Return what `model.json` says, and the files of the pretrained encoder, if there is one."""
    encoder = _encoder(delivery, version.space)
    told = {
        "project": delivery.project.name,
        "delivery": delivery.number,
        "model": version.number,
        "sha256": version.sha256,
        "labels": naming.names(delivery.project, version.labels),
        "fields": list(tasktypes.of(delivery.project).media.fields),
        "recipe": vector_encoder.base_recipe(version.space.recipe),
        "has_vectors": bool(version.space.encoder),
        "encoder": encoder[0] if encoder else None,
    }
    return told, list(encoder[1]) if encoder else []


def _encoder(delivery: Delivery, space: FeatureSpace) -> tuple[dict[str, Any], list[Path]] | None:
    if not space.encoder or space.encoder == VectorShard.GIVEN:
        return None
    medium = tasktypes.of(delivery.project).media.pretrained
    found = pretrained.find(medium, space.encoder)
    if found is None:
        raise Conflict("predict_without_encoder", name=space.encoder)
    if found.sha256 != space.encoder_sha256:
        raise Conflict("predict_with_changed_encoder", name=space.encoder)
    return pretrained.files_of(space.encoder)


def _script(delivery: Delivery, told: dict[str, Any]) -> str:
    fields = dict.fromkeys(told["fields"], "…")
    needs = ["numpy", "scipy", "scikit-learn"]
    if tasktypes.of(delivery.project).media.pretrained == "image":
        fields = {"image": "path of a picture"}
        needs.append("pillow")
    if told["encoder"]:
        needs += ["onnxruntime", "tokenizers"]
    elif told["has_vectors"]:
        fields["vector"] = "…"
    row = json.dumps(fields, ensure_ascii=False)[1:-1]
    return SCRIPT % {"row": row, "needs": " ".join(needs)}


def _sources() -> Iterator[tuple[Path, str]]:
    spec = find_spec("selection")
    assert spec is not None
    assert spec.origin is not None
    top = Path(spec.origin).parent
    for name in PACKAGES:
        for path in sorted((top / name).rglob("*.py")):
            yield path, f"selection/{path.relative_to(top)}"
    for module in MODULES:
        yield top / module, f"selection/{module}"
