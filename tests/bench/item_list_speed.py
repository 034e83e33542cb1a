"""How long the first page of the item list takes for each filter, with a million items.

Run: python tests/bench/item_list_speed.py [--items 1000000] [--labels 100000], with WINNOW_DATA,
and DATABASE_URL for PostgreSQL, set to an empty installation. It makes one project straight in the
tables. For each filter it prints the median of five first pages, the shortest one, the time that
this process computed, how many items the page shows, the total, and whether the page says that it
searches on. On a machine with other work, the last two times tell more than the median.
"""

import argparse
import os
import statistics
import sys
import time
import uuid
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "annotator.settings")

FILTERS: tuple[dict[str, str], ...] = (
    {},
    {"q": "number99"},
    {"q": "lunch prize"},
    {"q": "nonesuch"},
    {"label": "rare"},
    {"label": "spam"},
    {"annotator": "ana"},
    {"annotator": "ana", "label": "rare"},
    {"state": "labelled"},
    {"state": "pool"},
    {"state": "aside"},
    {"source": "audit"},
    {"from": "2026-01-01"},
    {"unsure": "1"},
    {"has_note": "1"},
    {"disagreed": "1"},
    {"suspect": "1"},
    {"skipped": "1"},
    {"gold": "1"},
    {"corrected": "1"},
    {"sort": "newest"},
    {"sort": "key"},
    {"sort": "-position"},
    {"state": "labelled", "q": "number9"},
)
CHUNK = 20_000
WORDS = ("lunch", "office", "prize", "winner", "minutes", "claim", "the", "Zürich")


def main() -> None:
    """Fill an empty installation and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--labels", type=int, default=100_000)
    asked = parser.parse_args()
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    project, lead = _fill(asked.items, asked.labels)
    _count_rows()
    for given in FILTERS:
        print(_line(project, lead, given), flush=True)


def _fill(items: int, labels: int) -> tuple[Any, Any]:
    from annotator.db.bulk_insert import bulk_insert
    from annotator.flow.projects import members, settings
    from annotator.i18n import folding
    from annotator.models import Item, Project, Role, User
    from annotator.pool import audit_set

    stamp = uuid.uuid4().hex[:8]
    lead, ana, ben = (User.objects.create_user(f"{name}-{stamp}") for name in ("lea", "ana", "ben"))
    User.objects.filter(username__in=["ana"]).delete()
    User.objects.filter(pk=ana.pk).update(username="ana")
    project = settings.create_project(lead, name="Large", labels=["spam", "ham", "rare"], seed=7)
    members.add_member(project, "ana", Role.ANNOTATOR)
    for start in range(0, items, CHUNK):
        rows = []
        for n in range(start, min(start + CHUNK, items)):
            text = f"{WORDS[n % 8]} {WORDS[n // 8 % 8]} {WORDS[n // 64 % 8]} number{n}"
            digest = n.to_bytes(16, "big")
            rows.append(
                Item(
                    project_id=project.pk,
                    position=n,
                    audit_key=audit_set.audit_key(7, digest),
                    key=f"key-{n:07}",
                    content_hash=digest,
                    text=text,
                    folded=folding.stored(text, ""),
                    state=2 if n % (items // labels) == 0 else 3 if n % 99_991 == 1 else 0,
                    answers=int(n % (items // labels) == 0),
                    skips=int(n % 50_021 == 1),
                    gold=[1] if n % (items // labels * 5_000) == 0 else None,
                )
            )
        bulk_insert(rows)
    Project.objects.filter(pk=project.pk).update(items=items)
    project.refresh_from_db()
    _annotate(project, ana, ben)
    return project, lead


def _count_rows() -> None:
    """Have PostgreSQL look at the tables, as it does by itself a minute after an import."""
    from django.db import connection

    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")


def _annotate(project: Any, ana: Any, ben: Any) -> None:
    from django.utils import timezone

    from annotator.db.bulk_insert import bulk_insert
    from annotator.models import Annotation, AnnotationLabel, Item, Source

    spam, ham, rare = (label.pk for label in project.labels.order_by("position"))
    keys = Item.objects.filter(project=project, state=2).order_by("pk")
    pks = list(keys.values_list("pk", flat=True))
    now = timezone.now()
    for start in range(0, len(pks), CHUNK):
        bulk_insert(
            [
                Annotation(
                    project_id=project.pk,
                    item_id=pk,
                    user_id=ana.pk if n % 3 else ben.pk,
                    client_id=uuid.uuid4(),
                    source=Source.AUDIT if n % 7 == 0 else Source.ACTIVE,
                    completes=True,
                    unsure=n % 997 == 0,
                    note="hm" if n % 1999 == 0 else "",
                    corrected_by_id=ben.pk if n % 3001 == 0 else None,
                    created_at=now,
                    updated_at=now,
                )
                for n, pk in enumerate(pks[start : start + CHUNK], start=start)
            ]
        )
    made = Annotation.objects.filter(project=project).order_by("pk").values_list("pk", flat=True)
    found = list(made)
    for start in range(0, len(found), CHUNK):
        bulk_insert(
            [
                AnnotationLabel(
                    annotation_id=pk,
                    label_id=rare if n % 5003 == 0 else spam if n % 2 else ham,
                )
                for n, pk in enumerate(found[start : start + CHUNK], start=start)
            ]
        )


def _line(project: Any, lead: Any, given: dict[str, str]) -> str:
    from annotator.flow.items import criteria, details, listing

    seconds, computed, found = [], [], None
    for _ in range(5):
        begun, at_work = time.perf_counter(), time.process_time()
        wanted, sort = criteria.parsed(project, given), criteria.sort_of(given)
        found = listing.page(listing.Query(project, lead, wanted, sort))
        details.of_items(project, lead, found.items, found.predictions)
        seconds.append(time.perf_counter() - begun)
        computed.append(time.process_time() - at_work)
    assert found is not None
    name = " ".join(f"{key}={value}" for key, value in given.items()) or "(none)"
    rest = "searches on" if len(found.items) < listing.SHOWN and found.after is not None else ""
    total = f"{found.total:,}{'' if found.is_exact else '+'}"
    times = (statistics.median(seconds), min(seconds), statistics.median(computed))
    told = " ".join(f"{1000 * each:7.0f}" for each in times)
    return f"{name:32} {told} ms  {len(found.items):3} shown of {total:>10}  {rest}"


if __name__ == "__main__":
    main()
