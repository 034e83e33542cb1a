"""Archive jobs that a command does itself."""

from django.core.management.base import CommandError

from annotator.flow.archiving import run
from annotator.management.progress import watched
from annotator.models import ArchiveJob


def finished(work: ArchiveJob) -> ArchiveJob:
    """Do the job, with a progress bar; CommandError says what failed."""
    watched(work, run.run, str(work))
    if work.state != ArchiveJob.State.DONE:
        raise CommandError(work.error)
    return work
