"""Changes of labels as they are recorded, listed and undone."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from annotator.db import clock
from annotator.errors import Conflict, NotFound
from annotator.flow.labels import naming, usage
from annotator.flow.projects import label_set, versions
from annotator.models import Delivery, Import, Job, Label, LabelEdit, Project, User

SHOWN = 10
# Above all positions, until the order is stored.
LAST = 1_000_000

Values = dict[str, Any]


# Record -------------------------------------------------------------------------------------------


@contextmanager
def recorded(project: Project, user: User | None) -> Iterator[None]:
    """Store what changes of the labels meanwhile as one edit, which can be undone."""
    with transaction.atomic():
        versions.hold(project)
        before = snapshot(project)
        yield
        after = snapshot(project)
        changed = {pk for pk in before.keys() | after.keys() if before.get(pk) != after.get(pk)}
        if changed:
            LabelEdit.objects.create(
                project=project,
                user=user,
                action=LabelEdit.Action.CHANGE,
                before={pk: each for pk, each in before.items() if pk in changed},
                after={pk: each for pk, each in after.items() if pk in changed},
                state=Job.State.DONE,
                finished_at=clock.now(),
            )


def snapshot(project: Project) -> dict[str, Values]:
    """Return what can be set of each label, by its id as JSON keys have it."""
    naming.forget(project)
    labels = enumerate(naming.labels_of(project))
    return {str(label.pk): {**label_set.values_of(label), "place": n} for n, label in labels}


def listed(project: Project) -> QuerySet[LabelEdit]:
    """Return the newest edits, the newest first."""
    return LabelEdit.objects.filter(project=project).select_related("user", "redo")[:SHOWN]


def find(project: Project, pk: int) -> LabelEdit:
    """Return one of the project's edits."""
    found: LabelEdit | None = LabelEdit.objects.filter(project=project, pk=pk).first()
    if found is None:
        raise NotFound("label_edit_unknown")
    return found


# Guards -------------------------------------------------------------------------------------------


def refuse_busy(project: Project) -> None:
    """Raise Conflict while work is under way that reads the labels as they are."""
    if LabelEdit.objects.filter(project=project).active().exists():
        raise Conflict("labels_moving")
    if Import.objects.filter(project=project).active().exists():
        raise Conflict("labels_importing")
    under_way = Delivery.objects.filter(project=project, stage__in=Delivery.UNDER_WAY)
    if under_way.exclude(state=Job.State.FAILED).exists():
        raise Conflict("labels_delivering")


# Undo a change ------------------------------------------------------------------------------------


@transaction.atomic
def undo_change(work: LabelEdit, user: User) -> LabelEdit:
    """Put back what an edit changed, except what was changed again since."""
    project = work.project
    versions.hold(project)
    fresh: LabelEdit = LabelEdit.objects.select_for_update().get(pk=work.pk)
    if not fresh.can_undo or fresh.action == LabelEdit.Action.MERGE:
        raise Conflict("label_edit_not_undoable")
    now = snapshot(project)
    wanted, kept = _wanted(project, fresh, now)
    for pk in wanted.keys() - now.keys():
        bring_back(project, int(pk))
    places = sorted(wanted, key=lambda pk: (wanted[pk]["place"], int(pk)))
    specs = [{"id": int(pk), **_spec(wanted[pk])} for pk in places]
    label_set.change_labels(project, specs)
    LabelEdit.objects.filter(pk=fresh.pk).update(
        is_undo=True, undone=len(fresh.before.keys() | fresh.after.keys()) - kept, kept=kept
    )
    fresh.refresh_from_db()
    return fresh


def _wanted(
    project: Project, work: LabelEdit, now: Mapping[str, Values]
) -> tuple[dict[str, Values], int]:
    """Return the labels as they are to be, and how many stay as somebody changed them since."""
    wanted, kept = {pk: dict(each) for pk, each in now.items()}, 0
    for pk in work.before.keys() | work.after.keys():
        before, after, there = work.before.get(pk), work.after.get(pk), now.get(pk)
        if before is None:
            kept += not _drop(project, wanted, pk)
        elif after is None:
            wanted.setdefault(pk, dict(before))
        elif there is not None:
            same = {name for name in before if there.get(name) == after.get(name)}
            wanted[pk] |= {name: before[name] for name in same}
            kept += same != set(before)
        else:
            kept += 1
    return wanted, kept


def _drop(project: Project, wanted: dict[str, Values], pk: str) -> bool:
    """Leave out a label that the edit added; False if it is in use by now."""
    label = Label.objects.filter(project=project, pk=int(pk)).first()
    if label is None or any(usage.counted(project, label).values()):
        return False
    wanted.pop(pk, None)
    return True


def _spec(values: Values) -> Values:
    return {name: each for name, each in values.items() if name != "place"}


def bring_back(project: Project, pk: int) -> None:
    """Store a deleted label under its id again; its fields follow."""
    Label.objects.create(pk=pk, project=project, name=f"\x01{pk}", position=LAST)
    names = {key: name for key, name in project.removed_labels.items() if key != str(pk)}
    project.removed_labels = names
    project.save(update_fields=["removed_labels"])
    naming.forget(project)
