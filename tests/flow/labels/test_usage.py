"""A label that only history gave is not in use; history keeps what it said."""

import json
from typing import Any

import pytest

from annotator.errors import Conflict
from annotator.flow.annotation import adjudicate, history, revise, submit
from annotator.flow.datasets import export
from annotator.flow.labels import usage
from annotator.flow.projects import label_set, settings
from annotator.flow.queue import leasing
from annotator.models import Annotation, Decision, Label, Project, User
from tests import loop
from tests.given import Fill

pytestmark = pytest.mark.django_db


@pytest.fixture
def three(project: Project) -> Any:
    """The project with a third label."""
    label_set.change_labels(project, [*_ids(project), "refund"])
    return project


def _ids(project: Project) -> Any:
    return [{"id": label.pk} | {"name": label.name} for label in project.labels.all()]


def drop(project: Project, name: Any) -> None:
    """Save the project's labels without that one."""
    label_set.change_labels(project, [each for each in _ids(project) if each["name"] != name])


def names(project: Project) -> Any:
    return list(project.labels.values_list("name", flat=True))


def exported(project: Project, *include: Any) -> Any:
    lines = b"".join(export.stream(project, "jsonl", include)).splitlines()
    return [json.loads(line) for line in lines]


def test_label_of_a_withdrawn_answer_is_removed_and_history_keeps_it(
    three: Any, filled: Fill, ana: User
) -> None:
    filled(three, 30)
    lease = leasing.lease_next(three, ana)
    key = "6e1f6b1c-0d5c-4a7c-9a52-6a2b9f3f6a10"
    given = loop.answer(lease, ["refund"], client_id=key)
    revise.withdraw(given, ana)
    assert usage.counted(three, Label.objects.get(name="refund"))["annotations"] == 0
    drop(three, "refund")
    assert names(three) == ["spam", "ham"]
    (record,) = exported(three, "withdrawn")
    assert record["labels"] == ["refund"]
    assert [(each["action"], each["labels"]) for each in record["history"]] == [
        ("withdrawn", ["refund"])
    ]
    assert exported(three) == []
    # The same save again is still the same save.
    again, is_new = submit.submit(three, ana, lease=str(lease.pk), labels=["refund"], client_id=key)
    assert (again.pk, is_new) == (given.pk, False)


def test_label_that_was_corrected_away_is_removed(three: Any, filled: Fill, ana: User) -> None:
    filled(three, 30)
    given = loop.answer(leasing.lease_next(three, ana), ["refund"])
    revise.correct(given, ana, ["spam"])
    drop(three, "refund")
    (remembered,) = [history.remembered(three, each) for each in history.answers(three, ana)]
    assert remembered["labels"] == ["spam"]
    assert [each["labels"] for each in remembered["history"]] == [["refund"]]
    assert [each["by"] for each in remembered["history"]] == [None]


def test_author_sees_who_corrected_an_annotation(
    three: Any, filled: Fill, ana: User, lea: User
) -> None:
    filled(three, 30)
    given = loop.answer(leasing.lease_next(three, ana), ["refund"])
    revise.correct(given, ana, ["spam"])
    revise.correct(given, lea, ["ham"])
    (remembered,) = [history.remembered(three, each) for each in history.answers(three, ana)]
    assert [each["by"] for each in remembered["history"]] == [None, "lea"]


def test_label_that_one_standing_answer_gives_stays(three: Any, filled: Fill, ana: User) -> None:
    filled(three, 30)
    first, _second = (loop.answer(leasing.lease_next(three, ana), ["refund"]) for _ in range(2))
    revise.withdraw(first, ana)
    with pytest.raises(Conflict, match=r"used by 1 annotation\."):
        drop(three, "refund")
    assert names(three) == ["spam", "ham", "refund"]
    assert Annotation.objects.get(pk=first.pk).given.count() == 1


def test_label_of_a_decision_that_was_taken_back_is_removed(
    three: Any, filled: Fill, ana: User, ben: User, lea: User
) -> None:
    settings.change_settings(three, overlap=2)
    three.refresh_from_db()
    (item,) = filled(three, 1)
    for person, said in ((ana, "spam"), (ben, "ham")):
        loop.answer(leasing.lease_next(three, person), [said])
    adjudicate.decide(three, lea, item.pk, ["refund"])
    with pytest.raises(Conflict, match=r"used by 1 annotation\."):
        drop(three, "refund")
    adjudicate.take_back(three, lea, item.pk)
    refund = Label.objects.get(name="refund").pk
    drop(three, "refund")
    assert Decision.objects.get().said == [refund]


def test_item_of_a_removed_label_is_asked_and_answered_again(
    three: Any, filled: Fill, ana: User
) -> None:
    filled(three, 1)
    given = loop.answer(leasing.lease_next(three, ana), ["refund"])
    lease = revise.undo(given, ana)
    drop(three, "refund")
    loop.answer(lease, ["spam"])
    assert [record["labels"] for record in exported(three)] == [["spam"]]
    assert [record["labels"] for record in exported(three, "withdrawn")] == [["refund"], ["spam"]]
