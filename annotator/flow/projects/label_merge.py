"""Merging a label into another one: a preview, a job that moves annotations, and its undo.

From the start, the first label means the second everywhere (`Project.merged_labels`), so that names
and new answers agree at once. The job then moves the rows in pieces, and deletes the label at last.
Answers in JSON keep the id of what was said, and are read through the same map.
"""

import time
from typing import Any

from django.db import connection, transaction
from django.db.models import Exists, F, Max, Min, OuterRef

from annotator import tasktypes
from annotator.db import clock
from annotator.db.bulk_insert import bulk_insert
from annotator.errors import Conflict, Invalid
from annotator.flow.labels import naming, usage
from annotator.flow.labels.naming import Ref
from annotator.flow.projects import label_edits, label_set, versions
from annotator.flow.review import disagreements
from annotator.jobs.runner import job
from annotator.models import (
    Annotation,
    AnnotationLabel,
    DecidedLabel,
    Disagreement,
    Job,
    Label,
    LabelEdit,
    LabelMove,
    Project,
    RecallProof,
    User,
)

AT_ONCE, AT_ONCE_OF_ONE_WRITER = 20_000, 5_000
ITEMS_AT_ONCE = 200
GAP_SECONDS = 0.01
# What is small enough is done when the request for it is answered.
IN_REQUEST = 2_000


def pair(project: Project, source: Ref, target: Ref) -> tuple[Label, Label]:
    """Return the two labels, by id or name; Invalid if they cannot be merged."""
    label_set.refuse_fixed(project)
    found = [_own(project, "from", source), _own(project, "into", target)]
    if found[0].pk == found[1].pk:
        raise Invalid("labels_same", field="into")
    least, left = tasktypes.of(project).answer.least_labels, len(naming.labels_of(project)) - 1
    if left < least:
        raise Invalid("label_count", field="from", least=least, most=label_set.MAX_LABELS, n=left)
    return found[0], found[1]


def _own(project: Project, field: str, ref: Ref) -> Label:
    labels = naming.labels_of(project)
    known: dict[Ref, Label] = {label.pk: label for label in labels}
    found = known.get(ref) or known.get(str(ref)) or naming.by_name(project).get(str(ref))
    if found is None:
        names = ", ".join(label.name for label in labels[:20])
        raise Invalid("unknown_label", field=field, name=str(ref)[:200], names=names)
    return found


def preview(project: Project, source: Ref, target: Ref) -> dict[str, Any]:
    """Return both labels and what merging them touches; nothing is changed."""
    first, second = pair(project, source, target)
    return {"from": first.name, "into": second.name, **usage.touched(project, first)}


@transaction.atomic
def start(project: Project, user: User | None, source: Ref, target: Ref) -> LabelEdit:
    """Store the merge for a worker; from now on, the first label means the second."""
    versions.hold(project)
    naming.forget(project)
    label_edits.refuse_busy(project)
    first, second = pair(project, source, target)
    rows = AnnotationLabel.objects.filter(label=first)
    work = LabelEdit.objects.create(
        project=project,
        user=user,
        action=LabelEdit.Action.MERGE,
        before=_before(project, first, second),
        options={"from": first.pk, "into": second.pk, "names": [first.name, second.name]},
        total=rows.count(),
    )
    _regroup(first, second)
    names = [first.name, *first.former_names]
    former = [name for name in [*names, *second.former_names] if name != second.name]
    Label.objects.filter(pk=second.pk).update(
        former_names=list(dict.fromkeys(former))[: naming.MOST_FORMER]
    )
    Label.objects.filter(pk=first.pk).update(hotkey="", parent=None)
    project.merged_labels = {**project.merged_labels, str(first.pk): second.pk}
    if project.rare_label_id == first.pk:
        project.rare_label = second
    project.save(update_fields=["merged_labels", "rare_label"])
    naming.forget(project)
    return work


def _before(project: Project, first: Label, second: Label) -> dict[str, Any]:
    """Return what an undo needs to know of both labels and of their groups."""
    labels = label_edits.snapshot(project)
    children = [label.pk for label in naming.labels_of(project) if label.parent_id == first.pk]
    return {
        "label": {**labels[str(first.pk)], "former": first.former_names},
        "former": second.former_names,
        "children": children,
        "is_rare": project.rare_label_id == first.pk,
    }


def _regroup(first: Label, second: Label) -> None:
    """Hand the group of the first label on to the second, if that may have one."""
    children = Label.objects.filter(parent=first)
    children.filter(pk=second.pk).update(parent=None)
    has_parent = second.parent_id is not None and second.parent_id != first.pk
    children.update(parent=None if has_parent else second)


# Undo ---------------------------------------------------------------------------------------------


