"""Run in a process of its own, by the settings of a stack: makes what its people work on.

python -m tests.faults.made people items    prints the project, its people and their tokens
"""

import hashlib
import json
import sys

import django

ADMIN, PASSWORD = "olga", "correct-horse-battery"


def make(people: int, items: int) -> dict[str, object]:
    """Store a project with frequent rounds, items and users, and return their keys."""
    from knox.models import AuthToken

    from annotator.bench import load
    from annotator.bench.synthetic_text import texts
    from annotator.flow.projects import settings
    from annotator.models import Item, Project, User

    owner = User.objects.create_superuser(ADMIN, password=PASSWORD)
    project = settings.create_project(
        owner,
        name="Faults",
        labels=["a", "b"],
        features="text-quick",
        retrain_every=20,
        retrain_seconds=5,
        seed=7,
    )
    # Random labels are often doubted, so reviews happen, too.
    settings.change_settings(project, second_share=0.05)
    Item.objects.bulk_create(
        Item(
            project=project,
            position=n,
            key=str(n),
            text=text,
            audit_key=int.from_bytes(hashlib.sha256(str(n).encode()).digest()[:8], "big") >> 1,
            content_hash=n.to_bytes(16, "big"),
        )
        for n, (text, _topic) in enumerate(texts(items))
    )
    Project.objects.filter(pk=project.pk).update(items=items)
    return {
        "project": project.pk,
        "owner": AuthToken.objects.create(user=owner)[1],
        "people": [[one.number, one.token] for one in load.enrol(project.pk, people)],
    }


if __name__ == "__main__":
    django.setup()
    print(json.dumps(make(int(sys.argv[1]), int(sys.argv[2]))))
