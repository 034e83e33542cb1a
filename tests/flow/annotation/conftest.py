"""A clock that stands still, and leases that expire on it."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from annotator.flow.queue import releasing
from annotator.models import Project


@pytest.fixture
def standing_clock(time_machine: Any) -> None:
    time_machine.move_to(timezone.now(), tick=False)


@pytest.fixture
def run_out(project: Project, time_machine: Any) -> Any:
    """Return a function that lets every lease expire."""

    def now() -> None:
        time_machine.shift(timedelta(seconds=project.lease_seconds + 1))
        releasing.release_expired()

    return now
