"""How long it takes to merge a label of many annotations, and how long others wait for it.

Run: python tests/bench/merge_speed.py [--annotations 1000000], with WINNOW_DATA, and DATABASE_URL
for PostgreSQL, set to an empty installation. It makes one project straight in the tables, then
prints the seconds of the preview, of the request, of the merge and of its undo, and the longest
transaction of each.
"""

import argparse
import os
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "annotator.settings")

CHUNK = 20_000


def main() -> None:
    """Fill an empty installation and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--annotations", type=int, default=1_000_000)
    asked = parser.parse_args()
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    measure(filled(asked.annotations))


def filled(number: int) -> Any:
    """Return a project with that many items, half of them labelled “old”."""
    from annotator.flow.projects import settings
    from annotator.models import User

    user = User.objects.create_user("ana")
    project = settings.create_project(user, name="Large", labels=["old", "new", "rest"])
    keys = list(project.labels.values_list("pk", flat=True))
    for start in range(0, number, CHUNK):
        add(project, user, keys, range(start, min(start + CHUNK, number)))
    return project


def add(project: Any, user: Any, labels: list[int], places: range) -> None:
    """Store labelled items straight in the tables."""
    from django.db import transaction
    from django.utils import timezone

    from annotator.db.bulk_insert import bulk_insert
    from annotator.models import Annotation, AnnotationLabel, Item

    now = timezone.now()
    with transaction.atomic():
        bulk_insert(
            [
                Item(
                    project=project,
                    position=n,
                    audit_key=n,
                    key=str(n),
                    content_hash=n.to_bytes(16, "big"),
                    text=f"text {n}",
                    state=Item.State.LABELLED,
                    answers=1,
                )
                for n in places
            ]
        )
        items = Item.objects.filter(project=project, position__gte=places[0])
        of_item = items.order_by("position").values_list("pk", flat=True)
        bulk_insert(
            [
                Annotation(
                    project=project,
                    item_id=item,
                    user=user,
                    source="random",
                    created_at=now,
                    updated_at=now,
                    completes=True,
                )
                for item in of_item
            ]
        )
        rows = Annotation.objects.filter(item__in=items).order_by("pk")
        bulk_insert(
            [
                AnnotationLabel(annotation_id=pk, label_id=labels[0 if n % 2 else 1 + n % 4 // 2])
                for n, pk in enumerate(rows.values_list("pk", flat=True))
            ]
        )


def measure(project: Any) -> None:
    """Print the times of the preview, the request, the merge and the undo."""
    from annotator.flow.projects import label_edits, label_merge
    from annotator.models import User

    user = User.objects.get(username="ana")
    timed("preview", lambda: label_merge.preview(project, "old", "new"))
    work = timed("request", lambda: label_merge.start(project, user, "old", "new"))
    timed("merge", lambda: label_merge.run(work.pk))
    again = label_edits.find(project, work.pk)
    again.project = project
    timed("request of the undo", lambda: label_merge.request_undo(again, user))
    timed("undo", lambda: label_merge.run(work.pk))
    work.refresh_from_db()
    print(f"moved {work.done}, put back {work.undone}, kept {work.kept}")


def timed(name: str, act: Any) -> Any:
    """Print how long it takes, and its longest transaction; return what it returns."""
    from django.db import transaction

    longest, whole = [0.0], transaction.Atomic.__exit__
    begun: dict[int, float] = {}
    enter = transaction.Atomic.__enter__

    def entered(self: Any) -> None:
        begun.setdefault(id(self), time.perf_counter())
        enter(self)

    def left(self: Any, *told: Any) -> None:
        whole(self, *told)
        longest[0] = max(longest[0], time.perf_counter() - begun.pop(id(self), 1e18))

    transaction.Atomic.__enter__, transaction.Atomic.__exit__ = entered, left  # type: ignore[method-assign]
    started = time.perf_counter()
    try:
        return act()
    finally:
        transaction.Atomic.__enter__, transaction.Atomic.__exit__ = enter, whole  # type: ignore[method-assign]
        spent = time.perf_counter() - started
        print(f"{name}: {spent:.2f} s, longest transaction {longest[0]:.2f} s", flush=True)


if __name__ == "__main__":
    main()
