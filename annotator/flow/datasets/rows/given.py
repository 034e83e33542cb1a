"""What a row says about its item, with the labels of the project."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.utils import timezone

from annotator import tasktypes
from annotator.errors import Invalid
from annotator.flow.annotation.submit import LONGEST_NOTE
from annotator.flow.datasets.rows.label_names import LabelNames, shown
from annotator.formats import GivenAnswer, RejectedRow, Row
from annotator.i18n import stored_texts
from annotator.models import Import, Label, Membership, Project, User

LONGEST_AUTHOR = 150
# Field names of other tools; the first one present counts.
CONFIDENCES = ("confidence", "score", "probability")


@dataclass(frozen=True)
class Answer:
    """An answer for an item: of a user, of an author without an account, or of the importer."""

    labels: tuple[Label, ...]
    user: User | None = None
    author: str = ""
    # Whether the file names who gave it.
    is_named: bool = False
    created_at: datetime | None = None
    seconds: float | None = None
    note: str = ""
    unsure: bool = False

    @property
    def refs(self) -> frozenset[int]:
        """Return the ids of its labels."""
        return frozenset(label.pk for label in self.labels)

    @property
    def who(self) -> tuple[int | None, str]:
        """Return who gave it, for comparing."""
        return (self.user.pk if self.user else None), self.author


@dataclass
class Given:
    """What a row says about its item. `told` are pairs of code and detail for the report."""

    answers: list[Answer] = field(default_factory=list)
    gold: list[int] | None = None
    suggested: dict[str, Any] | None = None
    meta: dict[str, Any] = field(default_factory=dict)
    told: list[tuple[str, str]] = field(default_factory=list)
    # Whether the labels of the row were left out.
    lost_label: bool = False


class Reading:
    """How the rows of one import are understood."""

    def __init__(self, work: Import, names: LabelNames) -> None:
        self._work, self._names = work, names
        self._answer = tasktypes.of(work.project).answer
        self._members = members_by_name(work.project)

    def prepare(self, rows: list[Row]) -> None:
        """Create the labels of the rows that were chosen to be created."""
        if self._work.labels_are != Import.LabelsAre.IGNORE:
            said = (name for row in rows for each in _answers(row) for name in each.labels)
            self._names.prepare(dict.fromkeys(said))

    def read(self, row: Row) -> Given | RejectedRow:
        """Return what the row says, or why it cannot be used."""
        given = Given(meta=row.meta)
        if self._work.labels_are == Import.LabelsAre.IGNORE:
            return given
        for each in _answers(row):
            if each.kind == "skip":
                given.told.append(("skip_left_out", stored_texts.SKIP_LEFT_OUT))
                continue
            labels = self._labels(each)
            if isinstance(labels, tuple):
                self._take(given, each, labels, row)
            elif labels is not None and self._work.unknown_labels == "unlabelled":
                given.told.append((labels.code, labels.detail))
                given.lost_label = True
            elif labels is not None:
                return RejectedRow(row.number, labels.code, self._reasons(given, each, labels))
        return given

    def _reasons(self, given: Given, each: GivenAnswer, problem: RejectedRow) -> str:
        """Return all that is wrong with an answer, or the second problem shows after the first."""
        if self._work.labels_are == Import.LabelsAre.SUGGESTION:
            self._confidence(given, each)
        return " ".join([problem.detail, *(words for _code, words in given.told)])

    def _labels(self, given: GivenAnswer) -> tuple[Label, ...] | RejectedRow | None:
        """Return the labels, what is wrong with them, or None where there is no answer."""
        names = [name for name in dict.fromkeys(given.labels) if not self._names.is_left_out(name)]
        if given.labels and not names:
            return RejectedRow(0, "label_left_out", stored_texts.LABEL_LEFT_OUT)
        found = []
        for name in names:
            label = self._names.find(name)
            if label is None:
                return RejectedRow(0, "unknown_label", self._names.problem(name))
            found.append(label)
        try:
            self._answer.check_number(len(dict.fromkeys(found)))
        except Invalid as problem:
            return RejectedRow(0, problem.code, stored_texts.ONE_LABEL) if found else None
        return tuple(dict.fromkeys(found))

    def _take(self, given: Given, each: GivenAnswer, labels: tuple[Label, ...], row: Row) -> None:
        refs = [label.pk for label in labels]
        use = self._work.labels_are
        if use == Import.LabelsAre.SUGGESTION or each.kind == "suggestion":
            if given.suggested is None:
                given.suggested = {"labels": refs, "confidence": self._confidence(given, each)}
            elif given.suggested["labels"] != refs:
                given.told.append(("second_suggestion", stored_texts.SECOND_SUGGESTION))
        elif use == Import.LabelsAre.GOLD:
            if given.gold is None:
                given.gold = refs
            elif set(given.gold) != set(refs):
                given.told.append(("second_gold", stored_texts.SECOND_GOLD))
        else:
            given.answers.append(self._attributed(each, labels))

    def _confidence(self, given: Given, each: GivenAnswer) -> float | None:
        """Return the suggestion's confidence if it is in [0, 1].

        It is removed from the shown metadata: a blind item shows nothing from a model.
        """
        sure: Any = each.confidence
        if sure is None:
            name = next((name for name in CONFIDENCES if _is_number(given.meta.get(name))), "")
            if not name:
                return None
            sure = float(given.meta[name])
            given.meta = {key: value for key, value in given.meta.items() if key != name}
        if 0.0 <= sure <= 1.0:
            return float(sure)
        words = stored_texts.CONFIDENCE_RANGE % {"value": f"{sure:g}"}
        given.told.append(("confidence_range", words))
        return None

    def _attributed(self, each: GivenAnswer, labels: tuple[Label, ...]) -> Answer:
        name = " ".join(each.annotator.split())[:LONGEST_AUTHOR]
        member = self._members.get(name)
        return Answer(
            labels,
            user=member if name else self._work.user,
            author="" if member or not name else name,
            is_named=bool(name),
            created_at=_moment(each.created_at),
            seconds=each.seconds if each.seconds is not None and each.seconds >= 0 else None,
            note=each.note.replace("\x00", "")[:LONGEST_NOTE],
            unsure=each.unsure,
        )


def _answers(row: Row) -> Iterator[GivenAnswer]:
    if row.answers:
        yield from row.answers
    elif row.labels:
        yield GivenAnswer(tuple(row.labels))


def members_by_name(project: Project) -> dict[str, User]:
    """Return the members of a project by their usernames."""
    rows = Membership.objects.filter(project=project).select_related("user")
    return {member.user.username: member.user for member in rows}


def _is_number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return not isinstance(value, bool)


def _moment(given: datetime | None) -> datetime | None:
    """Return a time of the file, never after now: nobody can have answered then."""
    if given is None:
        return None
    known = given if timezone.is_aware(given) else given.replace(tzinfo=UTC)
    return min(known, timezone.now())


def named(names: list[str]) -> str:
    """Return names of labels for a report."""
    return ", ".join(f"“{shown(name)}”" for name in names)
