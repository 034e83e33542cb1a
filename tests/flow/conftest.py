"""Projects with features, and with a model."""

from typing import Any

import pytest

from annotator.models import Project, User
from tests import loop
from tests.given import Fill, Learn, RunRound


@pytest.fixture
def ready(project: Project, filled: Fill, learnt: Learn) -> Any:
    """The project with 60 items and their features."""
    filled(project, 60)
    return learnt(project)


@pytest.fixture
def trained(ready: Any, run_round: RunRound, ana: User) -> Any:
    """The project after a round with a model of twelve labels."""
    loop.label(ready, ana, 12)
    run_round(ready)
    return ready
