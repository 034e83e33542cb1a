"""A project is deleted, its labels change, a member goes, while people label."""

from dataclasses import replace
from typing import Any

import pytest

from annotator.bench.api_client import Unexpected
from annotator.bench.invariants import REFUSED, violations
from annotator.models import Project
from tests import servers
from tests.faults.stack import stored

pytestmark = pytest.mark.servers


@pytest.mark.parametrize("kind", ["embedded", "production"])
def test_project_that_changes_under_its_people_refuses_clearly(running: Any, kind: str) -> None:
    with running(kind) as stack:
        crowd = stack.crowd().start()
        stack.labels_on(crowd, 20)
        project = f"/projects/{stack.project}"
        person = removes_a_member(stack, crowd, project)
        renames_a_label(stack, crowd, project)
        stack.owner.call("DELETE", project)
        calls = crowd.join(servers.patient(60))
        assert crowd.failures == []
        assert refusals(calls, "save", "next") <= {403, 404, 409, 422}
        there = servers.wait_until(lambda: held_by_others(stack, person), 30, "freed leases")
        # A removed member does not know that somebody else has their item by now.
        seen = [replace(each, given=None) if each.person == person else each for each in calls]
        as_said = [replace(each, labels=said(each.labels)) for each in stored(there)]
        assert violations(seen, as_said, items=there["items"], reviews=set(there["reviews"])) == []
        assert there["wrong"] == []


def held_by_others(stack: Any, person: Any) -> Any:
    there = stack.count()
    return there if person not in there["holders"] else None


def said(labels: Any) -> Any:
    """Return what people said before the label got its new name."""
    return tuple("b" if name == "c" else name for name in labels)


def removes_a_member(stack: Any, crowd: Any, project: Project) -> Any:
    """Take one person out, and return them once they were told."""
    person = crowd.people[0].number
    users = stack.owner.call("GET", "/users")["results"]
    name = next(each["username"] for each in users if each["id"] == person)
    stack.owner.call("DELETE", f"{project}/members", {"username": name})

    def told() -> Any:
        return refusals([each for each in list(crowd.calls) if each.person == person])

    servers.wait_until(lambda: told() & {403, 404}, 30, "what the one who was removed is told")
    # A save that was let in just before finds its lease given back.
    assert told() <= {403, 404, 409}
    return person


def renames_a_label(stack: Any, crowd: Any, project: Project) -> None:
    """Rename what people are about to say; by its old name it is still what they mean."""
    labels = stack.owner.call("GET", project)["labels"]
    with pytest.raises(Unexpected, match="label_in_use"):
        stack.owner.call("PATCH", project, {"labels": [*labels[:1], {"name": "c"}]})
    renamed = [labels[0], {**labels[1], "name": "c"}]
    stack.owner.call("PATCH", project, {"labels": renamed})
    before = stack.saves(crowd)
    servers.wait_until(lambda: stack.saves(crowd) > before + 10, 30, "saves by the old name")
    assert 422 not in refusals(list(crowd.calls), "save")


def refusals(calls: Any, *kinds: Any) -> Any:
    """Return the statuses of the calls that were refused."""
    return {
        call.status
        for call in calls
        if call.outcome == REFUSED and (not kinds or call.kind in kinds)
    }
