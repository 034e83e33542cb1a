"""Files that name labels or items by their ids, written again with the new ones."""

import gzip
import hashlib
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from annotator.archives.checking import Keys
from annotator.archives.label_ids import Ids
from annotator.archives.places import (
    DELIVERY,
    OF_ROUND,
    OF_SPACE,
    is_stored_picture,
    picture_name,
)
from annotator.models import Delivery, ModelVersion
from annotator.storage import arrays
from annotator.storage.checksums import Corrupt
from annotator.storage.sealed import sealed, unsealed

AUDITS, CONFIDENT, LABEL_TEXTS = "audits.npz", "surest.json", "label-texts.npz"
DELIVERED = "labels.jsonl.gz"
LONGEST_LINE = 32 << 20


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


# Deliveries ---------------------------------------------------------------------------------------


def renumber(name: str, path: Path, before: int, project: int, items: Keys) -> None:
    """Give the labels of a delivery the ids of the items here; damaged ones stay, and are found so.

    `before` is the number that the project had where the archive was made.
    """
    found = DELIVERY.fullmatch(name)
    if found is None or not found["name"].endswith(DELIVERED):
        return
    fresh = path.with_name(f"{path.name}.part")
    try:
        old, new = _rewrite(path, fresh, before, project, items)
    except (OSError, EOFError, zlib.error, ValueError, TypeError, KeyError, AttributeError):
        fresh.unlink(missing_ok=True)
        return
    number = int(found["name"].partition("/")[0])
    work = Delivery.objects.filter(project=project, number=number, sha256=old).first()
    if work is None:
        fresh.unlink()
        return
    fresh.replace(path)
    card = {**work.card, "sha256": new}
    Delivery.objects.filter(pk=work.pk).update(sha256=new, card=card)


def _rewrite(path: Path, fresh: Path, before: int, project: int, items: Keys) -> tuple[str, str]:
    """Write the records anew, and return the hashes of what they said and say."""
    old, new = hashlib.sha256(), hashlib.sha256()
    with (
        gzip.open(path, "rb") as lines,
        fresh.open("wb") as file,
        gzip.GzipFile("", "wb", 6, file, mtime=0) as out,
    ):
        for _ in range(len(items) + 1):
            line = lines.readline(LONGEST_LINE)
            if not line:
                return old.hexdigest(), new.hexdigest()
            old.update(line)
            record = _here(orjson.loads(line), before, project, items)
            line = orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE)
            new.update(line)
            out.write(line)
    raise ValueError("more records than items")


def _here(record: dict[str, Any], before: int, project: int, items: Keys) -> dict[str, Any]:
    if record["item"] not in items:
        raise KeyError(record["item"])
    image = record.get("image")
    if isinstance(image, str) and is_stored_picture(image, before):
        record["image"] = picture_name(image, project)
    return {**record, "item": items[record["item"]]}
