"""Run in a process of its own, by the settings of an installation: a large project, and its page.

python -m tests.bench.dashboard_rows admin password annotations rounds    prints what was measured
"""

import json
import os
import statistics
import sys
import time
from datetime import timedelta
from typing import Any

from annotator.models import Project

LABELS = ["harvest", "market", "weather", "sport"]
LOOKS = 9
# PostgreSQL takes at most 65,535 values in one statement.
AT_ONCE = 2_000
ESTIMATE = {"value": 0.9, "low": 0.88, "high": 0.92, "n": 400, "confidence": 0.95}
PICK = {"score": -0.1, "probability": None, "reason": "margin", "why": "close", "suggestion": None}


def measure(admin: str, password: str, annotations: int, rounds: int) -> dict[Any, Any]:
    """Fill a project of `admin`, and return the cost of its dashboard."""
    from annotator.models import User

    if not User.objects.filter(username=admin).exists():
        User.objects.create_superuser(admin, password=password)
    project = _fill(admin, annotations, rounds)
    return {
        "project": project,
        "annotations": annotations,
        "rounds": rounds,
        **_asked(admin, project),
    }


def _fill(admin: str, annotations: int, rounds: int) -> int:
    from annotator.flow.projects import settings
    from annotator.models import Project, User

    owner = User.objects.get(username=admin)
    project = settings.create_project(owner, name=f"{annotations:,}", labels=LABELS, hourly_rate=30)
    items = annotations + annotations // 10
    settings.change_settings(project, target_value=0.97, budget=2 * annotations)
    for start in range(0, items, AT_ONCE):
        _add_items(project, owner, range(start, min(start + AT_ONCE, items)), items, annotations)
    _add_days(project, owner, annotations)
    Project.objects.filter(pk=project.pk).update(items=items)
    project.refresh_from_db()
    _add_rounds(project, annotations, rounds)
    return int(project.pk)


def _add_items(project: Project, owner: Any, numbers: range, items: int, annotations: int) -> None:
    from django.utils import timezone

    from annotator.models import Annotation, Item

    now = timezone.now()
    made = Item.objects.bulk_create(
        Item(
            project=project,
            position=n,
            # The first items of the permutation are the audits.
            audit_key=(n + 1) * (2**63 // (items + 2)),
            key=str(n),
            content_hash=n.to_bytes(16, "big"),
            text=f"item {n}",
            state=Item.State.LABELLED if _is_labelled(n, annotations) else Item.State.POOL,
            answers=int(_is_labelled(n, annotations)),
        )
        for n in numbers
    )
    Annotation.objects.bulk_create(
        Annotation(
            project=project,
            item=item,
            user=owner,
            source="audit" if item.position < 0.15 * annotations else "active",
            seconds=4.0,
            created_at=now,
            updated_at=now,
        )
        for item in made
        if item.state == Item.State.LABELLED
    )


def _add_days(project: Project, owner: Any, annotations: int) -> None:
    from django.utils import timezone

    from annotator.models import Tally

    today = timezone.now().date()
    Tally.objects.bulk_create(
        Tally(
            project=project,
            user=owner,
            day=today - timedelta(days=day),
            labels=annotations // 100,
            finished=annotations // 100,
            audits=annotations * 15 // 10_000,
            seconds=annotations / 25,
        )
        for day in range(100)
    )


def _is_labelled(n: int, annotations: int) -> bool:
    """Tell whether the n-th of the permutation is labelled: audits are, what is kept for them not.

    What the strategy chose lies behind, with an item here and there that it left.
    """
    kept = 0.165 * annotations
    return n < 0.15 * annotations or (n >= kept and n % 12 > 0)


def _add_rounds(project: Project, annotations: int, rounds: int) -> None:
    from django.utils import timezone

    from annotator.flow.evaluation import forecast
    from annotator.flow.progress import audit_counts
    from annotator.models import FeatureSpace, Report

    space = FeatureSpace.objects.create(
        project=project, recipe="text", state="done", items=annotations, stage="transform"
    )
    for number in range(1, rounds + 1):
        model = _add_round(project, space, number, annotations * number // rounds)
    # As left by the newest round and its reports.
    model.measured["audits"] = audit_counts.counting_mark(project)
    model.save(update_fields=["measured"])
    Report.objects.create(
        project=project,
        kind="forecast",
        seq=1,
        found=forecast.report(project),
        made_at=timezone.now(),
    )


def _add_round(project: Project, space: Any, number: int, trained: int) -> Any:
    from django.utils import timezone

    from annotator.models import ModelVersion, Round

    model = ModelVersion.objects.create(
        project=project,
        space=space,
        number=number,
        labels=list(project.labels.values_list("pk", flat=True)),
        trained_on=trained,
        seen={str(pk): trained // 4 for pk in project.labels.values_list("pk", flat=True)},
        accuracy={**ESTIMATE, "value": 0.95 - 0.5 * trained**-0.3, "proven": 0.87},
        macro_f1=0.9,
        measured=_measured(project, trained),
    )
    Round.objects.create(
        project=project,
        number=number,
        space=space,
        model=model,
        state="done",
        stage="evaluate",
        trigger="labels",
        strategy="auto",
        phase="margin_apart",
        seq=trained,
        picks=[{**PICK, "position": n} for n in range(60)],
        timings={"train": 0.2, "score": 0.5, "select": 0.1, "refill": 0.1, "evaluate": 0.5},
        distribution={"pool": [100] * 20, "picks": [3] * 20, "predicted": [500] * 4},
        finished_at=timezone.now(),
    )
    return model


def _measured(project: Project, trained: int) -> dict[Any, Any]:
    return {
        "macro_f1": ESTIMATE,
        "classes": [
            {"label": pk, "precision": ESTIMATE, "recall": ESTIMATE}
            for pk in project.labels.values_list("pk", flat=True)
        ],
        "change": {**ESTIMATE, "value": 0.01, "low": -0.01, "high": 0.03},
        "moved": {"share": 0.02, "n": 1000, "kappas": [0.97, 0.98, 0.98]},
        "spent": {
            "answers": trained,
            "seconds": 4.0 * trained,
            "sources": {"active": trained * 85 // 100, "audit": trained * 15 // 100},
        },
    }


def _asked(admin: str, project: int) -> dict[Any, Any]:
    """Return the number of queries of the page, their times, and the total, in seconds."""
    from django.db import connection
    from django.test import Client
    from django.urls import reverse

    from annotator.models import User

    client = Client(headers={"host": "127.0.0.1"})
    client.force_login(User.objects.get(username=admin))
    address, looks, whole = reverse("dashboard", args=[project]), [], []
    for _look in range(LOOKS):
        each: list[tuple[str, float]] = []

        def timed(
            execute: Any, sql: Any, params: Any, many: Any, context: Any, each: Any = each
        ) -> Any:
            started = time.perf_counter()
            try:
                return execute(sql, params, many, context)
            finally:
                each.append((sql, time.perf_counter() - started))

        started = time.perf_counter()
        with connection.execute_wrapper(timed):
            answer = client.get(address)
        whole.append(time.perf_counter() - started)
        assert answer.status_code == 200, answer.status_code
        looks.append(each)
    median = [
        (sql, statistics.median(look[place][1] for look in looks[1:]))
        for place, (sql, _first) in enumerate(looks[-1])
    ]
    return {"queries": len(median), "each": median, "seconds": statistics.median(whole[1:])}


if __name__ == "__main__":
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "annotator.settings")
    django.setup()
    print(json.dumps(measure(*sys.argv[1:3], *map(int, sys.argv[3:5]))))
