"""What a window of the desk sends: decisions that waited in it, each settled by itself.

One that cannot be stored must not hold up the others, and the window has to know of each what
became of it: it keeps a decision until it was told.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from annotator.errors import Conflict, Refused
from annotator.flow.annotation import history, payload, revise, submit
from annotator.flow.labels.naming import Ref
from annotator.flow.progress import stopping
from annotator.flow.queue import current_leases, releasing
from annotator.flow.review import assignments
from annotator.models import Annotation, Lease, Project, User

Then = Callable[[], None] | None
SAVED, DONE, REFUSED = "saved", "done", "refused"


@dataclass(frozen=True)
class DecisionResult:
    """What became of a decision: `state` is saved, done (nothing more to do) or refused.

    `words` say it to the person; `annotation` is what may be told of the answer, `lease` what an
    undone one is answered under again.
    """

    client_id: str
    state: str
    words: str
    code: str = ""
    annotation: dict[str, Any] | None = None
    lease: Lease | None = None


def apply_decision(
    project: Project,
    user: User,
    page: str,
    decision: Mapping[str, Any],
    then: Then = None,
) -> DecisionResult:
    """Store one decision of the window `page`; twice the same changes nothing.

    `decision` has a `kind` (label, skip, correct or undo), the `client_id` that names it, and what
    the kind needs; labels by `label_ids`, or by `labels`, their names. A decision is done, too,
    where somebody else was first: what was said is kept then, or stands already. `then` is done in
    the transaction of a label that counts.
    """
    key = str(decision["client_id"])
    try:
        return HANDLERS[decision["kind"]](project, user, page, decision, then)
    except submit.StoredAsExtra as refusal:
        kept = payload.annotation_payload(refusal.annotation)
        return DecisionResult(key, DONE, refusal.detail, refusal.code, kept)
    except Conflict as refusal:
        return DecisionResult(key, DONE, refusal.detail, refusal.code)
    except Refused as refusal:
        return DecisionResult(key, REFUSED, refusal.detail, refusal.code)


def _label(
    project: Project, user: User, page: str, decision: Mapping[str, Any], then: Then
) -> DecisionResult:
    fields = ("lease", "client_id", "seconds", "note", "unsure")
    given = {name: decision[name] for name in fields if name in decision}
    annotation, _is_new = submit.submit(project, user, labels=_labels(decision), then=then, **given)
    told = payload.annotation_payload(annotation)
    return DecisionResult(str(decision["client_id"]), SAVED, saved_words(told), annotation=told)


def _labels(decision: Mapping[str, Any]) -> list[Ref]:
    """Return the labels by their ids, else by names, as windows kept them before they knew ids."""
    return list(decision["label_ids"] if "label_ids" in decision else decision["labels"])


def _skip(
    project: Project, user: User, page: str, decision: Mapping[str, Any], then: Then
) -> DecisionResult:
    held = current_leases.get_lease(project, user, str(decision["lease"]))
    words = skip_words(held, releasing.skip(held, decision.get("reason", "")))
    return DecisionResult(str(decision["client_id"]), DONE, words, "skipped")


def _correct(
    project: Project, user: User, page: str, decision: Mapping[str, Any], then: Then
) -> DecisionResult:
    annotation = revise.find_annotation(project, user, int(decision["annotation"]))
    changed = revise.correct(
        annotation, user, _labels(decision), decision.get("note"), decision.get("unsure")
    )
    told = payload.annotation_payload(changed)
    words = _("Corrected: %(labels)s.") % {"labels": label_words(told)}
    return DecisionResult(str(decision["client_id"]), SAVED, words, annotation=told)


def _undo(
    project: Project, user: User, page: str, decision: Mapping[str, Any], then: Then
) -> DecisionResult:
    key, deed = str(decision["client_id"]), _named(project, user, decision)
    if deed is None:
        return DecisionResult(key, DONE, _("Nothing to undo."), "nothing")
    lease = take_back(deed, user, page)
    return DecisionResult(key, DONE, undone_words(project, lease), "undone", lease=lease)


def _named(project: Project, user: User, decision: Mapping[str, Any]) -> Annotation | Lease | None:
    """Return the answer or the skip that an undo is about: the newest where it names neither."""
    if decision.get("lease") is not None:
        return current_leases.get_lease(project, user, str(decision["lease"]))
    if decision.get("annotation") is not None:
        return revise.find_annotation(project, user, int(decision["annotation"]))
    return history.last_action(project, user)


Handler = Callable[[Project, User, str, Mapping[str, Any], Then], DecisionResult]
# After these another item is before the person.
SETTLING = ("label", "skip")
HANDLERS: dict[str, Handler] = {"label": _label, "skip": _skip, "correct": _correct, "undo": _undo}


def take_back(deed: Annotation | Lease, user: User, page: str = "") -> Lease | None:
    """Undo an answer or a skip; return the lease under which to decide anew, if one is needed."""
    if isinstance(deed, Lease):
        return releasing.unskip(deed, page)
    return revise.undo(deed, user, page)


def undone_words(project: Project, lease: Lease | None) -> str:
    """Return what became of an undo."""
    if lease is None and stopping.paused(project):
        return _("Undone. The project is paused; you get the item again when it is resumed.")
    if lease is None:
        return _("Skip undone. Other annotators have taken the item in the meantime.")
    return _("Undone. Here is the item again.")


def skip_words(skipped: Lease, is_asked_on: bool) -> str:
    """Return who will see what was skipped."""
    if assignments.is_review(skipped):
        return _("Skipped. The item keeps the label that it already has.")
    if is_asked_on:
        return _("Skipped. Another annotator will see it.")
    return _("Skipped. Every annotator has skipped it, so it is parked for the project's lead.")


def saved_words(told: Mapping[str, Any]) -> str:
    """Return what was saved, and what the item was, which may only be told now."""
    said = _("Saved: %(labels)s.") % {"labels": label_words(told)}
    was = {
        "gold": _check_words(told),
        "audit": _("That was an audit item. It measures the model's accuracy."),
        "random": _("That was a random item."),
        "second": _("That was a review of a likely label error."),
        "repeat": _("You had labelled this item before. It measures self-consistency."),
    }.get(told["source"], "")
    return f"{said} {was}".strip()


def _check_words(told: Mapping[str, Any]) -> str:
    known = told.get("known")
    if known is None or sorted(known) == sorted(told["labels"]):
        return _("That was a gold item.")
    shown = ", ".join(known) or _("no label")
    return _("That was a gold item. The correct answer is %(labels)s.") % {"labels": shown}


def label_words(told: Mapping[str, Any]) -> str:
    """Return the labels of an answer in words, also where it says that none of them fits."""
    return ", ".join(told["labels"]) or _("no label")
