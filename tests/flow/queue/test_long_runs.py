"""Over a long run with all kinds of events, each source keeps its share and place in the queue."""

import itertools
import random
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from annotator.flow.annotation import revise, submit
from annotator.flow.annotation.payload import annotation_payload
from annotator.flow.projects import settings
from annotator.flow.queue import leasing, payload, prefetch, reassign_idle, releasing, withdraw
from annotator.models import Annotation, Item, Lease, Project, QueueEntry, Source, User
from tests import loop
from tests.given import Fill, Learn, RunRound

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _standing_clock(time_machine: Any) -> None:
    time_machine.move_to(timezone.now(), tick=False)


def counted(project: Project, **where: Any) -> int:
    answers = Annotation.objects.filter(project=project, counted=True, withdrawn_at=None)
    return answers.exclude(source=Source.SEED).filter(**where).count()


# The audit share ---------------------------------------------------------------------------------


class Crowd:
    """People at the desk who do everything that people do, at the turn of a seeded coin."""

    def __init__(self, project: Project, people: Any, seed: Any, time_machine: Any) -> None:
        self.project, self.people, self.clock = project, people, time_machine
        self.rng = random.Random(seed)
        self.pages = {person: [] for person in people}

    def act(self) -> None:
        person = self.rng.choice(self.people)
        page = f"{person.username}/1"
        naming = [str(lease.pk) for lease in self.pages[person]]
        held = prefetch.sync_window(
            self.project, person, page, holding=naming, want=max(0, 3 - len(naming)), put_by=2
        )
        mine = [lease for lease in self.pages[person] if str(lease.pk) not in held.lost]
        self.pages[person] = mine = mine + held.next
        if not mine:
            return
        chance = self.rng.random()
        if chance < 0.75:
            self._answer(mine.pop(0), person, page)
        elif chance < 0.83:
            releasing.skip(mine.pop(0))
        elif chance < 0.88:
            # An item of the offline buffer is labelled, as without a connection.
            if held.spares:
                self._answer(held.spares[0], person, page)
        elif chance < 0.92:
            prefetch.leave(self.project, person, page, [str(lease.pk) for lease in mine])
            self.pages[person] = []
        elif chance < 0.96:
            self.clock.shift(timedelta(seconds=reassign_idle.IDLE_SECONDS))
            reassign_idle.reassign_idle(self.project, person)
        else:
            self.clock.shift(timedelta(seconds=self.project.lease_seconds))
            releasing.release_expired()

    def _answer(self, lease: Any, person: Any, page: Any) -> None:
        try:
            answer = loop.answer(lease)
        except submit.Conflict:
            return
        if self.rng.random() < 0.05:
            undone = revise.undo(answer, person, page)
            self.pages[person].insert(0, undone)


# What is held or was skipped when one looks: of three windows with three items each, and of those
# items some are audits and others are not.
BOUND = 6


@pytest.mark.parametrize(("share", "seed"), [(0.15, 1), (0.3, 2), (0.05, 3)])
def test_audits_keep_their_share_whatever_happens(
    project: Project,
    filled: Fill,
    learnt: Learn,
    run_round: RunRound,
    ana: User,
    ben: User,
    lea: User,
    time_machine: Any,
    share: float,
    seed: int,
) -> None:
    settings.change_settings(project, audit_share=share, batch_size=5)
    filled(project, 500)
    learnt(project)
    crowd = Crowd(project, [ana, ben, lea], seed, time_machine)
    for turn in range(240):
        if turn % 30 == 0:
            run_round(project)
        crowd.act()
        labels, audits = counted(project), counted(project, source=Source.AUDIT)
        assert abs(audits - share * labels) <= BOUND, (turn, labels, audits)
    assert labels > 120


def test_audit_share_does_not_drift(
    project: Project,
    filled: Fill,
    learnt: Learn,
    run_round: RunRound,
    ana: User,
    ben: User,
    time_machine: Any,
) -> None:
    """What is missed in one stretch is made up for in the next: the error does not add up."""
    settings.change_settings(project, audit_share=0.2, batch_size=5)
    filled(project, 400)
    learnt(project)
    crowd = Crowd(project, [ana, ben], 4, time_machine)
    owed = []
    for _round in range(8):
        run_round(project)
        for _ in range(25):
            crowd.act()
        owed.append(0.2 * counted(project) - counted(project, source=Source.AUDIT))
    assert max(map(abs, owed)) <= BOUND
    assert abs(sum(owed[-4:]) / 4) <= 3


# Hidden checks -----------------------------------------------------------------------------------


