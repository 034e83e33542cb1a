"""A new encoder is one class and one line: the setting, the steps and the rounds follow it."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import pytest

from annotator.errors import Invalid
from annotator.flow.features import encode
from annotator.flow.projects import settings
from annotator.models import Project, User
from annotator.views.projects.settings_form import SettingsForm
from selection.features import RECIPES, Features
from tests import loop
from tests.given import Api

pytestmark = pytest.mark.django_db


class Letters:
    """How often a text has each letter."""

    recipe: ClassVar[str] = "letters"
    title: ClassVar[str] = "Letters"
    reads: ClassVar[str] = "text"

    def __init__(self, letters: str) -> None:
        self.letters = letters

    @classmethod
    def fit(cls, docs: Sequence[str], *, seed: int) -> "Letters":
        return cls("".join(sorted(set("".join(docs).lower()))))

    def transform(self, docs: Sequence[str]) -> Features:
        rows = [[doc.lower().count(letter) for letter in self.letters] for doc in docs]
        counts = np.array(rows, dtype=np.float32)
        return Features(None, counts, (0, counts.shape[1]))

    def to_arrays(self) -> dict[str, Any]:
        return {"letters": np.array([ord(letter) for letter in self.letters], dtype=np.int64)}

    @classmethod
    def from_arrays(cls, arrays: dict[str, Any]) -> "Letters":
        return cls("".join(map(chr, arrays["letters"])))


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(RECIPES, "letters", Letters)


def test_it_is_the_third_step_after_the_quick_and_the_full_features(
    project: Project, ana: User
) -> None:
    project = settings.change_settings(project, features="auto")
    loop.fill(project, 60)
    steps = encode.plan(project)
    assert [space.recipe for space in steps] == ["text-quick", "text", "letters"]
    for space in steps:
        encode.fit(space.pk)
        encode.transform(space.shards.get().pk)
        assert encode.current_space(project) == space
    loop.label(project, ana, 24)
    assert loop.go_round(project).model.space.recipe == "letters"
    assert loop.refreshed(project).rounds.get().state == "done"


def test_setting_offers_it_to_its_medium_alone(
    api: Api, lea: User, project: Project, image_project: Project
) -> None:
    offered = dict(SettingsForm(instance=project).fields["features"].choices)
    assert offered["letters"] == "Letters"
    assert "letters" not in dict(SettingsForm(instance=image_project).fields["features"].choices)
    answer = api(lea).patch(f"/api/v1/projects/{project.pk}", {"features": "letters"})
    assert (answer.status_code, answer.json()["features"]) == (200, "letters")
    loop.fill(project, 5)
    assert [space.recipe for space in encode.plan(loop.refreshed(project))] == ["letters"]
    with pytest.raises(Invalid):
        settings.change_settings(image_project, features="letters")
