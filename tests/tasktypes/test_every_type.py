"""What holds for every task type that is registered."""

from __future__ import annotations

import io
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.template.loader import get_template
from PIL import Image

from annotator import tasktypes
from annotator.errors import Invalid, NotFound
from annotator.flow.datasets import export
from annotator.flow.projects import settings, shortcuts
from annotator.flow.queue import leasing
from annotator.models import Item, Membership, Project, Role
from annotator.tasktypes import FEATURES, TASK_TYPES, TaskType
from annotator.tasktypes.marks import label_of
from selection.features import RECIPES
from tests import loop

TYPES = [pytest.param(each, id=name) for name, each in TASK_TYPES.items()]
ROOT = Path(tasktypes.__file__).parent.parent
LABELS = ["spam", "ham"]


@pytest.fixture(params=TYPES)
def kind(request: pytest.FixtureRequest) -> TaskType:
    found: TaskType = request.param
    return found


def test_stored_values_tell_the_types_apart(kind: TaskType) -> None:
    project = Project(task=kind.task, multi_label=kind.multi_label)
    assert tasktypes.of(project) is kind
    assert tasktypes.find(kind.task, kind.multi_label) is kind


def test_name_fits_the_column_and_is_offered(kind: TaskType) -> None:
    assert len(kind.task) <= Project._meta.get_field("task").max_length
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", kind.name)
    assert (kind.task, kind.title) in tasktypes.choices()


def test_templates_scripts_and_styles_are_there(kind: TaskType) -> None:
    cards = ["card"] if "bulk" in kind.can else []
    for name in ("item", "excerpt", "whole", "input", *cards):
        assert get_template(getattr(kind, f"{name}_template"))
    files = [*kind.media.scripts, *kind.media.modules, kind.media.style]
    files += [*kind.answer.scripts, *kind.answer.modules]
    assert [name for name in files if finders.find(name) is None] == []


def test_features_encoders_maths_and_keys_are_known_ones(kind: TaskType) -> None:
    assert kind.can <= set(FEATURES)
    assert kind.media.encoders
    assert set(kind.media.encoders) <= set(RECIPES)
    assert kind.answer.label_space(3).n_classes == 3
    assert kind.media.key_groups <= set(shortcuts.GROUPS)


def test_only_types_with_fixed_labels_take_none(kind: TaskType) -> None:
    assert bool(kind.answer.fixed_labels) == ("labels" not in kind.can)


def test_number_of_labels_is_checked(kind: TaskType) -> None:
    kind.answer.check_number(1)
    for labels in (0, 2):
        if kind.answer.takes_several:
            kind.answer.check_number(labels)
        else:
            with pytest.raises(Invalid):
                kind.answer.check_number(labels)


@pytest.mark.django_db
def test_project_is_created_and_refuses_what_its_type_lacks(kind: TaskType) -> None:
    given = LABELS if "labels" in kind.can else []
    project = settings.create_project(
        None, name="A", task=kind.task, multi_label=kind.multi_label, labels=given
    )
    names = [label.name for label in project.labels.all()]
    assert names == list(kind.answer.fixed_labels or LABELS)
    for feature in set(FEATURES) - kind.can:
        with pytest.raises(NotFound):
            tasktypes.require(project, feature)
    for feature in kind.can:
        tasktypes.require(project, feature)


# From file to file -------------------------------------------------------------------------------

ITEMS = 24


def _csv(*columns: str) -> bytes:
    """Return rows of texts, each with a word of its own in each column."""
    rows = (",".join(f"{loop.text(i)} {name}" for name in columns) for i in range(ITEMS))
    return "\n".join([",".join(columns), *rows]).encode()


def _pictures() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for i in range(ITEMS):
            file = io.BytesIO()
            Image.new("RGB", (16 + i, 16), (10 * i, 200, 90)).save(file, "PNG")
            archive.writestr(f"{i}.png", file.getvalue())
    return out.getvalue()


# A new medium comes with a file that holds it.
FILES = {
    "text": lambda: ("items.csv", _csv("text")),
    "image": lambda: ("items.zip", _pictures()),
    "text-pairs": lambda: ("items.csv", _csv("a", "b")),
}


# A new answer comes with one that has a label.
ANSWERS = {
    "labels": lambda name: [name],
    "choice": lambda name: name,
    "spans": lambda name: [{"start": 0, "end": 4, "label": name}],
}


@pytest.mark.django_db
def test_items_come_in_are_answered_learnt_and_go_out(kind: TaskType, ana: Any) -> None:
    names = list(kind.answer.fixed_labels or LABELS)
    project = settings.create_project(
        None,
        name="A",
        task=kind.task,
        multi_label=kind.multi_label,
        labels=LABELS if "labels" in kind.can else [],
    )
    Membership.objects.create(project=project, user=ana, role=Role.ANNOTATOR)
    work = loop.bring_in(project, *FILES[kind.media.name]())
    assert (work.state, work.created, work.rejected) == ("done", ITEMS, 0), work.errors
    loop.make_features(project)
    for number in range(ITEMS // 2):
        lease = leasing.lease_next(project, ana)
        assert lease is not None
        given = ANSWERS[kind.answer.field](names[number % 2])
        loop.answer(lease, kind.answer.labels(given))
    assert loop.go_round(project).model is not None
    item = Item.objects.filter(project=project).first()
    assert item is not None
    parts = kind.media.export(item)
    records = [json.loads(line) for line in b"".join(export.stream(project, "jsonl")).splitlines()]
    assert len(records) == ITEMS // 2
    assert {*parts, kind.answer.field} <= set(records[0])
    given = kind.answer.labels(ANSWERS[kind.answer.field](names[0]))
    said = kind.answer.labels(records[0][kind.answer.field])
    assert [label_of(each) for each in said] == [label_of(each) for each in given] == [names[0]]


def test_unknown_task_is_refused_by_name() -> None:
    with pytest.raises(Invalid, match="audio"):
        tasktypes.find("audio", False)


# Nothing else asks -------------------------------------------------------------------------------

# The names that callers and forms use for what a project stores of its type.
NAMED = {
    "api/projects.py",
    "api/responses/projects.py",
    "api/serializers.py",
    "flow/projects/settings.py",
    "flow/datasets/new_project.py",
    "views/setup/forms.py",
    "templates/setup/data.html",
    "management/commands/create_project.py",
    "views/projects/project_form.py",
    "views/projects/settings_form.py",
    # An archive says which type its project has.
    "archives/checking.py",
    # A field of another tool.
    "formats/tools/argilla_records.py",
}
ASKS = re.compile(r"multi_label|\bis_text\b|\.task ?==|Task\.[A-Z]|\bis_picture\b")


def _asking() -> list[str]:
    code = [path for path in ROOT.rglob("*.py") if path.name != "demo.py"]
    pages = (ROOT.parent / "templates").rglob("*.html")
    found = []
    for path in [*code, *pages]:
        place = str(path.relative_to(ROOT if path.is_relative_to(ROOT) else ROOT.parent))
        if place.startswith(("tasktypes/", "models/", "migrations/")) or place in NAMED:
            continue
        if ASKS.search(path.read_text()):
            found.append(place)
    return sorted(found)


def test_only_the_task_types_ask_what_a_task_is() -> None:
    assert _asking() == []
