"""Stacks for fault tests."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.faults.backends import Postgres
from tests.faults.stack import Stack, Template, template


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Template]]:
    """Return a function that gives the template of a kind of stack, made on first use."""
    made: dict[str, Template] = {}

    def of(kind: str) -> Template:
        if kind not in made:
            postgres = Postgres().start() if kind == "production" else None
            folder = tmp_path_factory.mktemp(kind) / "data"
            made[kind] = template(folder, postgres)
        return made[kind]

    yield of
    for each in made.values():
        if each.postgres is not None:
            each.postgres.remove()


@pytest.fixture
def running(templates: Any, tmp_path: Path) -> Callable[..., Any]:
    """Return a context manager that runs a stack of a kind: `with running("embedded") as stack`."""

    @contextmanager
    def run(kind: str, **env: str) -> Iterator[Stack]:
        stack = Stack(templates(kind), tmp_path / "data", **env)
        try:
            yield stack.start()
        except BaseException:
            print(stack.said()[-20_000:])
            raise
        finally:
            stack.stop()

    return run
