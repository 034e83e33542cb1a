"""How long the desk takes from a key to the next item on the screen, in a real Chromium.

    python tests/bench/desk_speed.py [--decisions 100] [--rtt-ms 400] [--failing 0.01] \
        [--pause-ms 0,400]

Starts Winnow as `manage.py up` does, on the first 5,000 texts of ag_news (made-up ones where the
data sets are missing), emulates a slow line that loses some requests, and decides by keyboard, each
time as soon as the next item is there (plus a pause, as people read). Prints the time from the
key's own time stamp until the frame with the next item has been painted, whether every decision was
saved once, and what the page weighs.
"""

from __future__ import annotations

import argparse
import csv
import os
import random
import shutil
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "annotator.settings")

import django  # noqa: E402

django.setup()

from playwright.sync_api import Page, Route, sync_playwright  # noqa: E402

from tests import servers  # noqa: E402
from tests.browser import SWITCHES  # noqa: E402
from tests.e2e.take_screenshots import log_in  # noqa: E402

ITEMS = 5000
# The frame is committed once the browser handles the message posted while it was built.
WATCH = """
window.painted = [];
document.addEventListener("keydown", (event) => {
  const text = document.querySelector("#item .text");
  const before = text.textContent;
  requestAnimationFrame(function look() {
    if (text.textContent === before) return requestAnimationFrame(look);
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => window.painted.push(performance.now() - event.timeStamp);
    port2.postMessage(null);
  });
}, true);
"""


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory() as data, servers.winnow(Path(data)) as server:
        project = _filled(server, Path(data))
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=SWITCHES
            )
            page = browser.new_page()
            log_in(page, server)
            address = f"{server.address}/projects/{project}/label"
            print(_weight(page, address))
            for pause in options.pause_ms.split(","):
                print(_timed(page, address, options, int(pause)))
            browser.close()
        client = server.client()
        progress = client.call("GET", f"/projects/{project}/progress")
        wanted = options.decisions * len(options.pause_ms.split(","))
        print(f"saved: {progress['answers']} of {wanted} decisions")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--decisions", type=int, default=100)
    parser.add_argument("--rtt-ms", type=int, default=400)
    parser.add_argument("--failing", type=float, default=0.01)
    parser.add_argument("--pause-ms", default="0,400")
    return parser.parse_args()


def _filled(server: servers.Winnow, folder: Path) -> int:
    client = server.client()
    labels = ["World", "Sports", "Business", "Sci/Tech"]
    project = client.call("POST", "/projects", {"name": "Speed", "labels": labels})
    path = folder / "texts.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["text"])
        writer.writerows([text] for text in _texts())
    work = client.upload(project["id"], path)
    address = f"/projects/{project['id']}/imports/{work['id']}"
    client.wait_for(address, lambda answer: answer["state"] == "done", 120)
    return int(project["id"])


def _texts() -> list[str]:
    real = servers.DATA / "ag_news.csv"
    if not real.exists():
        return [f"A made-up text with the number {n}" for n in range(ITEMS)]
    with real.open(newline="", encoding="utf-8") as file:
        return [row["text"] for row, _n in zip(csv.DictReader(file), range(ITEMS), strict=False)]


def _weight(page: Page, address: str) -> str:
    line = page.context.new_cdp_session(page)
    line.send("Network.enable")
    line.send("Network.setCacheDisabled", {"cacheDisabled": True})
    sizes: list[float] = []
    line.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    page.goto(address)
    page.wait_for_timeout(3000)
    line.detach()
    return f"cold page: {len(sizes)} requests, {sum(sizes) / 1000:.0f} kB over the wire"


def _timed(page: Page, address: str, options: argparse.Namespace, pause: int) -> str:
    line = page.context.new_cdp_session(page)
    line.send("Network.enable")
    page.add_init_script(WATCH)
    page.goto(address)
    page.locator('#standing[data-standing="saved"]:not(:empty)').wait_for()
    page.wait_for_timeout(1500)
    speed = {"downloadThroughput": -1, "uploadThroughput": -1, "offline": False}
    line.send("Network.emulateNetworkConditions", {**speed, "latency": options.rtt_ms})
    failed = _fail_some(page, options.failing)
    for turn in range(options.decisions):
        before = page.evaluate("window.painted.length")
        page.keyboard.press("1234"[turn % 4])
        page.wait_for_function("before => window.painted.length > before", arg=before)
        page.wait_for_timeout(pause)
    times = sorted(page.evaluate("window.painted"))
    page.locator('#standing[data-standing="saved"]').wait_for()
    page.unroute("**/api/**")
    line.send("Network.emulateNetworkConditions", {**speed, "latency": 0})
    line.detach()
    return (
        f"{options.rtt_ms} ms round trip, {len(failed)} requests lost, {pause} ms between: "
        f"median {median(times):.0f} ms, p95 {times[int(0.95 * len(times))]:.0f} ms, "
        f"slowest {times[-1]:.0f} ms"
    )


def _fail_some(page: Page, share: float) -> list[Any]:
    chance, failed = random.Random(7), []

    def maybe(route: Route) -> None:
        if chance.random() < share:
            failed.append(route.request.url)
            route.abort()
        else:
            route.continue_()

    page.route("**/api/**", maybe)
    return failed


if __name__ == "__main__":
    main()
