"""What was chosen to go out, and the queries that find it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q

from annotator import tasktypes
from annotator.errors import Invalid
from annotator.flow.labels import naming
from annotator.formats.base import WIDEN
from annotator.formats.spans.alignment import WAYS
from annotator.models import (
    Annotation,
    AnnotationLabel,
    Disagreement,
    Item,
    Lease,
    Membership,
    Project,
    Source,
)
from annotator.tasktypes.base import MARKS

INCLUDES = ("withdrawn", "skipped", "unlabelled", "predictions")
UNITS = ("annotation", "item", "document")
# Of what was removed, nothing is left to go out.
STATES = {state.name.lower(): state for state in Item.State if state is not Item.State.REMOVED}
# Names that no Python name can have.
CALLED = {"since": "from", "until": "to"}


@dataclass(frozen=True)
class Choices:
    """What goes out; empty choices leave nothing out. `since` and `until` limit when it was given.

    `label` are ids: a label may be renamed before the rows go out. `agreed` are the answers of
    items with all that they need, and no open disagreement.
    """

    annotator: tuple[str, ...] = ()
    label: tuple[int, ...] = ()
    state: tuple[str, ...] = ()
    source: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    agreed: bool = False
    unit: str = "annotation"
    include: tuple[str, ...] = ()
    # What becomes of spans that begin or end within a token.
    unaligned: str = WIDEN

    @property
    def says_who_or_what(self) -> bool:
        """Tell whether only answers can fit, so that items without one are left out."""
        limits = self.annotator or self.label or self.source or self.since or self.until
        return bool(limits) or self.agreed

    def stored(self) -> dict[str, Any]:
        """Return what was chosen by the names of the parameters, as JSON can have it."""
        given = {CALLED.get(each.name, each.name): getattr(self, each.name) for each in PARTS}
        found = {
            name: value.isoformat() if isinstance(value, datetime) else value
            for name, value in given.items()
            if value and (name, value) not in DEFAULTS
        }
        return {name: list(v) if isinstance(v, tuple) else v for name, v in found.items()}


PARTS = fields(Choices)
DEFAULTS = (("unit", "annotation"), ("unaligned", WIDEN))
NAMES = tuple(CALLED.get(each.name, each.name) for each in PARTS)
LISTS = ("annotator", "state", "source", "include")


def named(project: Project, stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return stored choices as people read them: with the names that labels have now."""
    refs = stored.get("label")
    return {**stored, "label": naming.names(project, refs)} if refs else dict(stored)


# Read ---------------------------------------------------------------------------------------------


def parsed(project: Project, given: Mapping[str, Any]) -> Choices:
    """Return the choices by the names of the parameters; Invalid names the first bad one.

    Labels are given by name, or by id as they are stored.
    """
    lists = {name: tuple(filter(None, given.get(name) or ())) for name in LISTS}
    _check(lists["include"], "include", INCLUDES, "unknown_include")
    _check(lists["state"], "state", tuple(STATES))
    _check(lists["source"], "source", tuple(Source.values))
    labels = _label_ids(project, given.get("label") or ())
    for name in lists["annotator"]:
        _check_annotator(project, name)
    unit = given.get("unit") or UNITS[0]
    _check((unit,), "unit", units_of(project))
    unaligned = given.get("unaligned") or WIDEN
    _check((unaligned,), "unaligned", WAYS)
    return Choices(
        **lists,
        label=labels,
        since=moment("from", given.get("from")),
        until=moment("to", given.get("to")),
        agreed=_is_on("agreed", given.get("agreed")),
        unit=unit,
        unaligned=unaligned,
    )


def units_of(project: Project) -> tuple[str, ...]:
    """Return what a record may be: only texts with marks come in paragraphs."""
    return UNITS if MARKS in tasktypes.of(project).can else UNITS[:-1]


def _check(
    given: Collection[str], field: str, there: Collection[str], code: str = "choice"
) -> None:
    for name in sorted(set(given) - set(there)):
        shown = name[:40] if code != "choice" else field
        raise Invalid(code, field=field, name=shown, names=", ".join(there))


def _label_ids(project: Project, given: Collection[int | str]) -> tuple[int, ...]:
    there = naming.by_name(project)
    wanted = [each for each in given if each]
    unknown = sorted(each for each in wanted if isinstance(each, str) and each not in there)
    if unknown:
        names = ", ".join(label.name for label in naming.labels_of(project))
        raise Invalid("unknown_label", field="label", name=unknown[0][:40], names=names)
    return tuple(there[each].pk if isinstance(each, str) else each for each in wanted)


