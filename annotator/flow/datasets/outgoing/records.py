"""One record an annotation, with how it came about; then one for each included row."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Prefetch

from annotator import tasktypes
from annotator.flow.annotation import adjudicate
from annotator.flow.datasets.outgoing import choices
from annotator.flow.datasets.outgoing.choices import Choices
from annotator.flow.datasets.outgoing.predictions import Predicted
from annotator.flow.evaluation import audit_judgements
from annotator.flow.labels import naming
from annotator.flow.progress import daily_counts
from annotator.flow.review import corrections
from annotator.models import Annotation, Item, Lease, Project, Revision, Source

CHUNK = 1000
CAME_ABOUT = (
    "source",
    "audit",
    "blind",
    "strategy",
    "phase",
    "round",
    "model",
    "score",
    "probability",
    "suggestion",
    "hidden_suggestion",
)


@dataclass(frozen=True)
class About:
    """What an export says of every item: the newest judgement and, if chosen, the prediction."""

    project: Project
    audits: audit_judgements.Judged
    predicted: Predicted | None = None


def records(about: About, wanted: Choices) -> Iterator[dict[str, Any]]:
    """Yield one record per annotation that was chosen, then one per included row."""
    project = about.project
    for annotation, decided in _with_decisions(project, _answers(project, wanted)):
        yield record(about, annotation.item, annotation.lease, annotation, decided)
    if "skipped" in wanted.include:
        yield from _skips(about, wanted)
    if "unlabelled" in wanted.include:
        for item in choices.unlabelled(project, wanted).order_by("pk").iterator(CHUNK):
            yield record(about, item)


def _answers(project: Project, wanted: Choices) -> Any:
    return with_all(choices.answers(project, wanted)).order_by("pk")


def with_all(answers: Any) -> Any:
    """Return annotations with what their records are made of."""
    revisions = Prefetch("revisions", Revision.objects.select_related("user"))
    answers = answers.select_related("item", "user", "round", "model", "lease", "corrected_by")
    return answers.prefetch_related("given__label", revisions)


def _with_decisions(
    project: Project, answers: Any
) -> Iterator[tuple[Annotation, list[Any] | None]]:
    last = 0
    while chunk := list(answers.filter(pk__gt=last)[:CHUNK]):
        decided = adjudicate.decided(project, {annotation.item_id for annotation in chunk})
        for annotation in chunk:
            yield annotation, decided.get(annotation.item_id)
        last = chunk[-1].pk


def _skips(about: About, wanted: Choices) -> Iterator[dict[str, Any]]:
    rows = choices.skips(about.project, wanted).select_related("item", "user", "round", "model")
    for lease in rows.order_by("ended_at", "pk").iterator(CHUNK):
        yield {
            **record(about, lease.item, lease),
            "annotator": lease.user.username,
            "created_at": lease.ended_at,
            "skip_reason": lease.reason,
        }


def record(
    about: About,
    item: Item,
    lease: Lease | None = None,
    annotation: Annotation | None = None,
    decided: list[Any] | None = None,
) -> dict[str, Any]:
    """Return the record of an annotation; without one, of a skip or an unlabelled item."""
    project = about.project
    told = {
        "id": annotation.pk if annotation else None,
        **of_item(project, item),
        **said(project, annotation),
        **_came_about(project, annotation or lease),
        "why": naming.untranslated(project, lease.why) if lease else "",
        **_when(project, annotation),
        "decided": decided,
        "judged": about.audits.of(item.position),
        "skip_reason": None,
        **by_others(project, annotation),
    }
    told |= grouped(project, told["labels"])
    return told if about.predicted is None else {**told, **prediction(about, item)}


def grouped(project: Project, labels: Sequence[str]) -> dict[str, Any]:
    """Return the groups of the labels; nothing in a project without groups."""
    found = naming.groups(project, labels)
    return {} if found is None else {"groups": found}


def prediction(about: About, item: Item) -> dict[str, Any]:
    """Return what the newest model says of an item, where predictions go out."""
    if about.predicted is None:
        return {}
    return {"prediction": about.predicted.of(item.position)}


def of_item(project: Project, item: Item) -> dict[str, Any]:
    """Return what an item is, and what is known of it."""
    return {
        "item": item.pk,
        "key": item.key,
        **tasktypes.of(project).media.export(item),
        "meta": item.meta,
        "state": Item.State(item.state).name.lower(),
        "gold": None if item.gold is None else naming.names_now(project, item.gold),
        "audit_key": item.audit_key,
    }


def said(project: Project, annotation: Annotation | None) -> dict[str, Any]:
    """Return what somebody said of an item."""
    if annotation is None:
        none = dict.fromkeys(("counted", "completes", "seconds", "seconds_counted", "unsure"))
        return {"labels": [], "annotator": None, **none, "note": ""}
    return {
        "labels": _label_names(project, annotation),
        "annotator": annotation.by,
        "counted": annotation.counted,
        "completes": annotation.completes,
        "seconds": annotation.seconds,
        "seconds_counted": daily_counts.counted_seconds(annotation.seconds),
        "unsure": annotation.unsure,
        "note": annotation.note,
    }


def _label_names(project: Project, annotation: Annotation) -> list[Any]:
    if annotation.value is not None:
        return naming.names_now(project, annotation.value)
    given = sorted(annotation.given.all(), key=lambda each: (each.label.position, each.label_id))
    if not given and annotation.withdrawn_at is not None:
        # Its labels may be deleted since; the names at the time of the withdrawal stay.
        return naming.names_now(project, list(annotation.revisions.all())[-1].labels)
    return naming.called(project, [each.label for each in given])


def _came_about(project: Project, row: Annotation | Lease | None) -> dict[str, Any]:
    if row is None:
        return dict.fromkeys(CAME_ABOUT)
    lease = row.lease if isinstance(row, Annotation) else row
    shown = row.suggestion if isinstance(row, Annotation) else None
    hidden = lease.suggestion if lease and shown is None else None
    return {
        "source": row.source,
        "audit": row.source == Source.AUDIT,
        "blind": row.blind,
        "strategy": row.strategy,
        "phase": row.round.phase if row.round else "",
        "round": row.round.number if row.round else None,
        "model": row.model.number if row.model else None,
        "score": row.score,
        "probability": row.probability,
        "suggestion": naming.named(project, shown),
        "hidden_suggestion": naming.named(project, hidden),
    }


def by_others(project: Project, annotation: Annotation | None) -> dict[str, Any]:
    """Return who corrected an answer, and what its author had said."""
    if annotation is None:
        return {"corrected_by": None, "author_labels": []}
    corrector = annotation.corrected_by
    own = corrections.own_labels(annotation, annotation.revisions.all()) if corrector else None
    said = [] if own is None else naming.names_now(project, own)
    labels = _label_names(project, annotation) if own is None else said
    return {"corrected_by": corrector.username if corrector else None, "author_labels": labels}


def _when(project: Project, annotation: Annotation | None) -> dict[str, Any]:
    if annotation is None:
        return dict.fromkeys(("created_at", "updated_at", "withdrawn_at", "corrections", "history"))
    history = list(annotation.revisions.all())
    return {
        "created_at": annotation.created_at,
        "updated_at": annotation.updated_at,
        "withdrawn_at": annotation.withdrawn_at,
        "corrections": sum(each.action == "corrected" for each in history),
        "history": [
            {
                "action": each.action,
                "by": each.user.username if each.user else None,
                "at": each.at,
                "labels": naming.names_now(project, each.labels),
                "unsure": each.unsure,
                "note": each.note,
            }
            for each in history
        ],
    }
