"""Stacks for fault tests."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests import servers
from tests.faults.stack import Stack, Template, template


@pytest.fixture(scope="session")
def templates() -> Iterator[Callable[[str], Template]]:
    """Return a function that gives the template of a kind of stack, got on first use."""
    made: dict[str, Template] = {}

    def of(kind: str) -> Template:
        if kind not in made:
            made[kind] = template(kind)
        return made[kind]

    yield of
    for each in made.values():
        if each.postgres is not None:
            each.postgres.remove()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Any]:
    """Run an installation on SQLite, for one test."""
    with servers.winnow(tmp_path / "winnow") as running:
        yield running


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
