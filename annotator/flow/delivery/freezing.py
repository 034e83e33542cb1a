"""Freeze a proven delivery: its labels go to a file that never changes, with a data card."""

import gzip
import hashlib
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
from django.utils import timezone

from annotator import tasktypes
from annotator.db.one_moment import one_moment
from annotator.errors import Conflict
from annotator.flow.datasets import export
from annotator.flow.delivery import card, promises, records
from annotator.flow.labels import naming
from annotator.formats import Outgoing, Writer
from annotator.jobs.runner import job
from annotator.json_values import plain
from annotator.models import Delivery, Item, Job, Project
from annotator.pool import delivery_regions
from annotator.storage import checksums, job_files

NAME = "labels.jsonl.gz"
LINE = orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z


def start(delivery: Delivery) -> None:
    """Have a proven delivery written; Conflict if it is not proven, or no longer under way."""
    ready = Delivery.objects.filter(pk=delivery.pk, stage=Delivery.Stage.PROVE, is_proven=True)
    if not ready.update(
        stage=Delivery.Stage.FREEZE, state=Job.State.QUEUED, attempts=0, token=None, error=""
    ):
        raise Conflict("delivery_not_proven")


@job(Delivery, stage=Delivery.Stage.FREEZE)
def freeze(work: Delivery) -> Delivery:
    """Write the labels under another name, and freeze the delivery once they are whole."""
    counts: Counter[str] = Counter()
    labels: Counter[str] = Counter()
    path = path_of(work)
    path.parent.mkdir(parents=True, exist_ok=True)
    job_files.drop_left(path.parent, work.pk)
    fresh = path.with_name(job_files.new_name(work.pk, ".part"))
    try:
        digest = _write(work, fresh, counts, labels)
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
    told = card.build(work, counts, labels, digest)
    work.finish(stage=Delivery.Stage.FROZEN, sha256=digest, card=told, frozen_at=timezone.now())
    promises.withdraw_checks(work.project, work)
    return work


def _write(work: Delivery, path: Path, counts: Counter[str], labels: Counter[str]) -> str:
    """Write the records as they are in one moment; return the SHA-256 of what they say."""
    digest = hashlib.sha256()
    found = records.delivered(work, delivery_regions.load(work))
    # Without a time in its head, so that the same labels make the same file.
    with path.open("wb") as file, gzip.GzipFile("", "wb", 6, file, mtime=0) as out:
        with one_moment():
            for record in records.records(work, found):
                line = orjson.dumps(record, option=LINE, default=plain)
                digest.update(line)
                out.write(line)
                counts[record["by"]] += 1
                labels.update(record["labels"])
            counts["items"] = Item.objects.present(work.project).count()
        out.flush()
        os.fsync(file.fileno())
    return digest.hexdigest()


def path_of(delivery: Delivery) -> Path:
    """Return where the labels of a delivery lie."""
    return delivery_regions.folder(delivery) / NAME


def read(delivery: Delivery) -> Iterator[dict[str, Any]]:
    """Yield the records of a frozen delivery; Corrupt at the end if the file was changed."""
    digest = hashlib.sha256()
    try:
        with gzip.open(path_of(delivery), "rb") as file:
            for line in file:
                digest.update(line)
                yield orjson.loads(line)
    except (OSError, EOFError, orjson.JSONDecodeError) as problem:
        raise checksums.Corrupt(f"{NAME}: {problem}") from problem
    if digest.hexdigest() != delivery.sha256:
        raise checksums.Corrupt(f"{NAME} was changed since it was stored")


def frozen(project: Project, number: int) -> Delivery:
    """Return a frozen delivery; Conflict while it is none."""
    delivery = promises.find(project, number)
    if delivery.stage != Delivery.Stage.FROZEN:
        raise Conflict("delivery_not_frozen")
    return delivery


def stream(delivery: Delivery, format: str) -> Iterator[bytes]:
    """Yield a frozen delivery in one of the export formats, and note that it went out."""
    writer = export.writer_of(format)
    Delivery.objects.filter(pk=delivery.pk, exported_at=None).update(exported_at=timezone.now())
    found: Iterator[dict[str, Any]] = read(delivery)
    if writer.is_tool:
        found = map(records.for_tool, found)
    else:
        found = map(tasktypes.of(delivery.project).answer.told, found)
    return writer.write(found, _outgoing(delivery.project, writer))


def _outgoing(project: Project, writer: Writer) -> Outgoing:
    kind = tasktypes.of(project)
    empty = Item(project=project, position=0, content=dict.fromkeys(kind.media.fields, ""))
    told = records.record(project, empty, [], records.MODEL)
    return Outgoing(
        columns=tuple(told if writer.is_tool else kind.answer.told(told)),
        parts=tuple(kind.media.export(empty)),
        labels=tuple(label.name for label in naming.labels_of(project)),
        takes_several=kind.answer.takes_several,
    )


def file_name(delivery: Delivery, writer: Writer) -> str:
    """Return the name of a download, with the number of the delivery."""
    stem, _dot, suffix = export.file_name(delivery.project, writer).partition(".")
    return f"{stem}-delivery-{delivery.number}.{suffix}"


# Differences --------------------------------------------------------------------------------------


def difference(before: Delivery, after: Delivery) -> dict[str, Any]:
    """Return how the labels of two deliveries differ: items that came, went, and changed."""
    old = {each["item"]: (each["labels"], each["by"]) for each in read(before)}
    added, changed, kept = 0, [], 0
    for each in read(after):
        was = old.pop(each["item"], None)
        if was is None:
            added += 1
        elif was[0] == each["labels"]:
            kept += 1
        else:
            changed.append(
                {
                    "item": each["item"],
                    "key": each["key"],
                    "from": was[0],
                    "to": each["labels"],
                    "by": each["by"],
                }
            )
    return {
        "from": before.number,
        "added": added,
        "gone": len(old),
        "kept": kept,
        "changed": changed,
    }


def before(delivery: Delivery) -> Delivery | None:
    """Return the newest delivery that was frozen before this one."""
    earlier = Delivery.objects.filter(project=delivery.project, stage=Delivery.Stage.FROZEN)
    found: Delivery | None = earlier.filter(number__lt=delivery.number).first()
    return found
