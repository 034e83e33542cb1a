"""Projects with features, and with a model."""

from typing import Any

import pytest

from annotator.models import Project
from tests import loop
from tests.given import PutState


@pytest.fixture
def ready(put_state: PutState) -> Any:
    """The project with 60 items and their features."""
    return put_state(_ready)


def _ready() -> Project:
    project = loop.mail_project()
    loop.fill(project, 60)
    return loop.make_features(project)


@pytest.fixture
def trained(put_state: PutState) -> Any:
    """The project after a round with a model of twelve labels."""
    return put_state(_trained)


def _trained() -> Project:
    project = _ready()
    loop.label(project, loop.person("ana"), 12)
    loop.go_round(project)
    return project
