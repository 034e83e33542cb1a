"""The distribution of tests: groups stay whole, and servers leave a process that computes."""

from types import SimpleNamespace
from typing import Any

import pytest

from tests import pace, shared

GROUPS = {f"tests/servers_{name}.py::test_{n}": name for name in "abc" for n in range(3)}
MODULES = [f"tests/rules_{name}.py::test_{n}" for name in "de" for n in range(2)]


class Node:
    """A worker that remembers what it was given."""

    def __init__(self, name: str) -> None:
        self.gateway = SimpleNamespace(id=name)
        self.given: list[int] = []
        self.shutting_down = False

    def send_runtest_some(self, numbers: list[int]) -> None:
        self.given += numbers

    def shutdown(self) -> None:
        self.shutting_down = True


def distribution_of(monkeypatch: pytest.MonkeyPatch, tests: list[str]) -> Any:
    """Return a distribution of tests to three workers on two cores."""
    monkeypatch.setattr(pace, "_cores", lambda: 2)
    options = {"tx": ["popen"] * 3}
    config = SimpleNamespace(
        getvalue=options.get, option=SimpleNamespace(loadscopereorder=False), rootpath=""
    )
    made = pace.Distribution(config)
    for name in ("one", "two", "three"):
        node = Node(name)
        made.add_node(node)
        made.add_node_collection(node, tests)
    made.schedule()
    return made


@pytest.fixture
def distribution(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A distribution of three groups with servers, and of two modules."""
    told = {"groups": GROUPS, "waiting": sorted(set(GROUPS.values()))}
    monkeypatch.setattr(shared, "told", told.__getitem__)
    return distribution_of(monkeypatch, [*GROUPS, *MODULES])


def names(distribution: Any, node: Node) -> list[str]:
    return [distribution.collection[number] for number in node.given]


def groups(distribution: Any, node: Node) -> set[str]:
    return {GROUPS[name] for name in names(distribution, node) if name in GROUPS}


def test_third_worker_computes_while_two_have_servers(distribution: Any) -> None:
    one, two, three = distribution.nodes
    assert (groups(distribution, one), groups(distribution, two)) == ({"a"}, {"b"})
    assert names(distribution, three) == MODULES[:2]


def test_next_group_waits_while_there_is_something_to_compute(distribution: Any) -> None:
    one, two, three = distribution.nodes
    for number in list(three.given)[:1]:
        distribution.mark_test_complete(three, number)
    assert names(distribution, three) == MODULES
    for number in list(one.given):
        distribution.mark_test_complete(one, number)
    assert groups(distribution, one) == {"a", "c"}
    assert groups(distribution, two) == {"b"}


def test_worker_with_nothing_left_to_compute_takes_servers(distribution: Any) -> None:
    three = distribution.nodes[2]
    for number in list(three.given):
        distribution.mark_test_complete(three, number)
    for number in three.given[2:]:
        distribution.mark_test_complete(three, number)
    assert groups(distribution, three) == {"c"}


def test_no_more_workers_compute_than_there_are_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared, "told", {"groups": {}, "waiting": []}.__getitem__)
    computing = distribution_of(monkeypatch, [*MODULES, *GROUPS])
    assert [bool(node.given) for node in computing.nodes] == [True, True, False]
    assert computing.nodes[2].shutting_down


def test_each_test_is_given_once_and_groups_and_modules_stay_whole(distribution: Any) -> None:
    done: set[tuple[str, int]] = set()
    while todo := [
        (node, number)
        for node in distribution.nodes
        for number in node.given
        if (node.gateway.id, number) not in done
    ]:
        node, number = todo[0]
        done.add((node.gateway.id, number))
        distribution.mark_test_complete(node, number)
    given = [name for node in distribution.nodes for name in names(distribution, node)]
    assert sorted(given) == sorted([*GROUPS, *MODULES])
    of = {node.gateway.id: names(distribution, node) for node in distribution.nodes}
    for unit in [*"abc", "tests/rules_d.py", "tests/rules_e.py"]:
        its = [name for name in given if unit in (GROUPS.get(name), name.split("::")[0])]
        assert any(set(its) <= set(each) for each in of.values()), unit
