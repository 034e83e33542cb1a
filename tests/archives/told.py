"""Say what a project tells, as JSON, in an installation of its own; or make one first.

`python -m tests.archives.told make ITEMS` makes a project and prints its number;
`python -m tests.archives.told PROJECT` prints what it tells, and what the next round selects.
"""

import hashlib
import json
import sys
from typing import Any

import django

django.setup()

import pytest  # noqa: E402

from annotator.flow.projects import members, settings  # noqa: E402
from annotator.flow.projects.settings import change_project  # noqa: E402
from annotator.models import Lease, Project, User  # noqa: E402
from tests import loop, vectors  # noqa: E402
from tests.archives import moving  # noqa: E402

PEOPLE = ("lea", "ana", "ben", "cleo")


def make(items: int) -> int:
    """Make a project with vectors of an encoder, three annotators, overlap and rounds."""
    root = User.objects.create_superuser("root")
    people = [User.objects.create_user(name) for name in PEOPLE]
    project = settings.create_project(root, name="Mail", labels=["spam", "ham"], seed=7)
    for person in people:
        members.add_member(project, person.username)
    rich = moving.rich(project, people[0], people[1], people[2], items)
    for lease in Lease.objects.filter(project=rich, ended_at=None):
        moving.releasing.release(lease)
    specs = [
        {"id": each.pk, "name": each.name, "description": vectors.DESCRIPTIONS.get(each.name, "")}
        for each in rich.labels.all()
    ]
    change_project(rich, labels=specs)
    rich.refresh_from_db()
    vectors.make(rich)
    loop.rest(rich)
    loop.label(rich, people[3], 10)
    loop.go_round(rich)
    return project.pk


def tell(pk: int) -> dict[str, Any]:
    """Return what the project tells; long lists as their hash."""
    project = Project.objects.alive().get(pk=pk)
    root = User.objects.get(username="root")
    told: dict[str, Any] = {
        "records": _hash(moving.records(project)),
        "by item": _hash(moving.records(project, unit="item")),
        "predictions": moving.predictions(project),
        **moving.figures(project, root),
    }
    return {**told, "next": moving.next_picks(project)}


def _hash(rows: list[Any]) -> list[Any]:
    return [len(rows), hashlib.sha256(json.dumps(rows, sort_keys=True).encode()).hexdigest()]


def main() -> None:
    with pytest.MonkeyPatch.context() as patch:
        vectors.install(patch)
        if sys.argv[1] == "make":
            print(json.dumps(make(int(sys.argv[2]))))
        else:
            print(json.dumps(tell(int(sys.argv[1]))))


if __name__ == "__main__":
    main()
