"""A job that makes a project makes all of it or nothing, wherever it stops."""

import errno
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from annotator.archives import places, storing, writer
from annotator.archives.tables import TABLES, rows_of
from annotator.flow.archiving import jobs, run
from annotator.models import Annotation, ArchiveJob, Item, Job, Lease, Project, User
from tests import loop
from tests.archives import moving
from tests.given import PutState

pytestmark = pytest.mark.django_db(transaction=True)


class Killed(BaseException):
    """The worker is gone at once: nothing of it tidies up."""


@pytest.fixture
def small(put_state: PutState) -> Project:
    return put_state(_small)


def _small() -> Project:
    project = loop.mail_project()
    ana, ben = map(loop.person, ("ana", "ben"))
    loop.by_two(project, ana, ben)
    loop.go_round(project)
    return project


def begun(small: Project, olga: User) -> ArchiveJob:
    path = moving.archive_of(small)
    User.objects.filter(username="ben").update(username="renamed")
    return jobs.receive(olga, SimpleUploadedFile("mail.winnow", path.read_bytes()))


def _kill_at(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, call: int, error: Any) -> None:
    """Let a function fail at that call, once."""
    real: Callable[..., Any] = getattr(owner, name)
    calls = 0

    def failing(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == call:
            raise error
        return real(*args, **kwargs)

    monkeypatch.setattr(owner, name, failing)


MOMENTS = {
    "at the project": (storing, "insert_as_given", 1),
    "among the items": (storing, "insert_as_given", 4),
    "among the annotations": (storing, "insert_as_given", 14),
    "among the files": (places, "write", 3),
    "at the end": (storing.Arrival, "finish", 1),
}


@pytest.mark.parametrize(("owner", "name", "call"), MOMENTS.values(), ids=list(MOMENTS))
def test_worker_that_dies_leaves_nothing_that_the_next_one_keeps(
    small: Project,
    olga: User,
    monkeypatch: pytest.MonkeyPatch,
    settings: Any,
    owner: Any,
    name: str,
    call: int,
) -> None:
    work = begun(small, olga)
    _kill_at(monkeypatch, owner, name, call, Killed())
    with pytest.raises(Killed):
        run.run(work.pk)
    assert list(Project.objects.alive()) == [small]
    hidden = Project.objects.exclude(deleted_at=None).values_list("pk", flat=True)
    left = list(hidden)
    ArchiveJob.objects.filter(pk=work.pk).update(state=Job.State.QUEUED)
    run.run(work.pk)
    made = moving.made_by(loop.refreshed(work))
    assert made.pk not in left
    assert set(Project.objects.values_list("pk", flat=True)) == {small.pk, made.pk}
    assert moving.records(made) == [
        {**row, "annotator": "ben"} if row["annotator"] == "renamed" else row
        for row in moving.records(small)
    ]
    for model in (Item, Lease, Annotation):
        mine = rows_of(model, small).count() + rows_of(model, made).count()
        assert model._default_manager.count() == mine
    folders = {path.name for path in (settings.MEDIA_ROOT / "projects").iterdir()}
    assert folders == {str(small.pk), str(made.pk)}
    assert User.objects.filter(username="ben").count() == 1
    assert (jobs.folder() / work.path).exists() is False


def test_full_disk_is_told_and_tried_again(
    small: Project, olga: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = begun(small, olga)
    before = [model._default_manager.count() for model in (*TABLES, User)]
    full = OSError(errno.ENOSPC, "No space left on device")
    _kill_at(monkeypatch, places, "write", 3, full)
    run.run(work.pk)
    told = loop.refreshed(work)
    assert (told.state, told.made, told.people) == (Job.State.QUEUED, None, [])
    assert "full" in told.error or "space" in told.error
    assert [model._default_manager.count() for model in (*TABLES, User)] == before
    ArchiveJob.objects.update(retry_at=None)
    run.run(work.pk)
    assert moving.made_by(loop.refreshed(work)).items == small.items


def test_worker_that_was_taken_over_stops_and_removes_nothing(
    small: Project, olga: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = begun(small, olga)
    real = storing.Arrival.store

    def taken_over(self: storing.Arrival, fence: Any) -> None:
        monkeypatch.setattr(storing.Arrival, "store", real)
        ArchiveJob.objects.filter(pk=work.pk).update(token=None, state=Job.State.QUEUED)
        run.run(work.pk)
        real(self, fence)

    monkeypatch.setattr(storing.Arrival, "store", taken_over)
    run.run(work.pk)
    made = moving.made_by(loop.refreshed(work))
    assert set(Project.objects.values_list("pk", flat=True)) == {small.pk, made.pk}
    assert rows_of(Item, made).count() == small.items


def test_file_that_goes_meanwhile_is_told_in_words(
    small: Project, olga: User, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    work = jobs.archive(small, olga)
    monkeypatch.setattr(writer, "_blocks", _gone)
    run.run(work.pk)
    told = loop.refreshed(work)
    assert told.state == Job.State.FAILED
    assert told.error.startswith("Files of the project were replaced while it was read.")
    assert list(jobs.folder().iterdir()) == []


def test_file_that_goes_once_costs_another_attempt(
    small: Project, olga: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    _kill_at(monkeypatch, writer, "_blocks", 2, writer.Changed("encoder.npz"))
    path = moving.archive_of(small)
    assert moving.made_by(moving.opened(path, olga)).items == small.items


def _gone(path: Path) -> Any:
    raise writer.Changed(path.name)


def test_small_files_share_a_commit(
    small: Project, olga: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = begun(small, olga)
    monkeypatch.setattr(storing, "FENCE_SECONDS", 1000.0)
    stored: list[str] = []
    told: list[tuple[int, int]] = []
    real, written = storing.Arrival._store_file, storing.Arrival._store_files

    def store_file(self: storing.Arrival, name: str) -> None:
        stored.append(name)
        real(self, name)

    def store_files(self: storing.Arrival, done: int, fence: Any) -> None:
        def tell(done: int) -> None:
            told.append((len(stored), done))
            fence(done=done)

        written(self, done, tell)

    monkeypatch.setattr(storing.Arrival, "_store_file", store_file)
    monkeypatch.setattr(storing.Arrival, "_store_files", store_files)
    run.run(work.pk)
    assert loop.refreshed(work).state == Job.State.DONE
    # The first, as after each pause, and the last.
    assert [files for files, _done in told] == [1, len(stored)]
    assert told[1][1] - told[0][1] == len(stored) - 1 > 1
