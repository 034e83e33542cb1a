"""Shared by the quality tests: annotators who disagree."""

import pytest

from annotator.models import Disagreement, Project, User
from tests import loop


@pytest.fixture
def torn(project: Project, ana: User, ben: User) -> list[Disagreement]:
    """Ana and Ben disagree about each of twelve items; Ben is not sure, and says why."""
    loop.differ(project, ana, ben, 12, unsure=True, note="<b>odd</b>")
    return list(Disagreement.objects.order_by("-pk"))
