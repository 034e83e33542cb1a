"""What the import page says of a file, and of an import."""

from typing import Any

from django import forms
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from annotator.flow.datasets import resumable
from annotator.flow.datasets.preview import Preview
from annotator.flow.datasets.rows.report import Fate
from annotator.messages.datasets import imports as messages
from annotator.models import Import, Project, Removal, User

FAR = 86_400


def _named(counts: dict[str, int]) -> list[tuple[str, int]]:
    """Return the counters in words: the usual ones, and others that are not zero."""
    words = {
        "created": _("new items"),
        "duplicates": _("duplicates"),
        "rejected": _("rejected"),
        "conflicts": _("conflicts"),
        "labels_added": _("labels added"),
        "labels_changed": _("labels replaced"),
        "updated": _("updated"),
        "unlabelled": _("without their label"),
        "skipped_files": _("files left out"),
    }
    usual = {"created", "duplicates", "rejected"}
    return [(words[name], counts[name]) for name in words if name in usual or counts[name]]


def counts(seen: Preview) -> list[tuple[str, int]]:
    """Return what an import would do, in figures with their names."""
    found = {fate.value: seen.counts[fate] for fate in Fate}
    return _named({**found, "unlabelled": seen.unlabelled})


def columns(form: forms.BaseForm, seen: Preview) -> list[tuple[str, str]]:
    """Return (use, column) of the columns that are read."""
    mapping = seen.looked.mapping
    named = [(name, mapping[name]) for name in mapping if f"{name}_column" in form.fields]
    return [(str(form[f"{name}_column"].label), column) for name, column in named if column]


def shown(work: Import) -> dict[str, Any]:
    """Return an import as the page shows it."""
    names = [*(fate.value for fate in Fate), "unlabelled"]
    ends = work.ends_at
    undo = getattr(work, "removal", None)
    return {
        "work": work,
        "counts": _named({name: getattr(work, name) for name in names}),
        "notes": messages.notes(work.notes),
        "ends": date_format(ends, "TIME_FORMAT") if ends else "",
        "undo": undo,
        "can_undo": _can_undo(work, undo),
        "others": max(work.report_lines - len(work.errors), 0),
    }


def _can_undo(work: Import, undo: Removal | None) -> bool:
    """Return whether the import left something that can be taken back."""
    if work.is_active:
        return False
    if undo is not None:
        return not undo.is_active and bool(undo.kept or undo.error)
    return bool(work.created or work.labels_added or work.labels_changed or work.updated)


def unfinished(project: Project, user: User) -> list[dict[str, Any]]:
    """Return the user's uploads that can go on, and how far each is."""
    return [
        {
            "upload": each,
            "percent": int(100 * resumable.size_of(each) / each.length),
            "url": f"/api/v1/projects/{project.pk}/uploads/{each.pk}",
        }
        for each in resumable.unfinished(project, user)
    ]
