"""Tables of a new installation are those that an older one gets, migration by migration."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import servers

pytestmark = pytest.mark.servers

# Run in a process of its own, which knows the single migrations only, if it is told so.
MIGRATE = """
import sys, django
django.setup()
from django.core.management import call_command
from django.db.migrations.loader import MigrationLoader

way, *stops = sys.argv[1:]
if way == "one by one":
    load = MigrationLoader.load_disk
    def load_single(self):
        load(self)
        single = {key: each for key, each in self.disk_migrations.items() if not each.replaces}
        self.disk_migrations = single
    MigrationLoader.load_disk = load_single
for stop in stops:
    call_command("migrate", "annotator", stop, verbosity=0)
if not stops:
    call_command("migrate", verbosity=0)
"""
# The tables with their columns, indexes and constraints, in no order.
READ = """
import json, django
django.setup()
from django.db import connection
from annotator.db import schema

QUERIES = {
    "sqlite": ["SELECT type, tbl_name, sql FROM sqlite_master WHERE sql IS NOT NULL"],
    "postgresql": [
        "SELECT table_name, column_name, data_type, is_nullable, column_default, is_identity, "
        "character_maximum_length FROM information_schema.columns WHERE table_schema = 'public'",
        "SELECT tablename, indexdef FROM pg_indexes WHERE schemaname = 'public'",
        "SELECT conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint "
        "WHERE connamespace = 'public'::regnamespace",
        "SELECT relname, reloptions::text FROM pg_class WHERE reloptions IS NOT NULL "
        "AND relnamespace = 'public'::regnamespace",
    ],
}
found = []
with connection.cursor() as cursor:
    for query in QUERIES[connection.vendor]:
        cursor.execute(query)
        found += [list(map(str, row)) for row in cursor.fetchall()]
print(json.dumps({"tables": found, "is_current": schema.is_current()}))
"""


def run(environment: dict[str, str], code: str, *given: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code, *given],
        cwd=servers.ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def read(environment: dict[str, str]) -> list[list[str]]:
    """Return what the database says of its tables, without names that Django made up."""
    told = json.loads(run(environment, READ))
    assert told["is_current"]
    return sorted(_parts(row) for row in told["tables"])


def _parts(row: list[str]) -> list[str]:
    # Names of constraints and indexes end in a hash of names that columns once had.
    plain = [re.sub(r"_[0-9a-f]{8}(?=_|\b)", "_#", re.sub(r'"', "", cell)) for cell in row]
    if plain[-1].startswith("CREATE TABLE"):
        plain[-1] = " ".join(sorted(_columns(plain[-1])))
    return plain


def _columns(statement: str) -> list[str]:
    """Return what stands between the outer brackets of CREATE TABLE, by its commas."""
    inside, depth, found = statement[statement.index("(") + 1 : statement.rindex(")")], 0, [""]
    for sign in inside:
        depth += (sign == "(") - (sign == ")")
        if sign == "," and not depth:
            found.append("")
        else:
            found[-1] += sign
    return [each.strip() for each in found]


@pytest.fixture(params=["sqlite", "postgres"])
def environments(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    """Yield a function that makes the environment of an empty installation of each kind."""
    base = {**os.environ, "DJANGO_SETTINGS_MODULE": "annotator.settings"}
    base.pop("DATABASE_URL", None)

    def of(name: str, **more: str) -> dict[str, str]:
        data = tmp_path / name
        data.mkdir()
        return {**base, "WINNOW_DATA": str(data), **more}

    if request.param == "sqlite":
        yield of
        return
    with servers.postgres() as url:
        port = int(url.rsplit(":", 1)[1].split("/")[0])
        yield lambda name: of(name, DATABASE_URL=servers.new_database(port, name, "template0"))


def test_new_tables_are_those_of_the_single_migrations(environments: Any) -> None:
    new, old = environments("made_at_once"), environments("one_by_one")
    run(new, MIGRATE, "usual")
    run(old, MIGRATE, "one by one")
    # What was migrated by an earlier version knows of the whole once it meets this one.
    run(old, MIGRATE, "usual")
    made, walked = read(new), read(old)
    assert [each for each in made if each not in walked] == []
    assert [each for each in walked if each not in made] == []
    assert any("annotator_item" in each for each in made)


@pytest.mark.parametrize("stop", ["0030_round_label_texts", "0036_bulk_edits", "0040_assignments"])
def test_installation_of_any_version_gets_the_same_tables(environments: Any, stop: str) -> None:
    new, old = environments("made_at_once"), environments("part_way")
    run(new, MIGRATE, "usual")
    run(old, MIGRATE, "one by one", stop)
    run(old, MIGRATE, "usual")
    run(old, MIGRATE, "usual")
    assert read(old) == read(new)
