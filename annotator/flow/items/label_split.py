"""Splitting a label: new labels, and its items asked again.

The old annotations are taken back as a bulk edit does it: they stay in the history, and audits,
gold items and decoys are asked as blind as before.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction

from annotator.db import clock
from annotator.errors import Conflict, Invalid
from annotator.flow.annotation import submit
from annotator.flow.items import bulk, criteria, listing
from annotator.flow.labels import naming
from annotator.flow.labels.naming import Ref
from annotator.flow.projects import label_edits, label_set, versions
from annotator.models import BulkEdit, Job, Label, LabelEdit, Project, User


def preview(
    project: Project, user: User, label: Ref, filter: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Return the label, and how many of its items would be asked again; nothing is changed."""
    found = submit.parse_label(project, label)
    wanted = criteria.parsed(project, _of(found, filter))
    items = listing.page(listing.Query(project, user, wanted))
    return {"label": found.name, "items": items.total, "is_exact": items.is_exact}


@transaction.atomic
def start(
    project: Project,
    user: User,
    label: Ref,
    names: Sequence[str],
    *,
    filter: Mapping[str, str] | None = None,
    items: Sequence[int] = (),
    retire: bool = True,
) -> LabelEdit:
    """Store the new labels and the edit that asks the items again, by filter or by name.

    Anybody may answer, the authors too. `retire` offers the old label no longer.
    """
    versions.hold(project)
    naming.forget(project)
    label_edits.refuse_busy(project)
    found = submit.parse_label(project, label)
    if not names:
        raise Invalid("split_names", field="names")
    before = label_edits.snapshot(project)
    label_set.change_labels(project, _specs(project, found, names, retire=retire))
    after = label_edits.snapshot(project)
    changed = [pk for pk in after if before.get(pk) != after[pk]]
    comment = _comment(found, names)
    redo = bulk.start(
        project,
        user,
        BulkEdit.Action.REDO,
        items=items,
        filter=_of(found, filter),
        by=bulk.ANYBODY,
        comment=comment,
    )
    return LabelEdit.objects.create(
        project=project,
        user=user,
        action=LabelEdit.Action.SPLIT,
        before={pk: before[pk] for pk in changed if pk in before},
        after={pk: after[pk] for pk in changed},
        options={"from": found.pk, "names": [found.name, *names]},
        redo=redo,
        total=redo.total,
        state=Job.State.DONE,
        finished_at=clock.now(),
    )


def undo(work: LabelEdit, user: User) -> LabelEdit:
    """Undo a split: its annotations count again, and the old label is offered again."""
    if work.redo is not None:
        work.redo.project = work.project
        if work.redo.is_active:
            raise Conflict("labels_moving")
        if work.redo.can_undo:
            bulk.request_undo(work.redo, user)
    return label_edits.undo_change(work, user)


def _of(label: Label, filter: Mapping[str, str] | None) -> dict[str, str]:
    return {**(filter or {}), "label": label.name}


def _specs(
    project: Project, label: Label, names: Sequence[str], *, retire: bool
) -> list[dict[str, Any]]:
    """Return all labels with the new ones after the old one, in its group."""
    specs: list[dict[str, Any]] = []
    for each in naming.labels_of(project):
        spec = {"id": each.pk, **label_set.values_of(each)}
        specs.append(spec)
        if each.pk == label.pk:
            spec["retired"] = spec["retired"] or retire
            specs += [{"name": name, "parent": label.parent_id} for name in names]
    return specs


def _comment(label: Label, names: Sequence[str]) -> str:
    return f"{label.name} → {', '.join(names)}"[: submit.LONGEST_NOTE]