def _check_annotator(project: Project, name: str) -> None:
    is_member = Membership.objects.filter(project=project, user__username=name).exists()
    if not is_member and not Annotation.objects.filter(by_whom([name]), project=project).exists():
        raise Invalid("unknown_annotator", field="annotator", name=name[:40])


def _is_on(name: str, given: Any) -> bool:
    if given in (True, "1"):
        return True
    if given in (None, False, "", "0"):
        return False
    raise Invalid("choice", field=name, name=name, names="1, 0")


def moment(name: str, given: Any) -> datetime | None:
    """Return the start of a day or a moment; of a last day, its end."""
    if given in (None, ""):
        return None
    text = str(given)
    try:
        if len(text) == len("2026-01-31"):
            day = datetime.combine(date.fromisoformat(text), time(), UTC)
            return day + timedelta(days=1) if name == "to" else day
        # In an address, a plus is a space.
        moment = datetime.fromisoformat(text.replace(" ", "+") if "T" in text else text)
    except (ValueError, OverflowError) as problem:
        raise Invalid("bad_moment", field=name, name=text[:40]) from problem
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


# Find ---------------------------------------------------------------------------------------------


def by_whom(names: Collection[str]) -> Q:
    """Return the filter for annotations of these people, with or without an account."""
    return Q(user__username__in=names) | Q(user=None, author__in=names)


def answers(project: Project, wanted: Choices) -> Any:
    """Return the annotations that go out."""
    rows = Annotation.objects.filter(project=project)
    if "withdrawn" not in wanted.include:
        rows = rows.filter(withdrawn_at=None)
    if wanted.annotator:
        rows = rows.filter(by_whom(wanted.annotator))
    if wanted.source:
        rows = rows.filter(source__in=wanted.source)
    if wanted.label and wanted.unit == "annotation":
        given = AnnotationLabel.objects.filter(annotation=OuterRef("pk"), label__in=wanted.label)
        rows = rows.filter(Exists(given))
    rows = _between(rows, "created_at", wanted)
    return _of_items(rows, wanted, "item__", "item")


def skips(project: Project, wanted: Choices) -> Any:
    """Return the skips that go out; none have a label."""
    rows = Lease.objects.filter(project=project, outcome__in=Lease.SKIPS)
    if wanted.label and wanted.unit == "annotation":
        return rows.none()
    if wanted.annotator:
        rows = rows.filter(user__username__in=wanted.annotator)
    if wanted.source:
        rows = rows.filter(source__in=wanted.source)
    rows = _between(rows, "ended_at", wanted)
    return _of_items(rows, wanted, "item__", "item")


def unlabelled(project: Project, wanted: Choices) -> Any:
    """Return the items without an annotation that go out."""
    rows = Item.objects.present(project)
    if wanted.says_who_or_what:
        return rows.none()
    standing = Annotation.objects.filter(item=OuterRef("pk"), withdrawn_at=None)
    return _of_items(rows.filter(~Exists(standing)), wanted, "", "pk")


def items(project: Project, wanted: Choices) -> Any:
    """Return the items that go out, where there is one record an item."""
    found = Q(Exists(answers(project, wanted).filter(item=OuterRef("pk"))))
    if "skipped" in wanted.include:
        found |= Q(Exists(skips(project, wanted).filter(item=OuterRef("pk"))))
    if "unlabelled" in wanted.include and not wanted.says_who_or_what:
        standing = Annotation.objects.filter(item=OuterRef("pk"), withdrawn_at=None)
        found |= ~Q(Exists(standing))
    return _of_items(Item.objects.present(project).filter(found), wanted, "", "pk")


def _between(rows: Any, field: str, wanted: Choices) -> Any:
    if wanted.since:
        rows = rows.filter(**{f"{field}__gte": wanted.since})
    return rows.filter(**{f"{field}__lt": wanted.until}) if wanted.until else rows


def _of_items(rows: Any, wanted: Choices, prefix: str, item: str) -> Any:
    """Return the rows whose items are in a state that was chosen, and agreed upon if chosen."""
    if wanted.state:
        rows = rows.filter(**{f"{prefix}state__in": [STATES[name] for name in wanted.state]})
    if wanted.agreed:
        torn = Disagreement.objects.filter(item=OuterRef(item), state=Disagreement.State.OPEN)
        rows = rows.filter(~Exists(torn), **{f"{prefix}state": Item.State.LABELLED})
    return rows
