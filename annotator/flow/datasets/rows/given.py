"""What a row says about its item, with the labels of the project."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from django.utils import timezone

from annotator import tasktypes
from annotator.errors import Invalid
from annotator.flow.annotation.submit import LONGEST_NOTE
from annotator.flow.datasets.rows.label_names import LabelNames, shown
from annotator.formats import GivenAnswer, Reason, RejectedRow, Row, because
from annotator.models import Import, Label, Membership, Project, User
from annotator.projectsettings.marking import mark_rules
from annotator.tasktypes.marks import Mark, QuotedMark, as_ref, label_of

LONGEST_AUTHOR = 150
# Of a set, in a report.
MOST_TOLD = 5
# Field names of other tools; the first one present counts.
CONFIDENCES = ("confidence", "score", "probability")


@dataclass(frozen=True)
class Answer:
    """An answer for an item: of a user, of an author without an account, or of the importer."""

    labels: tuple[Label, ...]
    # What it says beyond its labels.
    marks: tuple[Mark, ...] | None = None
    user: User | None = None
    author: str = ""
    # Whether the file names who gave it.
    is_named: bool = False
    created_at: datetime | None = None
    seconds: float | None = None
    note: str = ""
    unsure: bool = False

    @property
    def refs(self) -> frozenset[Any]:
        """Return its marks, or else the ids of its labels."""
        if self.marks is not None:
            return frozenset(self.marks)
        return frozenset(label.pk for label in self.labels)

    @property
    def who(self) -> tuple[int | None, str]:
        """Return who gave it, for comparing."""
        return (self.user.pk if self.user else None), self.author


@dataclass
class Given:
    """What a row says about its item. `told` is for the report."""

    answers: list[Answer] = field(default_factory=list)
    gold: list[Any] | None = None
    suggested: dict[str, Any] | None = None
    meta: dict[str, Any] = field(default_factory=dict)
    told: list[Reason] = field(default_factory=list)
    # Whether the labels of the row were left out.
    lost_label: bool = False


class Reading:
    """How the rows of one import are understood."""

    def __init__(self, work: Import, names: LabelNames) -> None:
        self._work, self._names = work, names
        self._answer = tasktypes.of(work.project).answer
        self._rules = mark_rules(work.project)
        self._members = members_by_name(work.project)

    def prepare(self, rows: list[Row]) -> None:
        """Create the labels of the rows that were chosen to be created."""
        if self._work.labels_are != Import.LabelUse.IGNORE:
            said = (name for row in rows for each in _answers(row) for name in each.names)
            self._names.prepare(dict.fromkeys(said))

    def read(self, row: Row) -> Given | RejectedRow:
        """Return what the row says, or why it cannot be used."""
        given = Given(meta=row.meta)
        if self._work.labels_are == Import.LabelUse.IGNORE:
            return given
        given.told.extend(row.told)
        for each in _answers(row):
            if each.kind == "skip":
                given.told.append(because("skip_left_out"))
                continue
            labels = self._said(each, row)
            if labels is None and self._lacks_places(each):
                given.told.append(because("labels_without_places"))
            if isinstance(labels, _Marked):
                self._take(given, each, labels, row)
            elif labels is not None and self._work.unknown_labels == "unlabelled":
                given.told.append(labels)
                given.lost_label = True
            elif labels is not None:
                return RejectedRow(row.number, self._reasons(given, each, labels))
        return given

    def _lacks_places(self, each: GivenAnswer) -> bool:
        """Return whether an answer has labels of the whole text where each has its place."""
        return not self._answer.of_classes and each.spans is None and bool(each.labels)

    def _reasons(self, given: Given, each: GivenAnswer, problem: Reason) -> Reason:
        """Return all that is wrong with an answer, or the second problem shows after the first."""
        if self._work.labels_are == Import.LabelUse.SUGGESTION:
            self._confidence(given, each)
        return replace(problem, also=(*problem.also, *given.told))

    def _said(self, given: GivenAnswer, row: Row) -> "_Marked | Reason | None":
        """Return what an answer says, what is wrong with it, or None where it says nothing."""
        labels = self._labels(given)
        if not isinstance(labels, tuple):
            return labels
        return _Marked(labels) if self._answer.of_classes else self._marks(given, labels, row)

    def _labels(self, given: GivenAnswer) -> tuple[Label, ...] | Reason | None:
        """Return the labels, what is wrong with them, or None where there is no answer."""
        if given.problem is not None and given.spans is None:
            return given.problem
        names = [name for name in dict.fromkeys(given.names) if not self._names.is_left_out(name)]
        if given.names and not names:
            return because("label_left_out")
        found = []
        for name in names:
            label = self._names.find(name)
            if label is None:
                return self._names.problem(name)
            found.append(label)
        try:
            self._answer.check_number(len(dict.fromkeys(found)))
        except Invalid as problem:
            return because(problem.code, message="one_label") if found else None
        return tuple(dict.fromkeys(found))

    def _marks(
        self, given: GivenAnswer, labels: tuple[Label, ...], row: Row
    ) -> "_Marked | Reason | None":
        """Return the labels with their places, or what is wrong with one of them."""
        if given.problem is not None:
            return given.problem
        if given.spans is None:
            return None
        refs, sure = [], []
        for each in given.spans:
            label = self._names.find(each.label)
            if label is not None:
                mark = Mark(each.start, each.end, label.pk, each.attribute)
                refs.append(mark if each.quote is None else QuotedMark.of(mark, each.quote))
                sure.append(each.confidence)
        try:
            marks = self._answer.marks(refs, str(row.content), self._rules) or []
        except Invalid as problem:
            return because(problem.code, message=problem.message, **problem.values)
        said = [as_ref(ref) for ref in refs]
        by_mark = dict(zip(self._answer.whole(said, str(row.content)), sure, strict=True))
        is_widened = set(said) != set(marks)
        return _Marked(labels, tuple(marks), tuple(by_mark[mark] for mark in marks), is_widened)

    def _take(self, given: Given, each: GivenAnswer, labels: "_Marked", row: Row) -> None:
        refs = labels.refs
        if labels.is_widened:
            given.told.append(because("span_widened"))
        use = self._work.labels_are
        if use == Import.LabelUse.SUGGESTION or each.kind == "suggestion":
            if given.suggested is None:
                sure = self._confidence(given, each)
                given.suggested = {"labels": refs, "confidence": sure, **labels.confidences}
            elif given.suggested["labels"] != refs:
                given.told.append(because("second_suggestion"))
        elif use == Import.LabelUse.GOLD:
            if given.gold is None:
                given.gold = refs
            elif set(given.gold) != set(refs):
                given.told.append(because("second_gold"))
        else:
            given.answers.append(self._attributed(each, labels))

    def _confidence(self, given: Given, each: GivenAnswer) -> float | None:
        """Return the suggestion's confidence if it is in [0, 1].

        It is removed from the shown metadata: a blind item shows nothing from a model.
        """
        sure: Any = each.confidence
        if sure is None:
            there = (name for name in CONFIDENCES if given.meta.get(name) not in (None, ""))
            name = next(there, "")
            if not name:
                return None
            said = given.meta[name]
            sure = _share(said)
            if sure is None:
                given.told.append(because("confidence_range", value=str(said)[:40]))
                return None
            given.meta = {key: value for key, value in given.meta.items() if key != name}
        if 0.0 <= sure <= 1.0:
            return float(sure)
        given.told.append(because("confidence_range", value=f"{sure:g}"))
        return None

    def _attributed(self, each: GivenAnswer, labels: "_Marked") -> Answer:
        name = " ".join(each.annotator.split())[:LONGEST_AUTHOR]
        member = self._members.get(name)
        return Answer(
            labels.labels,
            labels.marks,
            user=member if name else self._work.user,
            author="" if member or not name else name,
            is_named=bool(name),
            created_at=_moment(each.created_at),
            seconds=each.seconds if each.seconds is not None and each.seconds >= 0 else None,
            note=each.note.replace("\x00", "")[:LONGEST_NOTE],
            unsure=each.unsure,
        )


@dataclass(frozen=True)
class _Marked:
    """Labels of an answer and, for some task types, their places with the confidences."""

    labels: tuple[Label, ...]
    marks: tuple[Mark, ...] | None = None
    sure: tuple[float | None, ...] = ()
    # Whether a mark was made to cover whole characters.
    is_widened: bool = False

    @property
    def refs(self) -> list[Any]:
        if self.marks is not None:
            return list(self.marks)
        return [label.pk for label in self.labels]

    @property
    def confidences(self) -> dict[str, Any]:
        """Return the field of a suggestion with the confidence in each mark, if the file has it."""
        return {"each": list(self.sure)} if any(each is not None for each in self.sure) else {}


def _answers(row: Row) -> Iterator[GivenAnswer]:
    if row.answers:
        yield from row.answers
    elif row.labels:
        yield GivenAnswer(tuple(row.labels))


def members_by_name(project: Project) -> dict[str, User]:
    """Return the members of a project by their usernames."""
    rows = Membership.objects.filter(project=project).select_related("user")
    return {member.user.username: member.user for member in rows}


def _share(value: Any) -> float | None:
    """Return a number as people and spreadsheets write it: 0.95, “95%” or “0,95”."""
    text = str(value).strip().replace(",", ".")
    try:
        number = float(text.removesuffix("%"))
    except ValueError:
        return None
    return number / 100 if text.endswith("%") else number


def _moment(given: datetime | None) -> datetime | None:
    """Return a time of the file, never after now: nobody can have answered then."""
    if given is None:
        return None
    known = given if timezone.is_aware(given) else given.replace(tzinfo=UTC)
    return min(known, timezone.now())


def quoted(names: list[Any]) -> str | Reason:
    """Return names of labels for a report, those of marks with their places."""
    if not names:
        return because("label_conflict", message="nothing_given")
    told = ", ".join(map(_quoted, names[:MOST_TOLD]))
    return f"{told}, … ({len(names)})" if len(names) > MOST_TOLD else told


def _quoted(name: Any) -> str:
    label = f"“{shown(str(label_of(name)))}”"
    if not isinstance(name, tuple):
        return label
    start, end, _label, *attribute = name
    return f"{', '.join([label, *filter(None, attribute)])} ({start}–{end})"
