"""What each encoder would cost for a pool, by a short measurement, and which one is in use."""

import time
from dataclasses import dataclass

from django.utils import timezone

from annotator import tasktypes
from annotator.flow.features import encode, encoder_choice, vectors
from annotator.models import Project, Report
from annotator.pool import documents as pool_documents
from annotator.pool import pretrained

KIND = "encoder_speed"
SAMPLE, AT_ONCE = 64, 8
MOST_SECONDS = 2.0


@dataclass(frozen=True)
class EncoderCost:
    """An encoder and the time that it would take for all items; None before it was measured."""

    name: str
    languages: tuple[str, ...]
    dimensions: int
    seconds: float | None
    is_used: bool
    is_wanted: bool


@dataclass(frozen=True)
class Choice:
    """The encoders that a project can use, and what is amiss with those."""

    costs: list[EncoderCost]
    # Of the items, where no encoder reads it; empty otherwise.
    unread_language: str = ""
    # The encoder in use, where it was changed or is not there any more.
    changed: str = ""
    missing: str = ""


def measure(project: Project) -> None:
    """Store how many items each encoder of the project's medium reads in a second."""
    medium = tasktypes.of(project).media.pretrained
    if not medium or not project.items:
        return
    sample = pool_documents.sample_documents(project, project.items, SAMPLE)
    found = {}
    for each in pretrained.available(medium):
        try:
            encoder = pretrained.load(each.name)
        except pretrained.Unusable:
            continue
        encoder.encode(sample[:1])
        started, done = time.perf_counter(), 0
        for start in range(0, len(sample), AT_ONCE):
            some = sample[start : start + AT_ONCE]
            encoder.encode(some)
            done += len(some)
            if time.perf_counter() - started >= MOST_SECONDS:
                break
        found[each.name] = done / (time.perf_counter() - started)
    Report.objects.update_or_create(
        project=project,
        kind=KIND,
        defaults={"found": found, "seq": 0, "made_at": timezone.now(), "error": ""},
    )


def choice(project: Project) -> Choice:
    """Return the encoders that the project can use, and what each would cost."""
    medium = tasktypes.of(project).media.pretrained
    if not medium:
        return Choice([])
    there = pretrained.available(medium)
    speeds = _speeds(project)
    wanted, space = encoder_choice.goal(project), encode.current_space(project)
    used = "" if space is None else space.encoder
    costs = [
        EncoderCost(
            each.name,
            each.languages,
            each.dimensions,
            project.items / speeds[each.name] if speeds.get(each.name) else None,
            is_used=each.name == used,
            is_wanted=wanted is not None and wanted.encoder == each.name,
        )
        for each in there
    ]
    sums = {each.name: each.sha256 for each in there}
    is_gone = bool(used) and used != encoder_choice.GIVEN and used not in sums
    is_changed = (
        bool(used)
        and space is not None
        and sums.get(used)
        not in {
            None,
            space.encoder_sha256,
        }
    )
    return Choice(
        costs,
        unread_language=_unread_language(project, there) if there else "",
        changed=used if is_changed else "",
        missing=used if is_gone else "",
    )


def _speeds(project: Project) -> dict[str, float]:
    report = project.reports.filter(kind=KIND).values_list("found", flat=True).first()
    return {**(report or {}), **vectors.speeds(project)}


def _unread_language(project: Project, there: list[pretrained.Installed]) -> str:
    language = encoder_choice.language(project)
    reads = any(not each.languages or {language, "*"} & set(each.languages) for each in there)
    return "" if not language or reads else language
