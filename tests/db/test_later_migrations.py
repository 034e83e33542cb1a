"""The migrations since 0017, on a database with rows in it: forwards, backwards, and forwards."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import servers

pytestmark = pytest.mark.servers

BEFORE = "0017_checksums_and_owners"
LAST = max(path.stem for path in (servers.ROOT / "annotator/migrations").glob("0*.py"))
# Run in one process of its own, as a start takes longer than many a migration.
WALK = """
import json, sys, django
django.setup()
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.utils.timezone import now

BEFORE, LAST = sys.argv[1:]
load = MigrationLoader.load_disk

def load_single(self):
    # As for an installation that is older than those that make all tables at once.
    load(self)
    single = {key: each for key, each in self.disk_migrations.items() if not each.replaces}
    self.disk_migrations = single

MigrationLoader.load_disk = load_single

def migrate(to):
    call_command("migrate", "annotator", to, verbosity=0)
    ContentType.objects.clear_cache()

def models(at):
    # The models as they were after a migration, for rows of that time.
    return MigrationExecutor(connection).loader.project_state(("annotator", at)).apps.get_model

def fill(model):
    user = model("annotator", "User").objects.create(username="ana")
    project = model("annotator", "Project").objects.create(
        name="Mail", task="text", created_by=user
    )
    label = model("annotator", "Label").objects.create(project=project, name="spam", position=0)
    work = model("annotator", "Import").objects.create(
        project=project, user=user, name="mail.csv", path="mail", format="csv", text_column="body"
    )
    item = model("annotator", "Item").objects.create(
        project=project, position=0, key="m1", text="Win!", content_hash=b"0" * 16, audit_key=5
    )
    said = model("annotator", "Annotation").objects.create(
        project=project, item=item, user=user, source="random", created_at=now(), updated_at=now()
    )
    model("annotator", "AnnotationLabel").objects.create(annotation=said, label=label)

def rows(model, name):
    found = model("annotator", name).objects.order_by("pk").values()
    return json.loads(json.dumps(list(found), default=lambda value: repr(bytes(value))
        if isinstance(value, (bytes, memoryview)) else str(value)))

def stored(model):
    names = ("Project", "Label", "Import", "Item", "Annotation", "AnnotationLabel")
    return {name: rows(model, name) for name in names}

migrate(BEFORE)
old, new = models(BEFORE), models(LAST)
fill(old)
found = [stored(old)]
for to, model in ((LAST, new), (BEFORE, old), (LAST, new)):
    migrate(to)
    found.append(stored(model))
print(json.dumps(found))
"""


@pytest.fixture(params=["sqlite", "postgres"])
def environment(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[dict[str, str]]:
    """Yield the environment of an installation of each kind, without any table yet."""
    base = {
        **os.environ,
        "WINNOW_DATA": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "annotator.settings",
    }
    base.pop("DATABASE_URL", None)
    if request.param == "sqlite":
        yield base
        return
    with servers.postgres() as url:
        yield {**base, "DATABASE_URL": url}


def walk(environment: dict[str, str]) -> Any:
    """Return the rows as they were made, then after each way: forwards, backwards, forwards."""
    done = subprocess.run(
        [sys.executable, "-c", WALK, BEFORE, LAST],
        cwd=servers.ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


def test_rows_stay_forwards_and_backwards(environment: dict[str, str]) -> None:
    before, after, back, again = walk(environment)
    assert [len(rows) for rows in before.values()] == [1] * 6
    for name, rows in before.items():
        for old, new in zip(rows, after[name], strict=True):
            assert {field: new[field] for field in old} == old
    (item,), (said,), (work,) = (after[name] for name in ("Item", "Annotation", "Import"))
    assert (item["content"], said["value"], work["part_columns"]) == (None, None, {})
    assert back == before
    assert again == after
