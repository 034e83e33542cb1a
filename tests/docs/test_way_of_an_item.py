"""The way of an item goes through the functions that its page lists, in that order."""

import importlib
import os
import re
import uuid
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from annotator import tasks
from annotator.celery import WakeUp
from annotator.models import Project, QueueEntry, User
from tests import loop
from tests.contract import snapshots
from tests.docs.trace import entries
from tests.given import Api

PAGE = Path(__file__).resolve().parents[2] / "docs" / "explanation" / "way-of-an-item.md"


def listed(heading: str) -> list[str]:
    """Return the functions that the page lists under a heading, with the name of the package."""
    text = PAGE.read_text(encoding="utf-8")
    part = text.split(f"## {heading}\n")[1].split("\n## ")[0]
    return [f"annotator.{name}" for name in re.findall(r"^\d+\. `([\w.]+)`", part, re.MULTILINE)]


def compare(path: list[str], heading: str) -> None:
    """Fail where the page lists another path; write it there when snapshots are brought up to date.

    What the page says of a function stays with it, also when it moves to another module.
    """
    if os.environ.get(snapshots.UPDATE):
        _write(path, heading)
    assert path == listed(heading), f"{snapshots.UPDATE}=1 pytest tests/docs lists:\n{path}"


def _write(path: list[str], heading: str) -> None:
    text = PAGE.read_text(encoding="utf-8")
    old = re.findall(r"^\d+\. `[\w.]*?(\w+)`(.*)$", text, re.MULTILINE)
    said = dict(old)
    lines = [
        f"{number}. `{name.removeprefix('annotator.')}`{said.get(name.rpartition('.')[2], '')}"
        for number, name in enumerate(path, 1)
    ]
    before, after = text.split(f"## {heading}\n")
    part = re.sub(r"(^\d+\. .*\n)+", "\n".join(lines) + "\n", after, count=1, flags=re.MULTILINE)
    PAGE.write_text(f"{before}## {heading}\n{part}", encoding="utf-8")


@pytest.mark.parametrize("heading", ["The path of a saved label", "The path of an uploaded file"])
def test_every_function_of_a_path_is_there(heading: str) -> None:
    names = listed(heading)
    assert len(names) > 5
    assert [name for name in names if not _is_there(name)] == []


def _is_there(name: str) -> bool:
    """Tell whether a module has the function, or the class of a module the method."""
    for depth in (1, 2):
        module, *inside = name.rsplit(".", depth)
        try:
            found: Any = importlib.import_module(module)
        except ModuleNotFoundError:
            continue
        for part in inside:
            found = getattr(found, part, None)
        return found is not None
    return False


def test_a_saved_label_takes_the_path_that_is_listed(project: Project, ana: User, api: Api) -> None:
    loop.fill(project, 60)
    loop.make_features(project)
    client, address = api(ana), f"/api/v1/projects/{project.pk}"
    first = client.post(f"{address}/next").json()
    # The first save compiles its queries; what follows is what every other one does.
    second = client.post(f"{address}/annotations", _answer(first), format="json").json()["next"]

    def is_wanted(calling: str, called: str) -> bool:
        return called.startswith("annotator.flow.") or called == VIEW

    with entries(is_wanted) as path:
        response = client.post(f"{address}/annotations", _answer(second), format="json")
    assert response.status_code == 201
    assert response.json()["next"]["lease"]
    compare(path, "The path of a saved label")


VIEW = "annotator.api.annotations"


def _answer(lease: dict[str, Any]) -> dict[str, Any]:
    return {
        "lease": lease["lease"],
        "labels": ["spam"],
        "seconds": 3.2,
        "client_id": str(uuid.uuid4()),
    }


def test_an_uploaded_file_takes_the_path_that_is_listed(
    project: Project, olga: User, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting: list[tuple[str, Any]] = []
    # What would go to the broker waits here, and is taken up in the order in which it was sent.
    send = lambda task, *args, **_options: waiting.append((task.name, args))  # noqa: E731
    monkeypatch.setattr(WakeUp, "delay", send)
    monkeypatch.setattr(WakeUp, "delay_on_commit", send)
    rows = "".join(f"{loop.text(number)}\n" for number in range(40))
    file = SimpleUploadedFile("texts.csv", f"text\n{rows}".encode())

    def is_wanted(calling: str, called: str) -> bool:
        if called.startswith("annotator.flow."):
            return calling in {"annotator.api.datasets", "annotator.tasks"}
        is_read = called.startswith("annotator.formats.") and calling.startswith("annotator.flow.")
        return called == "annotator.api.datasets" or is_read

    with entries(is_wanted) as path:
        response = api(olga).post(
            f"/api/v1/projects/{project.pk}/imports", {"file": file}, format="multipart"
        )
        while waiting:
            name, args = waiting.pop(0)
            vars(tasks)[name.rpartition(".")[2]].run(*args)
    assert response.status_code == 202
    assert QueueEntry.objects.filter(project=project).exists()
    compare(path, "The path of an uploaded file")
