"""Projects that have come some way: with features, and with a model."""

import pytest

from tests import loop


@pytest.fixture
def ready(project, filled, learnt):
    """The project with 60 items and their features."""
    filled(project, 60)
    return learnt(project)


@pytest.fixture
def trained(ready, run_round, ana):
    """The project after a round with a model of twelve labels."""
    loop.label(ready, ana, 12)
    run_round(ready)
    return ready
