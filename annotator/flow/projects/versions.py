"""Versions of fields for concurrent edits: a later save changes only its own fields.

A form, or a client, remembers a stamp of each value that it loaded. A field whose value is still
that of its stamp was not touched, so what is stored stays. One that was touched is stored, unless
somebody else changed it meanwhile: then nothing is stored, and both versions are shown.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import models
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from annotator import projectsettings
from annotator.errors import Conflict, NotFound
from annotator.models import Project

Stamps = Mapping[str, str]


@dataclass(frozen=True)
class Clash:
    """A field that two people changed: what is stored by now, and what was typed."""

    field: str
    theirs: Any
    yours: Any


class EditConflict(Conflict):
    """Somebody else changed the same fields; nothing was stored."""

    def __init__(self, clashes: list[Clash]) -> None:
        detail = _(
            "Someone else changed this while you were editing. Choose which version to keep."
        )
        errors = [
            {"field": each.field, "code": "edit_conflict", "detail": detail} for each in clashes
        ]
        super().__init__("edit_conflict", detail, errors=errors)
        self.clashes = clashes


class Outdated(Conflict):
    """The caller names a version that is not the stored one; nothing was changed."""

    # The project as it is now, which an API adds for its caller.
    current: dict[str, Any] | None = None

    def __init__(self) -> None:
        detail = _(
            "The project has changed since you read it. Read it again and repeat your change on "
            "the current version."
        )
        super().__init__("stale_version", detail, field="version")


# Stamps ------------------------------------------------------------------------------------------


def stamp(value: Any) -> str:
    """Return a short digest of a value, the same for what is stored and for what a form sends."""
    return hashlib.blake2b(_plain(value).encode(), digest_size=8).hexdigest()


def stamps(values: Mapping[str, Any]) -> dict[str, str]:
    """Return the stamp of each value."""
    return {name: stamp(value) for name, value in values.items()}


def _plain(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else ""
    if isinstance(value, models.Model):
        return str(value.pk)
    if isinstance(value, float):
        # A share is typed in percent, which costs it the last digits.
        return f"{value:.9g}"
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    if isinstance(value, (list, tuple)):
        return json.dumps([_plain(each) for each in value])
    # Browsers send lines with other ends, and forms strip what they get.
    return "\n".join(str(value).splitlines()).strip()


# Merging -----------------------------------------------------------------------------------------


def merge(given: Mapping[str, Any], loaded: Stamps, now: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of `given` has to be stored; EditConflict where `now` differs from both.

    What has no stamp was loaded by nobody, and is stored as it is given.
    """
    changes = {name: value for name, value in given.items() if _is_change(name, value, loaded, now)}
    clashes = [
        Clash(name, now[name], value)
        for name, value in changes.items()
        if name in loaded and loaded[name] != stamp(now[name])
    ]
    if clashes:
        raise EditConflict(clashes)
    return changes


def _is_change(name: str, value: Any, loaded: Stamps, now: Mapping[str, Any]) -> bool:
    if name not in loaded:
        return True
    own = stamp(value)
    return own not in (loaded[name], stamp(now[name]))


# Projects ----------------------------------------------------------------------------------------


def hold(project: Project) -> None:
    """Lock the project until the transaction ends and read it again; NotThere when it is deleted.

    Whoever decides something by what is stored holds it first, so that two never decide at once.
    """
    # Without a key, as annotations that come in lock the key of their project.
    rows = Project.objects.alive().select_for_update(no_key=True)
    fresh = rows.filter(pk=project.pk).first()
    if fresh is None:
        raise NotFound("not_found", _("Project not found."))
    for field in Project._meta.concrete_fields:
        setattr(project, field.attname, getattr(fresh, field.attname))
    # Labels that were read before may be others by now.
    getattr(project, "_prefetched_objects_cache", {}).pop("labels", None)


def settings_of(project: Project) -> dict[str, Any]:
    """Return the name and the settings of a project as they are stored."""
    return {"name": project.name, **projectsettings.values(project)}


def version_of(project: Project) -> str:
    """Return a digest of everything that may be edited in a project: name, settings, labels."""
    fields = ("pk", "name", "hotkey", "description", "examples")
    labels = [[getattr(label, field) for field in fields] for label in project.labels.all()]
    parts = [sorted(stamps(settings_of(project)).items()), labels]
    # Keyed, as it holds the seed, from which audits follow, and annotators see it.
    return salted_hmac("project version", json.dumps(parts), algorithm="sha256").hexdigest()[:16]


def check_version(project: Project, version: str | None) -> None:
    """Raise Outdated unless `version` is the project's current one, or none is named."""
    if version is not None and version != version_of(project):
        raise Outdated()
