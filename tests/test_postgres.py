"""The same tests on PostgreSQL: where it locks and orders differently, they would tell."""

import os
import subprocess
import sys
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from tests import servers

# A test with a group of its own may run beside all others.
PARTS = [pytest.param(n, marks=pytest.mark.xdist_group(f"postgres {n}")) for n in range(6)]
FILES = sorted(
    str(path.relative_to(servers.ROOT))
    for folder in ("flow", "api")
    for path in (servers.ROOT / "tests" / folder).rglob("test_*.py")
)
FILES += ["tests/contract/test_export.py", "tests/faults/test_delivered_twice.py"]
# Vectors and encoders: one slice, and one copy of a folder, at a time.
FILES += [
    "tests/views/items/test_meaning.py",
    "tests/views/operations/test_encoders.py",
    "tests/views/projects/test_encoding.py",
    "tests/views/projects/test_label_preview.py",
    "tests/views/simulations/test_page.py",
]


@pytest.fixture(scope="session")
def database() -> Iterator[str]:
    """One server for all parts that a worker does, with the tables of its test database."""
    with servers.postgres() as address:
        servers.new_database(urlsplit(address).port, "test_winnow", servers.TABLES)
        yield address


@pytest.mark.servers(computes=True)
@pytest.mark.parametrize("part", PARTS)
def test_flow_and_api_hold_on_postgresql_too(database: str, part: int) -> None:
    env = {**os.environ, "DATABASE_URL": database}
    for name in [name for name in env if name.startswith("PYTEST_")]:
        del env[name]
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-n0", "--reuse-db", *FILES[part :: len(PARTS)]],
        cwd=servers.ROOT,
        env=env,
        capture_output=True,
        text=True,
        timeout=servers.patient(900),
    )
    assert result.returncode == 0, result.stdout[-6000:] + result.stderr[-2000:]
