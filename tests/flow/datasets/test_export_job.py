"""A file is offered once it is whole, whatever happened to its workers."""

import errno
import json
import os
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from annotator.errors import Conflict, Invalid, NotFound
from annotator.flow.datasets import export, export_job
from annotator.flow.operations import cleanup
from annotator.flow.projects import label_set
from annotator.jobs.progress import Progress
from annotator.models import Export, Job, LostClaim, Project, User
from annotator.storage import job_files
from tests import loop
from tests.api.calls import assert_refused, at
from tests.given import Api, Fill

pytestmark = pytest.mark.django_db


@pytest.fixture
def small(project: Project, filled: Fill, ana: User) -> Project:
    filled(project, 6)
    loop.label(project, ana, 5)
    return project


def started(project: Project, **given: Any) -> Export:
    assert project.created_by is not None
    return export_job.start(project, project.created_by, "jsonl", given)


def files() -> list[str]:
    return sorted(path.name for path in export_job.folder().iterdir())


def test_file_has_what_was_chosen(small: Project) -> None:
    work = started(small, annotator=["ana"], include=["unlabelled"], **{"from": "2020-01-01"})
    with pytest.raises(Conflict):
        export_job.file_of(work)
    export_job.run(work.pk)
    work = loop.refreshed(work)
    assert (work.state, work.done, work.total) == (Job.State.DONE, 5, 5)
    lines = export_job.file_of(work).read_bytes().splitlines()
    assert {json.loads(line)["annotator"] for line in lines} == {"ana"}
    assert (len(lines), work.size) == (5, export_job.file_of(work).stat().st_size)
    assert files() == [work.path]


@pytest.mark.parametrize("unit", ["annotation", "item"])
def test_chosen_label_may_be_renamed_before_the_file_is_written(
    small: Project, api: Api, lea: User, unit: str
) -> None:
    before = started(small, label=["spam"], unit=unit)
    spam, ham = small.labels.all()
    # Another label gets the name that was chosen.
    names = [{"id": spam.pk, "name": "junk"}, {"id": ham.pk, "name": "ok"}]
    label_set.change_labels(loop.refreshed(small), names)
    label_set.change_labels(loop.refreshed(small), [names[0], {"id": ham.pk, "name": "spam"}])
    shown = api(lea).get(at(small, f"/exports/{before.pk}")).json()
    assert shown["choices"]["label"] == ["junk"]
    export_job.run(before.pk)
    lines = export_job.file_of(loop.refreshed(before)).read_bytes().splitlines()
    assert {tuple(json.loads(line)["labels"]) for line in lines} == {("junk",)}


def test_chosen_label_may_be_removed_before_the_file_is_written(small: Project, ana: User) -> None:
    label_set.change_labels(small, ["spam", "ham", "other"])
    work = started(loop.refreshed(small), label=["other"])
    label_set.change_labels(loop.refreshed(small), ["spam", "ham"])
    export_job.run(work.pk)
    work = loop.refreshed(work)
    assert (work.state, work.done) == (Job.State.DONE, 0)


def test_wrong_choices_are_refused_before_anything_is_stored(small: Project) -> None:
    with pytest.raises(Invalid):
        started(small, label=["nonsense"])
    assert not Export.objects.exists()


def test_full_disk_is_told_and_leaves_nothing(
    small: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_args: Any, **_options: Any) -> Iterator[bytes]:
        yield b"half of a line"
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(export, "stream", full)
    work = started(small)
    for _attempt in range(3):
        Export.objects.update(retry_at=None)
        export_job.run(work.pk)
        assert files() == []
    work = loop.refreshed(work)
    assert (work.state, work.path) == (Job.State.FAILED, "")
    assert "full" in work.error


