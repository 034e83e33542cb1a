"""The same tests on PostgreSQL: where it locks and orders differently, they would tell."""

import os
import subprocess
import sys

import pytest

from tests import servers

pytestmark = [pytest.mark.servers, pytest.mark.xdist_group("postgres")]


def test_flow_and_api_hold_on_postgresql_too():
    with servers.postgres() as database:
        env = {**os.environ, "DATABASE_URL": database}
        env.pop("PYTEST_XDIST_WORKER", None)
        result = subprocess.run(
            [
                sys.executable,
                "-m",
                "pytest",
                "-n",
                "0",
                "tests/flow",
                "tests/api",
                "tests/contract/test_export.py",
                "tests/faults/test_delivered_twice.py",
            ],
            cwd=servers.ROOT,
            env=env,
            capture_output=True,
            text=True,
            timeout=900,
        )
    assert result.returncode == 0, result.stdout[-6000:] + result.stderr[-2000:]
