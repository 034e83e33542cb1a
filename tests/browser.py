"""Browser for tests: Debian's Chromium, without connections to the outside."""

import shutil
from typing import Any

import pytest

from tests.servers import needed

SWITCHES = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def browser_type_launch_args() -> Any:
    """Tell pytest-playwright which browser to start."""
    program = needed(shutil.which("chromium") or shutil.which("chromium-browser"), "Chromium")
    return {"executable_path": program, "args": SWITCHES}
