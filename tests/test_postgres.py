"""The same tests on PostgreSQL: where it locks and orders differently, they would tell."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests import servers

pytestmark = pytest.mark.servers

# So many parts can go beside each other and beside all else.
PARTS = 8
FILES = sorted(
    str(path.relative_to(servers.ROOT))
    for folder in ("flow", "api")
    for path in (servers.ROOT / "tests" / folder).rglob("test_*.py")
)
FILES += ["tests/contract/test_export.py", "tests/faults/test_delivered_twice.py"]
# Vectors and encoders: one slice, and one copy of a folder, at a time.
FILES += [
    "tests/views/datasets/test_meaning.py",
    "tests/views/operations/test_encoders.py",
    "tests/views/projects/test_encoding.py",
    "tests/views/projects/test_label_preview.py",
    "tests/views/simulations/test_page.py",
]


@pytest.fixture(scope="session")
def database() -> Iterator[str]:
    """One server for all parts that a worker does: the second finds its tables there already."""
    with servers.postgres() as address:
        yield address


@pytest.mark.parametrize("part", range(PARTS))
def test_flow_and_api_hold_on_postgresql_too(database: str, part: int) -> None:
    env = {**os.environ, "DATABASE_URL": database}
    for name in [name for name in env if name.startswith("PYTEST_")]:
        del env[name]
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-n0", "--reuse-db", *FILES[part::PARTS]],
        cwd=servers.ROOT,
        env=env,
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert result.returncode == 0, result.stdout[-6000:] + result.stderr[-2000:]
