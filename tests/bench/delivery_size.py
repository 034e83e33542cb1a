"""A delivery of a million items: seconds and memory of its freeze, and of an export.

WINNOW_DATA=DIR [DATABASE_URL=postgres://…] python -m tests.bench.delivery_size --items 1000000
"""

import argparse
import os
import resource
import time
from collections.abc import Callable
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "annotator.settings")
LABELS = ["a", "b", "c"]
PEOPLE_SHARE = 0.002


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--items", type=int, default=1_000_000)
    options = parser.parse_args()
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    delivery = _proven(options.items)
    before = _megabytes()
    _told("freeze", before, lambda: _freeze(delivery.pk))
    _told("export", before, lambda: _export(delivery.pk))


def _told(name: str, before: float, work: Callable[[], str]) -> None:
    started, cpu = time.perf_counter(), time.process_time()
    found = work()
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    memory = f"{_megabytes():.0f} MB at most ({before:.0f} before)"
    print(f"{name}: {found}, {seconds:.1f} s, {cpu:.1f} s of CPU, {memory}", flush=True)


def _megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _proven(number: int) -> Any:
    """Store a project of so many items, whose model labels all that people did not."""
    import numpy as np

    from annotator.flow.projects import settings
    from annotator.models import Delivery, FeatureSpace, ModelVersion, User
    from annotator.pool import delivery_regions
    from annotator.pool.delivery_regions import Region

    user = User.objects.create_superuser(f"big{time.time_ns()}", password="correct-horse")
    project = settings.create_project(user, name="Big", labels=LABELS)
    _add_items(project, number)
    labels = list(project.labels.values_list("pk", flat=True))
    space = FeatureSpace.objects.create(project=project, recipe="text", items=number)
    model = ModelVersion.objects.create(
        project=project, number=1, space=space, labels=labels, trained_on=400
    )
    rows = np.random.default_rng(0).permutation(number)[: int(number * (1 - PEOPLE_SHARE))]
    answers = (128 >> (rows % len(labels))).astype(np.uint8)[:, None]
    region = Region(
        rows, np.zeros(len(rows), np.int64), np.full(len(rows), 0.97, np.float32), answers
    )
    rung = {"remaining": len(rows), "checks": 133, "wrong": 1, "bound": 0.05}
    part = {"label": None, "delivered": 0, "rungs": [rung]}
    delivery = Delivery.objects.create(
        project=project,
        number=1,
        user=user,
        max_error="0.05",
        confidence="0.95",
        alpha=0.05,
        model=model,
        stage=Delivery.Stage.FREEZE,
        is_proven=True,
        parts=[{"label": None, "sizes": [len(rows)], "expected": [0.02]}],
        standing={"parts": [part]},
    )
    delivery.regions = delivery_regions.save(delivery, [region])
    delivery.save(update_fields=["regions"])
    return delivery


def _add_items(project: Any, number: int) -> None:
    from annotator.models import Item, Project

    for start in range(0, number, 10_000):
        Item.objects.bulk_create(
            Item(
                project=project,
                position=n,
                key=f"item-{n}",
                text=f"A text of some words, the usual length of a message, number {n}",
                audit_key=n,
                content_hash=n.to_bytes(16, "big"),
            )
            for n in range(start, min(start + 10_000, number))
        )
    Project.objects.filter(pk=project.pk).update(items=number)


def _freeze(pk: int) -> str:
    from annotator.flow.delivery import freezing
    from annotator.models import Delivery

    freezing.freeze(pk)
    card = Delivery.objects.get(pk=pk).card
    return f"{card['machine']:,} labels of the model"


def _export(pk: int) -> str:
    from annotator.flow.delivery import freezing
    from annotator.models import Delivery

    size = sum(map(len, freezing.stream(Delivery.objects.get(pk=pk), "csv")))
    return f"{size / 1e6:.0f} MB of CSV"


if __name__ == "__main__":
    main()
