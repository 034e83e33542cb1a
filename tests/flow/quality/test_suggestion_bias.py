"""The bias of suggestions, measured on items that were served blind at random."""

from typing import Any

import pytest

from annotator.flow.annotation import revise
from annotator.flow.quality import suggestion_bias
from annotator.flow.queue import leasing
from annotator.models import Lease, Project, QueueEntry, Source, User
from tests import loop
from tests.given import Fill

pytestmark = pytest.mark.django_db


@pytest.fixture
def suggested(project: Project, filled: Fill) -> Any:
    """Forty items in the queue, each with the suggestion “spam”; every other one comes blind."""
    for number, item in enumerate(filled(project, 40)):
        QueueEntry.objects.create(
            project=project,
            item=item,
            rank=number,
            source=Source.ACTIVE,
            blind=number % 2 == 1,
            suggestion={"labels": loop.ids(project, "spam"), "confidence": 0.9},
        )
    return project


def answer_all(project: Project, user: User, blind_as: Any, shown_as: Any) -> Any:
    given = []
    while (lease := leasing.lease_next(project, user)) is not None:
        blind = Lease.objects.get(pk=lease.pk).blind
        seconds = 9.0 if blind else 5000.0
        given.append(loop.answer(lease, [blind_as if blind else shown_as], seconds=seconds))
    return given


def test_blind_answers_are_compared_with_what_would_have_been_suggested(
    suggested: Any, ana: User
) -> None:
    answer_all(suggested, ana, blind_as="ham", shown_as="spam")
    found = suggestion_bias.of_suggestions(suggested)
    assert (found["shown"], found["blind"]) == ([20, 20], [0, 20])
    assert found["value"] == 1.0
    assert 0.7 < found["low"] < found["high"] == pytest.approx(1.0)


def test_no_effect_is_an_interval_around_nothing(suggested: Any, ana: User) -> None:
    answer_all(suggested, ana, blind_as="spam", shown_as="spam")
    found = suggestion_bias.of_suggestions(suggested)
    assert (found["value"], found["n"]) == (0.0, 40)
    assert found["low"] < 0 < found["high"]


def test_seconds_are_capped(suggested: Any, ana: User) -> None:
    answer_all(suggested, ana, blind_as="spam", shown_as="spam")
    found = suggestion_bias.of_suggestions(suggested)
    assert (found["blind_seconds"], found["shown_seconds"]) == (9.0, 600.0)


def test_what_was_taken_back_does_not_count(suggested: Any, ana: User) -> None:
    given = answer_all(suggested, ana, blind_as="spam", shown_as="spam")
    for annotation in given[:10]:
        revise.withdraw(annotation, ana)
    assert suggestion_bias.of_suggestions(suggested)["n"] == 30


def test_while_suggestions_are_off_nothing_is_shown_so_nothing_is_told(
    suggested: Any, ana: User
) -> None:
    suggested.show_suggestions = False
    suggested.save()
    answer_all(suggested, ana, blind_as="spam", shown_as="spam")
    assert suggestion_bias.of_suggestions(suggested) == {}


def test_nothing_is_told_of_nothing(project: Project) -> None:
    assert suggestion_bias.of_suggestions(project) == {}
