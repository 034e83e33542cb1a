"""Pretrained encoders of the installation, as an admin sees and changes them."""

import time
from dataclasses import dataclass
from pathlib import Path

from django.db import IntegrityError, transaction

from annotator import encoders
from annotator.encoders import Installed, UnusableEncoder, adding
from annotator.errors import Conflict, Invalid
from annotator.i18n import encoder_problems
from annotator.jobs.runner import job
from annotator.models import EncoderImport, Job, Project, User

KEPT = 10
TELL_SECONDS = 1.0


def installed() -> list[Installed]:
    """Return the encoders that are there, by name."""
    return encoders.available()


def start_adding(user: User, given: str) -> EncoderImport:
    """Store that an encoder is to be copied from a folder of the server; Invalid says why not."""
    folder = Path(given.strip()).expanduser()
    if not given.strip() or not folder.is_dir():
        raise Invalid("no_folder", field="folder", folder=given.strip())
    try:
        manifest = adding.check_folder(folder)
    except UnusableEncoder as problem:
        raise _invalid(problem, "folder") from problem
    _forget_old()
    try:
        with transaction.atomic():
            made: EncoderImport = EncoderImport.objects.create(
                user=user, folder=str(folder), name=manifest.name
            )
    except IntegrityError as problem:
        raise Conflict("encoder_being_added", name=manifest.name) from problem
    return made


@job(EncoderImport)
def add(work: EncoderImport) -> EncoderImport:
    """Copy the encoder of a folder, and try it unless its graph must be built first."""
    try:
        name = adding.add_folder(Path(work.folder), build=False, report=_Copying(work).show)
    except UnusableEncoder as problem:
        # A worker that died just then may have copied all of it.
        if problem.reason != "already_there" or work.attempts == 1:
            raise _invalid(problem, "folder") from problem
        name = work.name
    work.finish(name=name, done=work.total)
    return work


def newest() -> EncoderImport | None:
    """Return the encoder that was added last, or is being added."""
    found: EncoderImport | None = EncoderImport.objects.first()
    return found


@dataclass
class _Copying:
    """Progress of a copy in its row, from time to time."""

    work: EncoderImport
    told_at: float = 0.0

    def show(self, done: int, of: int) -> None:
        if time.monotonic() - self.told_at >= TELL_SECONDS:
            self.told_at = time.monotonic()
            self.work.write(done=done, total=of)


def _forget_old() -> None:
    finished = EncoderImport.objects.exclude(state__in=[Job.State.QUEUED, Job.State.RUNNING])
    EncoderImport.objects.filter(pk__in=list(finished.values_list("pk", flat=True)[KEPT:])).delete()


def remove(name: str) -> None:
    """Remove an encoder that was added, unless a project's settings name it."""
    used = Project.objects.alive().filter(features=name).order_by("name")
    names = list(used.values_list("name", flat=True)[:5])
    if names:
        raise Conflict("encoder_in_use", names=", ".join(names))
    try:
        adding.remove(name)
    except UnusableEncoder as problem:
        raise _invalid(problem, "") from problem


def _invalid(problem: UnusableEncoder, field: str) -> Invalid:
    words = encoder_problems.text(problem.reason, problem.values)
    return Invalid(problem.reason, detail=words, field=field)