@transaction.atomic
def request_undo(work: LabelEdit, user: User) -> LabelEdit:
    """Bring the first label back, and store that its annotations are to follow."""
    project = work.project
    versions.hold(project)
    naming.forget(project)
    fresh: LabelEdit = LabelEdit.objects.select_for_update().get(pk=work.pk)
    if fresh.action != LabelEdit.Action.MERGE or not fresh.can_undo:
        raise Conflict("label_edit_not_undoable")
    label_edits.refuse_busy(project)
    first, second = fresh.options["from"], fresh.options["into"]
    if second not in {label.pk for label in naming.labels_of(project)}:
        raise Conflict("label_edit_newer_first")
    if not fresh.is_undo:
        _restore(fresh, first, second)
    again = {"attempts": 0, "error": "", "started_at": None, "finished_at": None, "retry_at": None}
    moved = LabelMove.objects.filter(edit=fresh).count()
    LabelEdit.objects.filter(pk=fresh.pk).update(
        state=Job.State.QUEUED,
        is_undo=True,
        user=user,
        reached=0,
        total=moved,
        created_at=clock.now(),
        **again,
    )
    fresh.refresh_from_db()
    return fresh


def _restore(work: LabelEdit, first: int, second: int) -> None:
    """Bring the label back with its fields, its place, its group and its recall samples."""
    project, before = work.project, work.before
    merged = {key: into for key, into in project.merged_labels.items() if key != str(first)}
    project.merged_labels = merged
    if not Label.objects.filter(pk=first).exists():
        label_edits.bring_back(project, first)
    if before["is_rare"] and project.rare_label_id == second:
        project.rare_label_id = first
    project.save(update_fields=["merged_labels", "rare_label"])
    naming.forget(project)
    values = {name: each for name, each in before["label"].items() if name in label_set.FIELDS}
    labels = [label for label in naming.labels_of(project) if label.pk != first]
    if values["hotkey"] in {label.hotkey for label in labels}:
        values["hotkey"] = ""
    if values["parent"] not in {label.pk for label in labels if label.parent_id is None}:
        values["parent"] = None
    specs = [{"id": label.pk, **label_set.values_of(label)} for label in labels]
    for spec in specs:
        was_child = spec["id"] in before["children"] and spec["parent"] in (second, None)
        spec["parent"] = first if was_child and not values["parent"] else spec["parent"]
    specs.insert(before["label"]["place"], {"id": first, **values})
    label_set.change_labels(project, specs)
    Label.objects.filter(pk=first).update(former_names=before["label"]["former"])
    names = {before["label"]["name"], *before["label"]["former"]} - set(before["former"])
    into = Label.objects.get(pk=second)
    into.former_names = [name for name in into.former_names if name not in names]
    into.save(update_fields=["former_names"])
    for each in work.options.get("proofs", ()):
        RecallProof.objects.get_or_create(
            label_id=first, number=each["number"], defaults={"project": project, **each}
        )


# The job ------------------------------------------------------------------------------------------


def finish_quickly(work: LabelEdit) -> bool:
    """Do a merge of few annotations at once; return whether nothing is left for a worker."""
    return work.total <= IN_REQUEST and run(work.pk) is not None


@job(LabelEdit)
def run(work: LabelEdit) -> LabelEdit:
    """Do or undo the merge, continuing where an earlier attempt stopped."""
    if work.is_undo:
        _move_back(work)
    else:
        _move(work)
        _compare_anew(work)
    with transaction.atomic():
        versions.hold(work.project)
        if not work.is_undo:
            _delete(work)
        _count_changes(work)
        work.finish()
    return work


def _size() -> int:
    return AT_ONCE_OF_ONE_WRITER if connection.vendor == "sqlite" else AT_ONCE


def _move(work: LabelEdit) -> None:
    """Give the annotations of the first label the second, by ranges of keys."""
    rows = AnnotationLabel.objects.filter(label=work.options["from"])
    # Again, where a save that began before the merge stored more.
    while rows.exists():
        ends = rows.aggregate(low=Min("pk"), high=Max("pk"))
        work.write(reached=ends["low"])
        while work.reached <= ends["high"]:
            with transaction.atomic():
                moved = _move_range(work, work.reached, work.reached + _size())
                reached = work.reached + _size()
                work.write(attempts=0, reached=reached, done=work.done + moved)
            _yield_to_others()
    _move_decided(work)


def _move_range(work: LabelEdit, low: int, high: int) -> int:
    first, second = work.options["from"], work.options["into"]
    rows = AnnotationLabel.objects.filter(label=first, pk__gte=low, pk__lt=high)
    other = AnnotationLabel.objects.filter(annotation=OuterRef("annotation"), label=second)
    told = rows.annotate(both=Exists(other)).values_list("pk", "annotation_id", "both")
    moves = [
        LabelMove(edit_id=work.pk, row=pk, annotation_key=key, is_double=both)
        for pk, key, both in told
    ]
    if not moves:
        return 0
    bulk_insert(moves)
    # By what was noted: a row that came meanwhile is found the next time.
    noted = LabelMove.objects.filter(edit=work, row=OuterRef("pk"))
    rows.filter(Exists(noted.filter(is_double=True))).delete()
    rows.filter(Exists(noted.filter(is_double=False))).update(label=second)
    return len(moves)


