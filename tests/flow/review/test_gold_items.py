"""Gold items: the feedback after one, and each annotator's accuracy."""

from typing import Any

import pytest

from annotator.flow.annotation import payload, revise
from annotator.flow.projects import label_set, settings
from annotator.flow.queue import leasing
from annotator.flow.review import gold_items
from annotator.messages import labelling
from annotator.models import Item, Project, User
from tests import loop
from tests.given import Fill

pytestmark = pytest.mark.django_db


@pytest.fixture
def check(project: Project, ana: User) -> Any:
    """Ana holds one of three hidden checks, whose answer is ham."""
    settings.change_settings(project, gold_share=0.5, audit_share=0.0)
    rows = "text,label\nlunch at noon,ham\nlunch at one,ham\nlunch at two,ham\n"
    loop.bring_in(project, "gold.csv", rows, labels_are="gold")
    assert Item.objects.filter(gold=loop.ids(project, "ham")).count() == 3
    return leasing.lease_next(project, ana)


def words(annotation: Any) -> Any:
    return labelling.saved_words(annotation.project, payload.annotation_payload(annotation))


def test_silence_tells_only_that_it_was_one(check: Any) -> None:
    answer = loop.answer(check, ["spam"])
    assert words(answer) == "Saved: spam. That was a gold item."
    assert payload.annotation_payload(answer)["known"] is None


def test_wrong_answer_is_told_the_known_one(project: Project, check: Any) -> None:
    settings.change_settings(project, gold_feedback=True)
    answer = loop.answer(check, ["spam"])
    assert words(answer) == "Saved: spam. That was a gold item. The correct answer is ham."
    assert payload.annotation_payload(answer)["known"] == ["ham"]


def test_right_answer_needs_no_telling(project: Project, check: Any) -> None:
    settings.change_settings(project, gold_feedback=True)
    assert words(loop.answer(check, ["ham"])) == "Saved: ham. That was a gold item."


def test_ordinary_answers_tell_nothing(project: Project, filled: Fill, ana: User) -> None:
    settings.change_settings(project, gold_feedback=True)
    filled(project, 2)
    for answer in loop.label(project, ana, 2):
        assert payload.annotation_payload(answer)["known"] is None


def test_what_was_said_at_first_is_what_scores(
    project: Project, check: Any, ana: User, ben: User
) -> None:
    first = loop.answer(check, ["spam"])
    revise.correct(revise.find_annotation(project, ana, first.pk), ana, ["ham"])
    taken_back = loop.answer(leasing.lease_next(project, ana), ["spam"])
    again = revise.undo(revise.find_annotation(project, ana, taken_back.pk), ana)
    loop.answer(again, ["ham"])
    loop.answer(leasing.lease_next(project, ben), ["ham"])
    assert gold_items.gold_score(project) == [
        {"user": "ana", "n": 2, "right": 0},
        {"user": "ben", "n": 1, "right": 1},
    ]


def test_known_answers_count_as_right_after_their_labels_were_renamed(
    project: Project, check: Any
) -> None:
    spam, ham = project.labels.all()
    specs = [{"id": spam.pk, "name": "junk"}, {"id": ham.pk, "name": "ok"}]
    label_set.change_labels(project, specs)
    loop.answer(loop.refreshed(check), ["ok"])
    assert gold_items.gold_score(loop.refreshed(project)) == [{"user": "ana", "n": 1, "right": 1}]
