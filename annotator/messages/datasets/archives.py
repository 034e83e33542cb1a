"""What an archive is called, what a job does, and what its result means."""

from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from annotator.models import ArchiveJob

Kind, Scope = ArchiveJob.Kind, ArchiveJob.Scope


def file_name(work: ArchiveJob) -> str:
    """Return the name under which an archive is saved."""
    assert work.source is not None, "it was written of a project"
    stem = slugify(work.source.name)[:60] or f"project-{work.source_id}"
    return f"{stem}-{work.created_at:%Y-%m-%d}.winnow"


def title(work: ArchiveJob) -> str:
    """Return what the job makes."""
    if work.kind == Kind.ARCHIVE:
        return _("Archive")
    if work.kind == Kind.IMPORT:
        return work.file_name or _("Archive")
    return _("Clone “%(name)s”: %(scope)s") % {
        "name": work.name,
        "scope": work.get_scope_display(),
    }


def notes(work: ArchiveJob) -> list[str]:
    """Return what people should know of a finished job."""
    if work.state != work.State.DONE:
        return []
    people, missing = len(work.people), work.missing
    said = []
    if people:
        said.append(
            ngettext(
                "%(n)d person has no account here. Their name is kept as an inactive account.",
                "%(n)d people have no account here. Their names are kept as inactive accounts.",
                people,
            )
            % {"n": people}
        )
    if missing:
        said.append(
            ngettext(
                "%(n)d picture was already missing on the disk.",
                "%(n)d pictures were already missing on the disk.",
                missing,
            )
            % {"n": missing}
        )
    if work.kind != Kind.ARCHIVE and work.made is not None:
        said.append(_("You are the only member. Add the others on the page “Members”."))
    return said
