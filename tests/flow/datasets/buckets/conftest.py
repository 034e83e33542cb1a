"""A store with a bucket of each test's own."""

import secrets
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from pytest_django import Settings

from annotator.storage import buckets as storage
from tests import buckets


@pytest.fixture(scope="session")
def store() -> Iterator[str]:
    with buckets.store() as address:
        yield address


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, value in buckets.CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    storage._client.cache_clear()
    yield
    storage._client.cache_clear()


Fill = Callable[[Mapping[str, bytes]], tuple[str, Any]]


@pytest.fixture
def fill(store: str, settings: Settings) -> Fill:
    """Return what makes an allowed bucket: its name, and the client that made it."""

    def make(objects: Mapping[str, bytes]) -> tuple[str, Any]:
        name = f"bucket-{secrets.token_hex(4)}"
        client = buckets.fill(store, name, objects)
        settings.IMPORT_BUCKETS = {**settings.IMPORT_BUCKETS, name: store}
        return name, client

    return make
