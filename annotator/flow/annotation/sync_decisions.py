"""Apply the decisions that a window sends, one by one.

A decision that cannot be stored must not block the others, and the window needs the result of each:
it keeps a decision until the server has confirmed it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from annotator import tasktypes
from annotator.errors import Conflict, FlowError, Invalid
from annotator.flow.annotation import history, payload, revise, submit
from annotator.flow.annotation.submit import OnCounted
from annotator.flow.labels.naming import Ref
from annotator.flow.progress.stopping import is_paused
from annotator.flow.queue import current_leases, releasing, skipped_items
from annotator.models import Annotation, Lease, Project, User

SAVED, DONE, REFUSED = "saved", "done", "refused"


class Outcome(Enum):
    """Result of a decision; `messages.labelling` words it."""

    SAVED = "saved"
    CORRECTED = "corrected"
    PASSED_ON = "passed on"
    SET_ASIDE = "set aside"
    REVIEW_DISMISSED = "review dismissed"
    UNDONE = "undone"
    UNDONE_WHILE_PAUSED = "undone while paused"
    UNDONE_ELSEWHERE = "undone, but others have the item"
    NOTHING = "nothing to undo"
    REFUSED = "refused"


@dataclass(frozen=True)
class DecisionResult:
    """Result of a decision: `state` is saved, done (nothing more to do) or refused.

    `annotation` is the payload of the annotation, `lease` the one under which to answer again after
    an undo, and `given` what was undone; `refused` has the reason of a refusal.
    """

    client_id: str
    state: str
    outcome: Outcome
    code: str = ""
    annotation: dict[str, Any] | None = None
    lease: Lease | None = None
    given: dict[str, Any] = field(default_factory=dict)
    refused: str = ""


def apply_decision(
    project: Project,
    user: User,
    page: str,
    decision: Mapping[str, Any],
    on_counted: OnCounted = None,
) -> DecisionResult:
    """Apply one decision of the window `page`; sending it twice changes nothing.

    `decision` has a `kind` (label, skip, correct or undo), the `client_id` that identifies it, and
    the fields of its kind; labels by `label_ids`, or by `labels`, their names. A decision is also
    done if another one came first: its answer is stored then, or was stored before. `on_counted`
    runs in the transaction of a label that counts.
    """
    key = str(decision["client_id"])
    try:
        return HANDLERS[decision["kind"]](project, user, page, decision, on_counted)
    except submit.StoredAsExtra as refusal:
        kept = payload.annotation_payload(refusal.annotation)
        return _refused(key, DONE, refusal, kept)
    except Conflict as refusal:
        return _refused(key, DONE, refusal)
    except FlowError as refusal:
        return _refused(key, REFUSED, refusal)


def _refused(
    key: str, state: str, refusal: FlowError, annotation: dict[str, Any] | None = None
) -> DecisionResult:
    return DecisionResult(
        key, state, Outcome.REFUSED, refusal.code, annotation, refused=refusal.detail
    )


def _label(
    project: Project, user: User, page: str, decision: Mapping[str, Any], on_counted: OnCounted
) -> DecisionResult:
    fields = ("lease", "client_id", "seconds", "note", "unsure", "tagged")
    given = {name: decision[name] for name in fields if name in decision}
    annotation, _is_new = submit.submit(
        project, user, labels=_labels(project, decision), on_counted=on_counted, **given
    )
    told = payload.annotation_payload(annotation)
    return DecisionResult(str(decision["client_id"]), SAVED, Outcome.SAVED, annotation=told)


def _labels(project: Project, decision: Mapping[str, Any]) -> list[Ref]:
    """Return the labels by id, else by the task type's own fields."""
    if "label_ids" in decision:
        found: list[Ref] = decision["label_ids"]
        return found
    answer = tasktypes.of(project).answer
    if answer.field not in decision:
        raise Invalid("required", field=answer.field)
    return answer.labels(decision[answer.field])


def _skip(
    project: Project, user: User, page: str, decision: Mapping[str, Any], on_counted: OnCounted
) -> DecisionResult:
    held = current_leases.get_lease(project, user, str(decision["lease"]))
    reason = skipped_items.joined(decision.get("reason", ""), decision.get("note", ""))
    outcome = skip(held, reason)
    return DecisionResult(str(decision["client_id"]), DONE, outcome, "skipped")


def _correct(
    project: Project, user: User, page: str, decision: Mapping[str, Any], on_counted: OnCounted
) -> DecisionResult:
    annotation = revise.find_annotation(project, user, int(decision["annotation"]))
    changed = revise.correct(
        annotation, user, _labels(project, decision), decision.get("note"), decision.get("unsure")
    )
    told = payload.annotation_payload(changed)
    return DecisionResult(str(decision["client_id"]), SAVED, Outcome.CORRECTED, annotation=told)


def _undo(
    project: Project, user: User, page: str, decision: Mapping[str, Any], on_counted: OnCounted
) -> DecisionResult:
    key, deed = str(decision["client_id"]), _named(project, user, decision)
    if deed is None:
        return DecisionResult(key, DONE, Outcome.NOTHING, "nothing")
    given = history.given(deed)
    lease = take_back(deed, user, page)
    outcome = undo_outcome(project, lease)
    return DecisionResult(key, DONE, outcome, "undone", lease=lease, given=given)


def _named(project: Project, user: User, decision: Mapping[str, Any]) -> Annotation | Lease | None:
    """Return the annotation or skip to undo: the newest if `decision` names neither."""
    if decision.get("lease") is not None:
        return current_leases.get_lease(project, user, str(decision["lease"]))
    if decision.get("annotation") is not None:
        return revise.find_annotation(project, user, int(decision["annotation"]))
    return history.last_action(project, user)


Handler = Callable[[Project, User, str, Mapping[str, Any], OnCounted], DecisionResult]
# These results put another item on the screen.
SETTLING = ("label", "skip")
HANDLERS: dict[str, Handler] = {"label": _label, "skip": _skip, "correct": _correct, "undo": _undo}


def take_back(deed: Annotation | Lease, user: User, page: str = "") -> Lease | None:
    """Undo an annotation or skip; return the lease to decide again under, if one is needed."""
    if isinstance(deed, Lease):
        return releasing.unskip(deed, page)
    return revise.undo(deed, user, page)


def undo_outcome(project: Project, lease: Lease | None) -> Outcome:
    """Return the result of an undo that returned this lease."""
    if lease is not None:
        return Outcome.UNDONE
    return Outcome.UNDONE_WHILE_PAUSED if is_paused(project) else Outcome.UNDONE_ELSEWHERE


def skip(lease: Lease, reason: str = "") -> Outcome:
    """Skip the item, and return who will be asked next."""
    is_asked_on = releasing.skip(lease, reason)
    if lease.is_review:
        return Outcome.REVIEW_DISMISSED
    return Outcome.PASSED_ON if is_asked_on else Outcome.SET_ASIDE