def _move_decided(work: LabelEdit) -> None:
    """Do the same with the decisions, which are few."""
    first, second = work.options["from"], work.options["into"]
    with transaction.atomic():
        rows = DecidedLabel.objects.filter(label=first)
        other = DecidedLabel.objects.filter(decision=OuterRef("decision"), label=second)
        both = list(rows.filter(Exists(other)).values_list("decision_id", flat=True))
        rows.filter(decision__in=both).delete()
        one = list(rows.values_list("pk", flat=True))
        rows.update(label=second)
        known = work.options.get("decided", [[], []])
        decided = [[*known[0], *one], [*known[1], *both]]
        work.write(options={**work.options, "decided": decided})


def _move_back(work: LabelEdit) -> None:
    moves = LabelMove.objects.filter(edit=work).order_by("row")
    while part := list(moves[: _size()]):
        with transaction.atomic():
            undone = _move_part_back(work, part)
            moves.filter(row__lte=part[-1].row).delete()
            kept = work.kept + len(part) - undone
            work.write(attempts=0, undone=work.undone + undone, kept=kept)
        _yield_to_others()
    _decide_back(work)


def _move_part_back(work: LabelEdit, part: list[LabelMove]) -> int:
    """Give rows that nobody changed since their label back, and return how many there were."""
    first, second = work.options["from"], work.options["into"]
    low, high = part[0].row, part[-1].row
    single = LabelMove.objects.filter(edit=work, is_double=False, row=OuterRef("pk"))
    rows = AnnotationLabel.objects.filter(label=second, pk__gte=low, pk__lte=high)
    undone = rows.filter(Exists(single)).update(label=first)
    doubles = [move.annotation_key for move in part if move.is_double]
    there = AnnotationLabel.objects.filter(annotation__in=doubles, label=second)
    made = [
        AnnotationLabel(annotation_id=key, label_id=first)
        for key in there.values_list("annotation_id", flat=True)
    ]
    AnnotationLabel.objects.bulk_create(made, ignore_conflicts=True)
    keys = [move.annotation_key for move in part]
    for start in range(0, len(keys), ITEMS_AT_ONCE):
        few = Annotation.objects.filter(pk__in=keys[start : start + ITEMS_AT_ONCE])
        disagreements.find_missed(work.project, list(few.values_list("item_id", flat=True)))
    return undone + len(made)


def _decide_back(work: LabelEdit) -> None:
    first, second = work.options["from"], work.options["into"]
    one, both = work.options.get("decided", [[], []])
    with transaction.atomic():
        DecidedLabel.objects.filter(pk__in=one, label=second).update(label=first)
        there = DecidedLabel.objects.filter(decision__in=both, label=second)
        made = [DecidedLabel(decision_id=each.decision_id, label_id=first) for each in there]
        DecidedLabel.objects.bulk_create(made, ignore_conflicts=True)
        work.write(options={**work.options, "decided": [[], []]})


def _compare_anew(work: LabelEdit) -> None:
    """Close the disagreements that were between the two labels."""
    rows = Disagreement.objects.filter(project=work.project, state=Disagreement.State.OPEN)
    items = list(rows.order_by("item_id").values_list("item_id", flat=True))
    for start in range(0, len(items), ITEMS_AT_ONCE):
        disagreements.refresh_disagreements(work.project, items[start : start + ITEMS_AT_ONCE])


def _delete(work: LabelEdit) -> None:
    """Delete the first label; its last name and its recall samples stay known."""
    project, pk = work.project, work.options["from"]
    proofs = RecallProof.objects.filter(label=pk).order_by("number")
    told = proofs.values("number", "items", "size", "positions", "user_id", "created_at")
    kept = [{**each, "created_at": each["created_at"].isoformat()} for each in told]
    work.write(options={**work.options, "proofs": kept})
    project.removed_labels = {**project.removed_labels, str(pk): work.before["label"]["name"]}
    project.save(update_fields=["removed_labels"])
    # Where a save that began before the merge ended just now, this fails, and is tried again.
    Label.objects.filter(pk=pk).delete()


def _count_changes(work: LabelEdit) -> None:
    """Let the label revision grow, so that a round learns what changed."""
    number = max(work.undone + work.kept if work.is_undo else work.done, 1)
    Project.objects.filter(pk=work.project_id).update(removed_changes=F("removed_changes") + number)


def _yield_to_others() -> None:
    if connection.vendor == "sqlite":
        # One writer at a time: leave a gap for annotators who are saving labels.
        time.sleep(GAP_SECONDS)
