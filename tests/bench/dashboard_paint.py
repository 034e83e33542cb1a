"""How soon the dashboard of a large project is seen: python -m tests.bench.dashboard_paint

Fills a project with annotations and measured rounds on a private SQLite file, or in the empty
database of --database; then counts the queries of the page, times them at a tenth of the rows and
at all of them, and asks Chromium when it painted first.
"""

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests import servers
from tests.browser import SWITCHES

LOOKS = 9
GOALS = {"first paint": 500, "queries": 30}


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--annotations", type=int, default=500_000)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--database", default="", help="an empty one, in place of a SQLite file")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        env = {"DATABASE_URL": asked.database} if asked.database else {}
        winnow = servers.Winnow(Path(folder) / "data", **env)
        try:
            # Filled before the start, so that no worker is busy while queries are timed.
            _run(winnow, "manage.py", "migrate", "-v0")
            _run(winnow, "manage.py", "collectstatic", "-v0", "--noinput")
            found = [_filled(winnow, n, asked.rounds) for n in _sizes(asked.annotations)]
            _print_servers(found)
            winnow.start()
            for name, milliseconds in _painted(winnow, found[-1]["project"]).items():
                print(f"{name:44} {milliseconds:8.0f} ms   goal {GOALS.get(name, '')}")
        finally:
            winnow.stop()


def _sizes(annotations: int) -> list[int]:
    return [annotations // 10, annotations]


def _filled(winnow: servers.Winnow, annotations: int, rounds: int) -> dict[Any, Any]:
    who = (servers.ADMIN, servers.PASSWORD)
    said = _run(winnow, "-m", "tests.bench.dashboard_rows", *who, str(annotations), str(rounds))
    return json.loads(said.splitlines()[-1])


def _run(winnow: servers.Winnow, *words: str) -> str:
    winnow.folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [sys.executable, *words],
        cwd=servers.ROOT,
        env={**winnow.env, "DJANGO_SETTINGS_MODULE": "annotator.settings"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout


def _print_servers(found: list[dict[Any, Any]]) -> None:
    small, large = found
    for each in found:
        print(f"{each['annotations']:,} annotations, {each['rounds']} rounds:")
        print(f"{'page, server':44} {each['seconds'] * 1000:8.0f} ms")
        print(f"{'queries':44} {each['queries']:8}      goal {GOALS['queries']}")
    print("slowest queries, at a tenth and at all of the rows:")
    for (sql, few), (_sql, many) in sorted(
        zip(small["each"], large["each"], strict=True), key=lambda pair: -pair[1][1]
    )[:6]:
        print(f"  {few * 1000:7.1f} {many * 1000:7.1f} ms  {sql[:110]}")


# In the browser ----------------------------------------------------------------------------------

PAINTS = "() => performance.getEntriesByType('paint').map(e => [e.name, e.startTime])"


def _painted(winnow: servers.Winnow, project: int) -> dict[str, float]:
    from playwright.sync_api import sync_playwright

    from tests.e2e import take_screenshots

    found: dict[str, list[float]] = {}
    with sync_playwright() as playwright:
        program = shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=program, args=SWITCHES)
        page = browser.new_context().new_page()
        take_screenshots.log_in(page, winnow)
        for _look in range(LOOKS):
            page.goto(f"{winnow.address}/projects/{project}/", wait_until="networkidle")
            for name, start in page.evaluate(PAINTS):
                found.setdefault(name.replace("-", " "), []).append(start)
        browser.close()
    return {name: statistics.median(values) for name, values in found.items()}


if __name__ == "__main__":
    main()
