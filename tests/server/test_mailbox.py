"""Wake-ups leave a web process soon, and equal ones not more often than is of use."""

import threading
from typing import Any

import pytest

from annotator import celery


class Heard:
    """Stands for a task, and for the broker that its messages go to."""

    name = "annotator.tasks.heard"

    def __init__(self, fails: Any = ()) -> None:
        self.sent, self._fails, self._more = [], set(fails), threading.Condition()

    def apply_async(self, args: Any) -> None:
        with self._more:
            self.sent.append(args)
            self._more.notify_all()
        if args in self._fails:
            raise OSError("the broker is away")

    def wait_for(self, args: Any) -> None:
        with self._more:
            assert self._more.wait_for(lambda: args in self.sent, 10)


def test_equal_wake_ups_come_once_in_a_while_and_hold_up_no_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(celery, "QUIET", 3600.0)
    task, mailbox = Heard(), celery.WakeUpSender()
    for _ in range(5):
        mailbox.put(task, (1,))
    task.wait_for((1,))
    mailbox.put(task, (1,))
    mailbox.put(task, (2,))
    task.wait_for((2,))
    assert task.sent == [(1,), (2,)]


def test_last_of_equal_wake_ups_is_sent_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(celery, "QUIET", 0.1)
    task, mailbox = Heard(), celery.WakeUpSender()
    mailbox.put(task, (1,))
    task.wait_for((1,))
    task.sent.clear()
    mailbox.put(task, (1,))
    task.wait_for((1,))


def test_broker_that_is_away_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    task, mailbox = Heard(fails=[(1,)]), celery.WakeUpSender()
    mailbox.put(task, (1,))
    task.wait_for((1,))
    mailbox.put(task, (2,))
    task.wait_for((2,))
