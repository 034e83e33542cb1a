"""The beat goes on: after the clock was set back, and after it broke."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from annotator import scheduler as annotator_scheduler
from annotator.celery import app
from tests import servers


@pytest.fixture
def scheduler(tmp_path: Path) -> Iterator[Any]:
    made = annotator_scheduler.ResilientScheduler(
        app=app, schedule_filename=str(tmp_path / "schedule")
    )
    yield made
    made.close()


@pytest.mark.parametrize(("ago", "is_due"), [(1, False), (6, True), (-3600, True)])
def test_tick_is_due_after_its_time_or_when_the_clock_was_set_back(
    scheduler: Any, ago: int, is_due: bool
) -> None:
    entry = scheduler.schedule["tick"]
    entry.last_run_at = timezone.now() - timedelta(seconds=ago)
    due = scheduler.is_due(entry)
    assert due.is_due == is_due
    assert 0 < due.next <= 5


def test_beat_that_broke_begins_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    beats = []

    class Breaking:
        def __init__(self, *_args: Any, **_options: Any) -> None:
            beats.append(self)

        def start(self) -> None:
            raise OSError(28, "No space left on device")

        def stop(self) -> None:
            pass

    monkeypatch.setattr(annotator_scheduler, "Service", Breaking)
    monkeypatch.setattr(annotator_scheduler, "RESTART_SECONDS", 0.01)
    thread = annotator_scheduler.Beat(tmp_path / "schedule")
    thread.start()
    servers.wait_until(lambda: len(beats) > 2, 30, "the third beginning")
    thread.stop()
    assert not thread.is_alive()
