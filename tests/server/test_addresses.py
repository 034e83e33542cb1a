"""The address that others use, whatever the page was opened under."""

from typing import Any

import pytest

from annotator.server import addresses
from annotator.server.addresses import (
    NOT_ALLOWED,
    ONLY_HERE,
    REACHABLE,
    UNKNOWN,
    Address,
    shared_address,
)

HERE = "http://127.0.0.1:8000"


@pytest.fixture(autouse=True)
def _in_a_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "own_address", lambda: "192.168.1.5")


@pytest.mark.parametrize("base", ["https://winnow.example.org", "http://192.168.1.9:8000"])
@pytest.mark.parametrize("bound", ["127.0.0.1", "0.0.0.0", ""])
def test_address_of_the_page_is_taken_where_others_may_use_it(base: str, bound: str) -> None:
    assert shared_address(base, bound, ["*"]) == Address(base, REACHABLE)


@pytest.mark.parametrize("base", [HERE, "http://localhost:8000", "http://[::1]:8000"])
def test_server_for_this_computer_only_says_so(base: str) -> None:
    for bound in ("127.0.0.1", "::1", "localhost"):
        assert shared_address(base, bound, ["*"]) == Address(base, ONLY_HERE)


@pytest.mark.parametrize("base", [HERE, "http://0.0.0.0:8000"])
def test_server_on_all_addresses_is_named_by_its_network(base: str) -> None:
    for bound in ("0.0.0.0", "::"):
        found = shared_address(base, bound, ["*"])
        assert found == Address("http://192.168.1.5:8000", REACHABLE)
        assert shared_address(base, bound, ["localhost"]) == Address(base, NOT_ALLOWED)


def test_server_on_one_address_is_named_by_it() -> None:
    assert shared_address(HERE, "10.0.0.7", ["*"]) == Address("http://10.0.0.7:8000")


@pytest.mark.parametrize("bound", ["", "/run/winnow/web.sock"])
def test_server_on_a_socket_is_not_guessed(bound: str) -> None:
    assert shared_address(HERE, bound, ["*"]) == Address(HERE, UNKNOWN)


def test_without_a_network_nothing_is_guessed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "own_address", lambda: "")
    assert shared_address(HERE, "0.0.0.0", ["*"]) == Address(HERE, UNKNOWN)


def test_own_address_is_one_or_none(monkeypatch: Any) -> None:
    monkeypatch.undo()
    assert not addresses.own_address().startswith("0.")
