"""One running Winnow for all end-to-end tests of a test worker."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests import servers
from tests.browser import browser_type_launch_args

__all__ = ["browser_type_launch_args"]


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A Winnow on the embedded default, with the sample projects."""
    with servers.winnow(tmp_path_factory.mktemp("demo") / "winnow", "--demo") as server:
        yield server
