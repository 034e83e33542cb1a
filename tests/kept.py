"""A state that takes long to make, made once for a module: each test finds it as it was.

Its rows lie in a transaction around those of the tests, its files are copied for each test. The
users of the fixtures are those of the state; no test of the module may have a database of its own.
"""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.test import override_settings
from pytest_django import DjangoDbBlocker, Settings

from annotator.db import clock
from annotator.models import Project, jobs
from tests import loop


@dataclass(frozen=True)
class Kept:
    """A project with all that belongs to it."""

    pk: int
    files: Path

    def put(self, settings: Settings) -> Project:
        """Give a test its own copy of the files, and return the project."""
        shutil.copytree(self.files, settings.MEDIA_ROOT, dirs_exist_ok=True)
        return Project.objects.get(pk=self.pk)


@contextmanager
def _kept(
    blocker: DjangoDbBlocker, folder: Path, make: Callable[[pytest.MonkeyPatch], Project]
) -> Iterator[Kept]:
    """Make a state, keep it for the tests, and take it back."""
    files = folder / "files"
    files.mkdir()
    with blocker.unblock(), transaction.atomic():
        with pytest.MonkeyPatch.context() as patch, override_settings(MEDIA_ROOT=files):
            # As for each test.
            patch.setattr(jobs, "BEAT_SECONDS", 3600)
            patch.setattr(clock, "OWN_CLOCK", set())
            loop.forget_what_was_loaded()
            made = make(patch).pk
        yield Kept(made, files)
        transaction.set_rollback(True)


def keeping(make: Callable[[pytest.MonkeyPatch], Project]) -> Any:
    """Return a fixture of a module that keeps a state."""

    @pytest.fixture(scope="module")
    def once(
        django_db_setup: None,
        django_db_blocker: DjangoDbBlocker,
        tmp_path_factory: pytest.TempPathFactory,
    ) -> Iterator[Kept]:
        with _kept(django_db_blocker, tmp_path_factory.mktemp("kept"), make) as made:
            yield made

    return once
