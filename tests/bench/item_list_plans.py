"""Which statements the first page of the item list runs for each filter, and how they are planned.

Run: python tests/bench/item_list_plans.py [--slow 20], with WINNOW_DATA, and DATABASE_URL for
PostgreSQL, set to what item_list_speed.py has filled. Unlike times on a busy machine, rows and
blocks that are read stay the same. For each filter it prints the number of statements and, of
those above `--slow` ms, what was read: with SQLite the steps of the plan, with PostgreSQL the
blocks and the rows that a filter threw away.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "annotator.settings")


def main() -> None:
    """Print the plans of every filter."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--slow", type=float, default=20.0, help="in ms")
    parser.add_argument("--only", default="", help="beginning of a filter")
    asked = parser.parse_args()
    import django

    django.setup()
    from annotator.models import Project
    from tests.bench.item_list_speed import FILTERS

    project = Project.objects.get(name="Large")
    for given in FILTERS:
        name = " ".join(f"{key}={value}" for key, value in given.items()) or "(none)"
        if name.startswith(asked.only):
            _show(name, project, given, asked.slow)


def _show(name: str, project: Any, given: dict[str, str], slow: float) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from annotator.flow.items import criteria, details, listing

    begun = time.process_time()
    with CaptureQueriesContext(connection) as caught:
        wanted, sort = criteria.parsed(project, given), criteria.sort_of(given)
        found = listing.page(listing.Query(project, project.created_by, wanted, sort))
        details.of_items(project, project.created_by, found.items, found.predictions)
    spent = time.process_time() - begun
    statements = caught.captured_queries
    seconds = sum(float(each["time"]) for each in statements)
    shown = f"{len(found.items)} shown of {found.total:,}"
    print(f"{name:32} {len(statements):2} statements {1000 * seconds:6.0f} ms", end="")
    print(f" (this process {1000 * spent:6.0f} ms)  {shown}", flush=True)
    for each in statements:
        if 1000 * float(each["time"]) >= slow and each["sql"].upper().startswith("SELECT"):
            print(f"    {1000 * float(each['time']):6.0f} ms  {each['sql'][:600]}")
            for line in _plan(connection, each["sql"]):
                print(f"        {line}", flush=True)


def _plan(connection: Any, sql: str) -> Iterator[str]:
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("EXPLAIN QUERY PLAN " + sql.replace("%", "%%"), ())
            yield from (row[3] for row in cursor.fetchall())
            return
        cursor.execute("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + sql.replace("%", "%%"), ())
        answer = cursor.fetchone()[0]
        yield from _nodes((json.loads(answer) if isinstance(answer, str) else answer)[0]["Plan"])


def _nodes(plan: dict[str, Any], depth: int = 0) -> Iterator[str]:
    blocks = plan.get("Shared Hit Blocks", 0) + plan.get("Shared Read Blocks", 0)
    where = plan.get("Index Name") or plan.get("Relation Name") or ""
    thrown = plan.get("Rows Removed by Filter", 0)
    yield (
        f"{'  ' * depth}{plan['Node Type']} {where}: {plan['Actual Rows']:g} rows x "
        f"{plan['Actual Loops']:g}, {thrown:g} thrown away, {blocks:,} blocks, "
        f"{plan['Actual Total Time']:.1f} ms"
    )
    for each in plan.get("Plans", ()):
        yield from _nodes(each, depth + 1)


if __name__ == "__main__":
    main()