def test_lost_export_offers_nothing(small: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = export.stream

    def taken_over(*args: Any, **options: Any) -> Iterator[bytes]:
        yield from whole(*args, **options)
        Export.objects.update(state=Job.State.QUEUED, token=None)

    monkeypatch.setattr(export, "stream", taken_over)
    work = started(small)
    export_job.run(work.pk)
    assert loop.refreshed(work).path == ""
    assert files() == []
    monkeypatch.setattr(export, "stream", whole)
    export_job.run(work.pk)
    assert files() == [loop.refreshed(work).path]


def test_what_a_killed_worker_wrote_goes_with_the_next_attempt(small: Project) -> None:
    work = started(small)
    others = export_job.folder() / f"{work.pk}0-x.jsonl.part"
    for path in (others, export_job.folder() / f"{work.pk}-x.jsonl.part"):
        path.write_bytes(b"half")
    export_job.run(work.pk)
    assert files() == sorted([others.name, loop.refreshed(work).path])
    others.unlink()


def test_worker_whose_job_is_taken_over_stops(small: Project) -> None:
    progress = Progress(started(small))
    progress.tell(1)
    progress._is_lost = True
    with pytest.raises(LostClaim):
        progress.tell(2)


def test_files_go_after_some_days(small: Project) -> None:
    work = started(small)
    export_job.run(work.pk)
    orphan, young = (export_job.folder() / name for name in ("9-x.jsonl.part", "8-y.jsonl"))
    for path in (orphan, young):
        path.write_bytes(b"x")
    old = time.time() - 2 * job_files.ORPHAN_SECONDS
    os.utime(orphan, (old, old))
    cleanup.tidy()
    work = loop.refreshed(work)
    assert files() == sorted([young.name, work.path])
    Export.objects.update(finished_at=timezone.now() - Export.KEPT - timedelta(hours=1))
    cleanup.tidy()
    work = loop.refreshed(work)
    assert (files(), work.path) == ([young.name], "")
    with pytest.raises(NotFound):
        export_job.file_of(work)


def test_files_of_a_removed_project_go(small: Project) -> None:
    export_job.run(started(small).pk)
    cleanup.remove_project(small)
    assert files() == []


# Through the API ----------------------------------------------------------------------------------


def test_export_is_started_and_downloaded(small: Project, api: Api, lea: User, ana: User) -> None:
    answer = api(lea).post(at(small, "/exports"), {"format": "csv", "annotator": ["ana"]})
    assert answer.status_code == 202
    told = answer.json()
    assert (told["state"], told["url"], told["choices"]) == ("queued", None, {"annotator": ["ana"]})
    one = at(small, f"/exports/{told['id']}")
    assert_refused(api(lea).get(f"{one}/file"), 409, "export_unfinished")
    export_job.run(told["id"])
    told = api(lea).get(one).json()
    assert (told["state"], told["done"]) == ("done", 5)
    got = api(lea).get(told["url"])
    assert got.headers["Content-Disposition"] == 'attachment; filename="mail.csv"'
    assert got.getvalue().decode("utf-8-sig").count("ana") >= 5
    assert [each["id"] for each in api(lea).get(at(small, "/exports")).json()["results"]] == [
        told["id"]
    ]
    assert api(ana).get(told["url"]).status_code == 403
    assert api(ana).post(at(small, "/exports"), {}).status_code == 403


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"format": "nonsense"}, "format"),
        ({"label": ["nonsense"]}, "label"),
        ({"unit": "line"}, "unit"),
        ({"from": "yesterday"}, "from"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_unknown_fields_are_refused(
    small: Project, api: Api, lea: User, body: dict[str, Any], field: str
) -> None:
    answer = api(lea).post(at(small, "/exports"), body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field
    assert not Export.objects.exists()


def test_unknown_parameters_of_a_streamed_export_are_refused(
    small: Project, api: Api, lea: User
) -> None:
    answer = api(lea).get(at(small, "/export?colour=red"))
    assert_refused(answer, 422, "unknown_parameter", "colour")
    assert "annotator" in answer.json()["detail"]


def test_folder_is_private(small: Project) -> None:
    assert Path(export_job.folder()).stat().st_mode & 0o077 == 0
