"""The README is short, and its two commands are what the checks run."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TRY = (
    "python3 -m venv .venv && .venv/bin/pip install -q --require-hashes -r requirements.txt"
    " && .venv/bin/python manage.py up --demo"
)


def test_it_has_at_most_130_lines() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 130


def test_its_first_command_installs_and_starts_the_sample() -> None:
    assert f"```sh\n{TRY}\n```" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_checks_find_its_second_command() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    (search,) = [line for line in script.splitlines() if line.startswith("tests=$(")]
    command = search.removeprefix("tests=$(").removesuffix(")")
    found = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True)
    assert found.stdout == ".venv/bin/pytest\n"
