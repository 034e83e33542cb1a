"""What the tests of the API share: a project in the middle of its life."""

import pytest

from tests import loop


@pytest.fixture
def busy(project, filled, learnt, run_round, ana, ben):
    """The project with seeds, labels of two people, a round, a model and a full queue."""
    loop.bring_in(project, "seeds.csv", "id,text,label\ns1,free prize money,spam\n")
    filled(project, 40)
    learnt(project)
    loop.label(project, ana, 10)
    loop.label(project, ben, 4)
    run_round(project)
    return project


@pytest.fixture
def stocked(project, filled):
    """The project with a few items, and nothing done yet."""
    filled(project, 6)
    return project
