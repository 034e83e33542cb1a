"""Guidelines: their versions, what changed, who has confirmed it, and their pictures."""

import difflib
import hashlib
from dataclasses import dataclass
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from annotator.errors import Invalid, NotFound, TooLarge
from annotator.formats.base import BadContent
from annotator.formats.images import picture
from annotator.models import GuidelinePicture, GuidelineVersion, Membership, Project, User

LARGEST_PICTURE = 10 << 20
MOST_PICTURES = 200
SHOWN = 50
SAME, ADDED, REMOVED = "same", "added", "removed"


@dataclass(frozen=True)
class Line:
    """A line of the guidelines in a comparison of two versions."""

    how: str
    text: str


# Versions -----------------------------------------------------------------------------------------


def keep_version(project: Project, before: str) -> None:
    """Store the guidelines as a new version, after what they were before."""
    number = project.guidelines_number
    if number == 0 and before:
        number = 1
        _store(project, number, before, None)
    _store(project, number + 1, project.guidelines, project.viewer)
    project.guidelines_number = number + 1
    project.save(update_fields=["guidelines_number"])
    if project.viewer is not None:
        # Whoever wrote it has read it.
        confirm(project, project.viewer, number + 1)


def _store(project: Project, number: int, text: str, user: User | None) -> None:
    GuidelineVersion.objects.create(
        project=project, number=number, text=text, user=user, at=timezone.now()
    )


def versions_of(project: Project) -> QuerySet[GuidelineVersion]:
    """Return the newest versions, the newest first."""
    return GuidelineVersion.objects.filter(project=project).select_related("user")[:SHOWN]


def version(project: Project, number: int) -> GuidelineVersion:
    """Return one version; NotFound without it."""
    found = GuidelineVersion.objects.filter(project=project, number=number).first()
    if found is None:
        raise NotFound("guidelines_unknown")
    return found


def compared(before: str, after: str) -> list[Line]:
    """Return the lines of two texts: those of both, and those of one of them."""
    found = []
    for line in difflib.ndiff(before.splitlines(), after.splitlines()):
        how = {" ": SAME, "+": ADDED, "-": REMOVED}.get(line[:1])
        if how:
            found.append(Line(how, line[2:]))
    return found


# Confirmations ------------------------------------------------------------------------------------


def is_unread(project: Project) -> bool:
    """Return whether the viewer has not confirmed the newest version."""
    read = project.guidelines_read
    return read is not None and read < project.guidelines_number


def news(project: Project) -> list[Line]:
    """Return what changed since the version that the viewer confirmed; empty without one."""
    read = project.guidelines_read
    if not is_unread(project) or not read:
        return []
    before = GuidelineVersion.objects.filter(project=project, number=read).first()
    return [] if before is None else compared(before.text, project.guidelines)


def confirm(project: Project, user: User, number: int) -> None:
    """Store that somebody read a version; an older one changes nothing."""
    rows = Membership.objects.filter(project=project, user=user, guidelines_read__lt=number)
    rows.update(guidelines_read=min(number, project.guidelines_number))


def readers(project: Project) -> tuple[int, int]:
    """Return how many active members there are, and how many confirmed the newest version."""
    members = Membership.objects.filter(project=project, user__is_active=True)
    current = members.filter(guidelines_read__gte=project.guidelines_number)
    return members.count(), current.count()


# Pictures -----------------------------------------------------------------------------------------


@transaction.atomic
def add_picture(project: Project, user: User, file: Any) -> GuidelinePicture:
    """Store a picture, decoded and encoded anew; the same one again is the one that is there."""
    if file.size > LARGEST_PICTURE:
        raise TooLarge("guidelines_picture_large", field="picture")
    if GuidelinePicture.objects.filter(project=project).count() >= MOST_PICTURES:
        raise Invalid("guidelines_pictures", field="picture", most=MOST_PICTURES)
    try:
        content, ending = picture.clean(file.read())
    except BadContent as problem:
        raise Invalid("guidelines_picture", field="picture") from problem
    # Other than that of an item with the same picture, whose file may be removed with it.
    key = hashlib.blake2b(content, digest_size=16, person=b"guidelines").hexdigest()
    found = GuidelinePicture.objects.filter(project=project, key=key).first()
    if found is not None:
        return found
    name = f"pictures/{project.pk}/{key[:2]}/{key}.{ending}"
    if not default_storage.exists(name):
        name = default_storage.save(name, ContentFile(content))
    return GuidelinePicture.objects.create(
        project=project, user=user, key=key, name=str(file.name)[:255], image=name
    )


def pictures(project: Project) -> QuerySet[GuidelinePicture]:
    """Return the pictures that the guidelines may show."""
    return GuidelinePicture.objects.filter(project=project)
