"""Export of annotations with their provenance; streamed, so size does not matter."""

from collections.abc import Collection, Iterator
from typing import Any

from django.db.models import Exists, OuterRef, Prefetch

from annotator import tasktypes
from annotator.errors import Invalid
from annotator.flow.annotation import adjudicate
from annotator.flow.evaluation import audit_judgements
from annotator.flow.labels import naming
from annotator.flow.progress import daily_counts
from annotator.formats.registry import WRITERS
from annotator.models import Annotation, Item, Lease, Project, Revision, Source

CHUNK = 1000
INCLUDES = ("withdrawn", "skipped", "unlabelled")
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


def stream(project: Project, format: str, include: Collection[str] = ()) -> Iterator[bytes]:
    """Yield the project's annotations in the given format, oldest first, then included rows.

    `include` adds "withdrawn" annotations, and "skipped" and "unlabelled" items.
    """
    _refuse_unknown("format", "unknown_format", {format}, WRITERS)
    _refuse_unknown("include", "unknown_include", include, INCLUDES)
    answer = tasktypes.of(project).answer
    return WRITERS[format].write(map(answer.told, records(project, include)))


def _refuse_unknown(field: str, code: str, given: Collection[str], there: Collection[str]) -> None:
    for name in sorted(set(given) - set(there)):
        raise Invalid(code, field=field, name=name[:40], names=", ".join(there))


def records(project: Project, include: Collection[str] = ()) -> Iterator[dict[str, Any]]:
    """Yield one record per valid annotation, then one per included row."""
    audits = audit_judgements.of_audits(project)
    answers = _answers(project)
    if "withdrawn" not in include:
        answers = answers.filter(withdrawn_at=None)
    for annotation, decided in _with_decisions(answers):
        yield _record(project, annotation.item, annotation.lease, annotation, audits, decided)
    if "skipped" in include:
        yield from _skips(project, audits)
    if "unlabelled" in include:
        rows = Item.objects.present(project)
        standing = Annotation.objects.filter(item=OuterRef("pk"), withdrawn_at=None)
        for item in rows.filter(~Exists(standing)).order_by("pk").iterator(CHUNK):
            yield _record(project, item, None, None, audits, None)


def _answers(project: Project) -> Any:
    revisions = Prefetch("revisions", Revision.objects.select_related("user"))
    return (
        Annotation.objects.filter(project=project)
        .select_related("item", "user", "round", "model", "lease")
        .prefetch_related("given__label", revisions)
        .order_by("pk")
    )


def _with_decisions(answers: Any) -> Iterator[tuple[Annotation, list[str] | None]]:
    last = 0
    while chunk := list(answers.filter(pk__gt=last)[:CHUNK]):
        decided = adjudicate.decided({annotation.item_id for annotation in chunk})
        for annotation in chunk:
            yield annotation, decided.get(annotation.item_id)
        last = chunk[-1].pk


def _skips(project: Project, audits: audit_judgements.Judged) -> Iterator[dict[str, Any]]:
    skips = Lease.objects.filter(project=project, outcome__in=Lease.SKIPS)
    rows = skips.select_related("item", "user", "round", "model").order_by("ended_at", "pk")
    for lease in rows.iterator(CHUNK):
        yield {
            **_record(project, lease.item, lease, None, audits, None),
            "annotator": lease.user.username,
            "created_at": lease.ended_at,
            "skip_reason": lease.reason,
        }


def _record(
    project: Project,
    item: Item,
    lease: Lease | None,
    annotation: Annotation | None,
    audits: audit_judgements.Judged,
    decided: list[str] | None,
) -> dict[str, Any]:
    """Return the record of an annotation; without one, of a skip or an unlabelled item."""
    return {
        "id": annotation.pk if annotation else None,
        **_of_item(project, item),
        **_said(project, annotation),
        **_came_about(project, annotation or lease),
        "why": naming.untranslated(project, lease.why) if lease else "",
        **_when(project, annotation),
        "decided": decided,
        "judged": audits.of(item.position),
        "skip_reason": None,
    }


def _of_item(project: Project, item: Item) -> dict[str, Any]:
    return {
        "item": item.pk,
        "key": item.key,
        **tasktypes.of(project).media.export(item),
        "meta": item.meta,
        "state": Item.State(item.state).name.lower(),
        "gold": None if item.gold is None else naming.names(project, item.gold),
        "audit_key": item.audit_key,
    }


def _said(project: Project, annotation: Annotation | None) -> dict[str, Any]:
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


def _label_names(project: Project, annotation: Annotation) -> list[str]:
    given = sorted(annotation.given.all(), key=lambda each: (each.label.position, each.label_id))
    if not given and annotation.withdrawn_at is not None:
        # Its labels may be deleted since; the names at the time of the withdrawal stay.
        return naming.names(project, list(annotation.revisions.all())[-1].labels)
    return [each.label.name for each in given]


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
                "labels": naming.names(project, each.labels),
                "unsure": each.unsure,
                "note": each.note,
            }
            for each in history
        ],
    }
