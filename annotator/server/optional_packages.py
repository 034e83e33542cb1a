"""Optional packages of Django REST framework that the app does without.

The framework loads each one that is installed, for whatever reason: some 15 MB that stay.
"""

import importlib
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

UNUSED = ("docutils", "jinja2", "pygments", "requests")
DATABASE = "psycopg"
# They ask for the packages while they are loaded, and never again.
ASKING = ("rest_framework.compat", "rest_framework.schemas", "rest_framework.test")


def load_without(uses_postgresql: bool) -> None:
    """Load the modules that ask for optional packages, without these packages."""
    names = UNUSED if uses_postgresql else (*UNUSED, DATABASE)
    with _hidden(names):
        for name in ASKING:
            importlib.import_module(name)


@contextmanager
def _hidden(names: Iterable[str]) -> Iterator[None]:
    """Let imports of these packages fail meanwhile, as if they were not installed."""
    hidden = [name for name in names if name not in sys.modules]
    # The import system takes None for "cannot be imported".
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]