@pytest.fixture
def checked(project: Project, filled: Fill) -> Any:
    """The project with 60 hidden checks among 260 items."""
    rows = "".join(f"{loop.text(i)},{'spam' if i % 2 == 0 else 'ham'}\n" for i in range(900, 960))
    loop.bring_in(project, "gold.csv", f"text,label\n{rows}", labels_are="gold")
    filled(project, 200)
    return project


@pytest.mark.parametrize("share", [0.1, 0.3])
def test_hidden_checks_keep_their_share_over_many_rounds(
    checked: Any, learnt: Learn, run_round: RunRound, ana: User, ben: User, share: float
) -> None:
    settings.change_settings(checked, gold_share=share, audit_share=0.1, batch_size=10)
    learnt(checked)
    for _round in range(6):
        run_round(checked)
        loop.label(checked, ana, 10)
        loop.label(checked, ben, 10)
    checks = counted(checked, source=Source.GOLD)
    # Drawn by chance at each place: three standard deviations.
    wide = 3 * (120 * share * (1 - share)) ** 0.5
    assert abs(checks - 120 * share) <= wide
    assert checks >= 4


def test_no_check_is_asked_where_none_is_wanted(
    checked: Any, learnt: Learn, run_round: RunRound, ana: User
) -> None:
    settings.change_settings(checked, gold_share=0.0)
    learnt(checked)
    run_round(checked)
    loop.label(checked, ana, 20)
    assert counted(checked, source=Source.GOLD) == 0


def test_hidden_check_cannot_be_told_from_an_audit_before_it_is_saved(
    checked: Any, learnt: Learn, run_round: RunRound, ana: User
) -> None:
    settings.change_settings(checked, gold_share=0.4, audit_share=0.3)
    learnt(checked)
    loop.label(checked, ana, 10)
    run_round(checked)
    shown = {}
    for _ in range(25):
        lease = leasing.lease_next(checked, ana)
        shown[lease.source] = payload.lease_payload(lease)
        loop.answer(lease)
    check, audit = shown[Source.GOLD], shown[Source.AUDIT]
    for served in (check, audit):
        assert (served["suggestion"], served["why"]) == (None, None)
        assert "spam" not in str(served["item"]["meta"])
    assert list(check) == list(audit)
    assert list(check["item"]) == list(audit["item"])
    saved = Annotation.objects.filter(source=Source.GOLD).first()
    assert annotation_payload(saved)["source"] == "gold"


# The order ---------------------------------------------------------------------------------------


def test_each_source_has_its_place_in_the_queue(
    checked: Any, learnt: Learn, run_round: RunRound, ana: User, ben: User, lea: User
) -> None:
    """Begun items; then checks, audits and picks, mixed; spares that were let go behind all."""
    settings.change_settings(
        checked, overlap=2, gold_share=0.2, audit_share=0.2, batch_size=5, lease_seconds=600
    )
    learnt(checked)
    begun = {answer.item_id for answer in loop.label(checked, ana, 4)}
    left = prefetch.sync_window(checked, lea, "tab/1", holding=[], put_by=2).spares
    run_round(checked)
    Lease.objects.filter(strategy=withdraw.SPARE).update(page="")
    QueueEntry.objects.filter(strategy=withdraw.SPARE, state=QueueEntry.State.LEASED).update(
        state=QueueEntry.State.OPEN, user=None, lease_id=None
    )
    waiting = QueueEntry.objects.filter(project=checked, state=QueueEntry.State.OPEN)
    order = list(waiting.order_by("rank", "id").values_list("item", "source", "strategy"))
    assert {item for item, _source, _strategy in order[: len(begun)]} == begun
    spare = {lease.item_id for lease in left}
    assert {item for item, _source, _strategy in order[-2 * len(spare) :]} == spare
    mixed = [source for item, source, _s in order[len(begun) :] if item not in spare]
    assert {*mixed} == {Source.ACTIVE, Source.AUDIT, Source.GOLD}
    # Mixed, not one after the other.
    assert sum(a != b for a, b in itertools.pairwise(mixed)) > 4


def test_random_items_come_only_when_nothing_better_waits(
    checked: Any, learnt: Learn, run_round: RunRound, ana: User
) -> None:
    settings.change_settings(checked, batch_size=5)
    learnt(checked)
    loop.label(checked, ana, 10)
    run_round(checked)
    sources = [answer.source for answer in loop.label(checked, ana, 40)]
    first = sources.index(Source.RANDOM)
    assert Source.ACTIVE in sources[:first]
    assert Source.ACTIVE not in sources[first:]
    assert Item.objects.filter(state=Item.State.LABELLED).count() == 50
