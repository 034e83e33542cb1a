"""Packages that a library would use are hidden from it, and from nothing else."""

import subprocess
import sys

import pytest

from tests.checks.source import ROOT

START = """
import os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "annotator.settings"
import django
django.setup()
from annotator.server import optional_packages
optional_packages.load_without(uses_postgresql={uses_postgresql})
from rest_framework import compat
print(compat.requests, compat.postgres_fields is None)
import psycopg
"""


@pytest.mark.parametrize("uses_postgresql", [False, True])
def test_library_goes_without_packages_that_can_still_be_imported(uses_postgresql: bool) -> None:
    found = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", START.format(uses_postgresql=uses_postgresql)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert found.stdout.split() == ["None", str(not uses_postgresql)]
