"""Versions of fields for concurrent edits: a later save changes only its own fields.

A form, or a client, keeps a stamp of each value that it loaded. A field whose submitted value
matches its stamp was not edited, so the stored value stays. An edited one is stored, unless another
user changed it meanwhile: then nothing is stored, and both versions are shown.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import models
from django.utils.crypto import salted_hmac

from annotator import projectsettings
from annotator.errors import Conflict, NotFound
from annotator.models import Project

Stamps = Mapping[str, str]


@dataclass(frozen=True)
class Clash:
    """A field that two users changed: the stored value, and the submitted one."""

    field: str
    theirs: Any
    yours: Any


class EditConflict(Conflict):
    """Another user changed the same fields; nothing was stored."""

    def __init__(self, clashes: list[Clash]) -> None:
        super().__init__("edit_conflict")
        (told,) = self.errors
        self.errors = [{**told, "field": each.field} for each in clashes]
        self.clashes = clashes


class Outdated(Conflict):
    """The given version is not the stored one; nothing was changed."""

    # The current project, which the API adds to its response.
    current: dict[str, Any] | None = None

    def __init__(self) -> None:
        super().__init__("stale_version", field="version")


# Stamps ------------------------------------------------------------------------------------------


def stamp(value: Any) -> str:
    """Return a short digest of a value, equal for a stored and a submitted form value."""
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
        # A share is typed in percent, which loses the last digits.
        return f"{value:.9g}"
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    if isinstance(value, (list, tuple)):
        return json.dumps([_plain(each) for each in value])
    # Browsers send other line ends, and forms strip what they get.
    return "\n".join(str(value).splitlines()).strip()


# Merge --------------------------------------------------------------------------------------------


def merge(given: Mapping[str, Any], loaded: Stamps, now: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of `given` must be stored; EditConflict if `now` differs from both.

    A value without a stamp was not loaded by a form, and is stored as given.
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
    """Lock the project until the transaction ends and read it again; NotFound when it is deleted.

    Take this lock before deciding by stored values, so that two transactions never decide at once.
    """
    # Without the key columns, because inserting annotations locks the project's key.
    rows = Project.objects.alive().select_for_update(no_key=True)
    fresh = rows.filter(pk=project.pk).first()
    if fresh is None:
        raise NotFound("not_found", message="unknown_project")
    for field in Project._meta.concrete_fields:
        setattr(project, field.attname, getattr(fresh, field.attname))
    # Labels read before may be outdated.
    getattr(project, "_prefetched_objects_cache", {}).pop("labels", None)


def settings_of(project: Project) -> dict[str, Any]:
    """Return the stored name and settings of a project."""
    return {"name": project.name, **projectsettings.values(project)}


def version_of(project: Project) -> str:
    """Return a digest of everything editable in a project: name, settings, labels."""
    fields = ("pk", "name", "hotkey", "description", "examples", "color", "parent_id")
    labels = [
        [*(getattr(label, field) for field in fields), label.retired_at is not None]
        for label in project.labels.all()
    ]
    parts = [sorted(stamps(settings_of(project)).items()), labels]
    # Keyed, because it covers the seed, which determines the audits, and annotators see the digest.
    return salted_hmac("project version", json.dumps(parts), algorithm="sha256").hexdigest()[:16]


def check_version(project: Project, version: str | None) -> None:
    """Raise Outdated unless `version` is the project's current one, or empty."""
    if version is not None and version != version_of(project):
        raise Outdated()
