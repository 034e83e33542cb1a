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
# The models as they were after a migration, for rows of that time.
MODELS = """
import json, sys, django
django.setup()
from django.db import connection
from django.utils.timezone import now
from django.db.migrations.executor import MigrationExecutor
loader = MigrationExecutor(connection).loader
model = loader.project_state(("annotator", sys.argv[1])).apps.get_model
"""
FILL = """
user = model("annotator", "User").objects.create(username="ana")
project = model("annotator", "Project").objects.create(name="Mail", task="text", created_by=user)
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
"""
READ = """
def rows(name):
    found = model("annotator", name).objects.order_by("pk").values()
    return json.loads(json.dumps(list(found), default=lambda value: repr(bytes(value))
        if isinstance(value, (bytes, memoryview)) else str(value)))
names = ("Project", "Label", "Import", "Item", "Annotation", "AnnotationLabel")
print(json.dumps({name: rows(name) for name in names}))
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


def run(environment: dict[str, str], *command: str) -> str:
    done = subprocess.run(
        [sys.executable, *command],
        cwd=servers.ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def migrate(environment: dict[str, str], to: str) -> None:
    run(environment, "manage.py", "migrate", "annotator", to, "--verbosity", "0")


def stored(environment: dict[str, str], at: str) -> Any:
    return json.loads(run(environment, "-c", MODELS + READ, at))


def test_rows_stay_forwards_and_backwards(environment: dict[str, str]) -> None:
    migrate(environment, BEFORE)
    run(environment, "-c", MODELS + FILL, BEFORE)
    before = stored(environment, BEFORE)
    assert [len(rows) for rows in before.values()] == [1] * 6
    migrate(environment, LAST)
    after = stored(environment, LAST)
    for name, rows in before.items():
        for old, new in zip(rows, after[name], strict=True):
            assert {field: new[field] for field in old} == old
    (item,), (said,), (work,) = (after[name] for name in ("Item", "Annotation", "Import"))
    assert (item["content"], said["value"], work["part_columns"]) == (None, None, {})
    migrate(environment, BEFORE)
    assert stored(environment, BEFORE) == before
    migrate(environment, LAST)
    assert stored(environment, LAST) == after
