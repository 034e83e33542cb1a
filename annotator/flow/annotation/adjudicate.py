"""A lead settles a disagreement; the decision replaces the votes."""

from collections.abc import Collection, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Prefetch, QuerySet
from django.utils import timezone

from annotator import tasktypes
from annotator.errors import Conflict, Invalid, NotFound
from annotator.flow.annotation import submit
from annotator.flow.labels import naming
from annotator.flow.labels.naming import Ref
from annotator.flow.progress import daily_counts
from annotator.flow.queue import current_leases, payload
from annotator.i18n import error_messages
from annotator.models import (
    Annotation,
    DecidedLabel,
    Decision,
    Disagreement,
    Label,
    Project,
    User,
)

STATES = {state.name.lower(): state for state in Disagreement.State}


def as_state(name: str) -> Disagreement.State:
    """Return the state of that name; Invalid when there is none."""
    if name not in STATES:
        raise Invalid("unknown_state", field="state", names=", ".join(STATES))
    return STATES[name]


def listed(project: Project, state: Disagreement.State) -> QuerySet[Disagreement]:
    """Return the project's disagreements in that state with everything shown about them."""
    opinions = Annotation.objects.filter(withdrawn_at=None).order_by("pk")
    opinions = opinions.select_related("user", "review").prefetch_related("given__label")
    rows = Disagreement.objects.filter(project=project, state=state)
    return rows.select_related("item", "decision__user").prefetch_related(
        Prefetch("item__annotations", queryset=opinions), "decision__given__label"
    )


def count_open(project: Project) -> int:
    """Return how many disagreements are open."""
    return Disagreement.objects.filter(project=project, state=Disagreement.State.OPEN).count()


def find(project: Project, item: int) -> Disagreement:
    """Return the disagreement about an item, with everything shown about it."""
    every = [listed(project, state).filter(item=item).first() for state in Disagreement.State]
    found = next((each for each in every if each is not None), None)
    if found is None:
        raise NotFound("unknown_disagreement")
    return found


def decide(
    project: Project,
    user: User,
    item: int,
    labels: Sequence[Ref],
    note: str = "",
    replaces: int | None = None,
) -> Disagreement:
    """Store the decision of `user`, in place of an earlier one, and return what is valid now.

    The same decision again changes nothing. Another user's decision is only replaced if `seen`
    names it.
    """
    found = find(project, item)
    given = submit.parse_labels(project, labels, lambda: found.item)
    said = submit.clean_note(note)
    with transaction.atomic():
        row = _locked(item)
        before = row.decision
        if before is not None and (given.refs, said) == (_refs(project, before), before.note):
            return find(project, item)
        _refuse_unseen(project, before, user, replaces)
        made = Decision.objects.create(
            project=project,
            item_id=item,
            user=user,
            value=given.marks,
            note=said,
            at=timezone.now(),
        )
        DecidedLabel.objects.bulk_create(
            DecidedLabel(decision=made, label=label) for label in given.labels
        )
        _hold(row, made, project, user)
    return find(project, item)


def _refuse_unseen(
    project: Project, before: Decision | None, user: User, replaces: int | None
) -> None:
    """Refuse to replace a decision that is newer than the one `user` saw."""
    if before is None or before.pk == replaces or (replaces is None and before.user == user):
        return
    name = before.user.username if before.user else error_messages.somebody()
    labels = ", ".join(tasktypes.titles(project, decided_names(project, before)))
    raise Conflict("decided_meanwhile", field="replaces", name=name, labels=labels)


def take_back(project: Project, user: User, item: int, decision: int | None = None) -> Disagreement:
    """Withdraw the decision: the votes count again, and the disagreement is open.

    If `decision` is given, only that one is withdrawn.
    """
    find(project, item)
    with transaction.atomic():
        row = _locked(item)
        if row.decision is None:
            raise Conflict("not_decided")
        if decision is not None:
            _refuse_unseen(project, row.decision, user, decision)
        Decision.objects.filter(pk=row.decision.pk).update(
            taken_back_at=timezone.now(), taken_back_by=user
        )
        _hold(row, None, project, user)
    return find(project, item)


def _locked(item: int) -> Disagreement:
    # Lock the item's rows first, in the same order as a save and a correction.
    current_leases.lock_entries([item])
    current_leases.refuse_removed(item)
    return Disagreement.objects.select_related("decision__user").get(item=item)


def _hold(row: Disagreement, made: Decision | None, project: Project, user: User) -> None:
    state = Disagreement.State.OPEN if made is None else Disagreement.State.DECIDED
    Disagreement.objects.filter(pk=row.pk).update(state=state, decision=made)
    # The item's labels changed, so a model should be trained on them.
    daily_counts.add(project, user, changes=1)


# Show ---------------------------------------------------------------------------------------------


def shown(project: Project, row: Disagreement) -> dict[str, Any]:
    """Return a disagreement as a lead sees it: item, annotations, and decision."""
    return {
        "item": payload.item_payload(project, row.item),
        "state": Disagreement.State(row.state).name.lower(),
        "opened_at": row.opened_at,
        "opinions": [_opinion(project, each) for each in row.item.annotations.all()],
        "decision": None if row.decision is None else _decision(project, row.decision),
    }


def _opinion(project: Project, annotation: Annotation) -> dict[str, Any]:
    review = getattr(annotation, "review", None)
    return {
        "id": annotation.pk,
        "annotator": annotation.by,
        "labels": _names(project, annotation),
        "note": annotation.note,
        "unsure": annotation.unsure,
        "source": annotation.source,
        "counted": annotation.counted,
        "why": naming.untranslated(project, review.why) if review else "",
        "created_at": annotation.created_at,
    }


def _decision(project: Project, decision: Decision) -> dict[str, Any]:
    return {
        "id": decision.pk,
        "labels": decided_names(project, decision),
        "by": decision.user.username if decision.user else None,
        "note": decision.note,
        "at": decision.at,
    }


def decided_names(project: Project, decision: Decision) -> list[Any]:
    """Return the names of the decided labels, in the project's order."""
    return _names(project, decision)


def _names(project: Project, said: Annotation | Decision) -> list[Any]:
    if said.value is not None:
        return naming.names_now(project, said.value)
    return [label.name for label in _labels(said)]


def _refs(project: Project, decision: Decision) -> list[Any]:
    if decision.value is not None:
        return naming.current(project, decision.value)
    return [label.pk for label in _labels(decision)]


def _labels(said: Any) -> list[Label]:
    labels = [each.label for each in said.given.all()]
    return sorted(labels, key=lambda label: (label.position, label.pk))


def decided(project: Project, items: Collection[int]) -> dict[int, list[Any]]:
    """Return the decisions on these items of a project, for those that have one."""
    rows = Disagreement.objects.filter(item__in=items, state=Disagreement.State.DECIDED)
    rows = rows.select_related("decision").prefetch_related("decision__given__label")
    return {row.item_id: _names(project, row.decision) for row in rows if row.decision is not None}
