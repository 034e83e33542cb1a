"""Groups of labels in exports."""

import csv
import io
import json

import pytest

from annotator.flow.datasets import export
from annotator.flow.datasets.outgoing import choices
from annotator.flow.projects import label_set
from annotator.flow.queue import leasing
from annotator.models import Project, User
from tests import loop
from tests.given import Fill

pytestmark = pytest.mark.django_db


@pytest.fixture
def grouped(project: Project, filled: Fill, ana: User) -> Project:
    """“advert” is in the group of “spam”, “ham” in none."""
    names = [{"name": "spam"}, {"name": "ham"}, {"name": "advert", "parent": "spam"}]
    label_set.change_labels(project, names)
    filled(project, 4)
    for label in ("advert", "spam", "ham"):
        loop.answer(leasing.lease_next(project, ana), [label])
    return loop.refreshed(project)


def test_groups_go_out_with_the_labels(grouped: Project) -> None:
    told = [(each["labels"], each["groups"]) for each in loop.exported(grouped)]
    assert told == [(["advert"], ["spam"]), (["spam"], ["spam"]), (["ham"], ["ham"])]
    text = b"".join(export.stream(grouped, "csv")).decode("utf-8-sig")
    assert [row["groups"] for row in csv.DictReader(io.StringIO(text))] == ["spam", "spam", "ham"]
    by_item = choices.parsed(grouped, {"unit": "item"})
    lines = b"".join(export.stream(grouped, "jsonl", wanted=by_item)).splitlines()
    assert sorted(json.loads(line)["groups"][0] for line in lines) == ["ham", "spam", "spam"]


def test_exports_without_groups_have_no_such_column(project: Project, filled: Fill) -> None:
    filled(project, 2)
    assert all("groups" not in each for each in loop.exported(project))
