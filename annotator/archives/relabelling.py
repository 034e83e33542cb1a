"""Files that name labels by their ids, written again with the new ones."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from annotator.archives.label_ids import Ids
from annotator.archives.places import OF_ROUND, OF_SPACE
from annotator.models import ModelVersion
from annotator.storage import arrays
from annotator.storage.checksums import Corrupt
from annotator.storage.sealed import sealed, unsealed

AUDITS, CONFIDENT, LABEL_TEXTS = "audits.npz", "surest.json", "label-texts.npz"


def relabel(name: str, path: Path, project: int, ids: Ids, digests: dict[str, str]) -> None:
    """Change the ids in a file of the project; a damaged one stays as it is, and is found so."""
    of_round, of_space = OF_ROUND.fullmatch(name), OF_SPACE.fullmatch(name)
    if of_round is not None and of_round["name"] == AUDITS:
        _relabel_audits(path, project, int(of_round["round"]), ids)
    if of_round is not None and of_round["name"] == CONFIDENT:
        _relabel_confident(path, ids)
    if of_space is not None and of_space["name"] == LABEL_TEXTS:
        _relabel_texts(path, digests)


def _relabel_audits(path: Path, project: int, number: int, ids: Ids) -> None:
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    found = arrays.find_npz(path)
    if found is None or "labels" not in found:
        return
    labels = [ids.get(label, 0) for label in found["labels"].astype(np.int64).tolist()]
    after = arrays.save_npz(path, {**found, "labels": np.array(labels, dtype=np.int64)})
    for version in ModelVersion.objects.filter(project=project, number=number):
        if version.measured.get("kept") == before:
            measured = {**version.measured, "kept": after}
            ModelVersion.objects.filter(pk=version.pk).update(measured=measured)


def _relabel_confident(path: Path, ids: Ids) -> None:
    try:
        told = orjson.loads(unsealed(path.read_bytes(), path.name))
        changed = {str(ids[int(key)]): _confident(each, ids) for key, each in told.items()}
    except (Corrupt, KeyError, TypeError, ValueError, AttributeError):
        # The bulk page offers nothing until the next round.
        path.unlink()
        return
    arrays.save_bytes(path, sealed(orjson.dumps(changed)))


def _confident(found: dict[str, Any], ids: Ids) -> dict[str, Any]:
    items = [{**each, "labels": [ids[pk] for pk in each["labels"]]} for each in found["items"]]
    return {**found, "items": items}


def _relabel_texts(path: Path, digests: dict[str, str]) -> None:
    found = arrays.find_npz(path)
    if found is None or "of" not in found:
        return
    of = digests.get(str(found["of"]))
    if of is not None:
        arrays.save_npz(path, {**found, "of": np.array(of)})
