"""How long the desk of spans takes from a key to the frame: 500 spans in 50,000 characters.

    python tests/bench/span_desk_speed.py [--spans 500] [--steps 30]

Starts Winnow as `manage.py up` does, and labels one long text in a real Chromium. For each step,
prints the median and the slowest time from the key to the frame after it, as Chromium's Event
Timing has it (in steps of 8 ms), and the CPU time of the main thread, which other programs on
the machine change less: up to the frame, and with what follows it. Then drags over the text and
scrolls it, and prints the CPU time for each frame.
"""

from __future__ import annotations

import argparse
import json
import os
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

from playwright.sync_api import CDPSession, Page, sync_playwright  # noqa: E402

from tests import servers  # noqa: E402
from tests.browser import SWITCHES  # noqa: E402
from tests.e2e.take_screenshots import log_in  # noqa: E402

LENGTH = 50_000
MOVES = 40
WATCH = """
window.events = [];
new PerformanceObserver((list) => {
  for (const { name, startTime, duration } of list.getEntries()) {
    if (name === "keydown") window.events.push(duration);
  }
}).observe({ type: "event", durationThreshold: 16, buffered: true });
"""
PAINTED = "() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))"
# How many nodes of the text and of the list one step touches.
COUNT = """() => {
  window.touched = 0;
  const count = (list) => { window.touched += list.length; };
  const observer = new MutationObserver(count);
  for (const id of ["item", "span-list"]) {
    const options = { childList: true, subtree: true, attributes: true };
    observer.observe(document.getElementById(id), options);
  }
}"""
STEPS: dict[str, list[str]] = {
    # What measuring takes by itself; a key alone, such as Shift, does nothing.
    "nothing": ["Shift"],
    "move the cursor": ["ArrowRight"],
    "extend the selection": ["Shift+ArrowRight"],
    "mark": ["Escape", "ArrowRight", "ArrowRight", "1"],
    "relabel": ["2"],
    "move a border": ["Shift+ArrowRight"],
    "undo": ["Control+z"],
    "redo": ["Control+Shift+Z"],
    "remove": ["Delete"],
}


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory() as data, servers.winnow(Path(data)) as server:
        project = _filled(server, Path(data), options.spans)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=SWITCHES
            )
            page = browser.new_page(viewport={"width": 1280, "height": 800})
            log_in(page, server)
            page.add_init_script(WATCH)
            page.goto(f"{server.address}/projects/{project}/label")
            page.locator('#standing[data-standing="saved"]:not(:empty)').wait_for()
            _measure(page, options)
            browser.close()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--spans", type=int, default=500)
    parser.add_argument("--steps", type=int, default=30)
    return parser.parse_args()


def _filled(server: servers.Winnow, folder: Path, spans: int) -> int:
    client = server.client()
    labels = ["person", "place", "organisation", "date"]
    body = {"name": "Speed", "task": "text-spans", "labels": labels}
    project = client.call("POST", "/projects", body)
    path = folder / "texts.jsonl"
    path.write_text(json.dumps({"text": _text(spans)}) + "\n", encoding="utf-8")
    work = client.upload(project["id"], path)
    address = f"/projects/{project['id']}/imports/{work['id']}"
    client.wait_for(address, lambda answer: answer["state"] == "done", 120)
    return int(project["id"])


def _text(spans: int) -> str:
    """Return a text in which one word occurs that many times."""
    room = LENGTH // spans
    words = "the court heard the case of that day and wrote what it found in the file again "
    parts = [f"Lyon {words * (room // len(words) + 1)}"[: room - 1] + " " for _ in range(spans)]
    for n in range(5, spans, 6):
        parts[n] = parts[n][:-1] + "\n"
    return "".join(parts)


def _measure(page: Page, options: argparse.Namespace) -> None:
    line = page.context.new_cdp_session(page)
    line.send("Performance.enable", {"timeDomain": "threadTicks"})
    page.evaluate(PAINTED)
    for key in ("ArrowRight", "1", "m"):
        page.keyboard.press(key)
    _settle(page)
    made = page.locator(".span-mark.made").count()
    length = page.evaluate("() => document.querySelector('#item .text').firstChild.length")
    print(f"{made} spans in {length:,} characters")
    page.evaluate(COUNT)
    for name, keys in STEPS.items():
        print(_timed(page, line, name, keys, options.steps))
    print(_moved(page, line, "drag a selection", _drag))
    print(_moved(page, line, "drag a border", _drag_border))
    print(_moved(page, line, "scroll", _scroll))


def _settle(page: Page) -> None:
    for _ in range(4):
        page.evaluate(PAINTED)


def _busy(line: CDPSession) -> float:
    metrics = line.send("Performance.getMetrics")["metrics"]
    return float(next(m["value"] for m in metrics if m["name"] == "TaskDuration")) * 1000


def _timed(page: Page, line: CDPSession, name: str, keys: list[str], steps: int) -> str:
    """Measure the last key of each step; a step undone before the next one needs no other text."""
    paints, after, touched = [], [], []
    for _ in range(steps):
        for key in keys[:-1]:
            page.keyboard.press(key)
        _settle(page)
        page.evaluate("() => { window.events.length = 0; window.touched = 0; }")
        before = _busy(line)
        page.keyboard.press(keys[-1])
        _settle(page)
        after.append(_busy(line) - before)
        touched.append(page.evaluate("() => window.touched"))
        # What takes less than 16 ms has no entry.
        paints.append(max(page.evaluate("() => window.events"), default=8))
        if name in ("mark", "relabel", "move a border", "remove"):
            page.keyboard.press("Control+z")
            page.keyboard.press("Escape")
            page.keyboard.press("ArrowRight")
            page.keyboard.press("Tab")
    return (
        f"{name}: key to frame median {median(paints):.0f} ms, slowest {max(paints):.0f} ms; "
        f"CPU {median(after):.1f} ms with all that follows; {median(touched):.0f} nodes touched"
    )


FRAMES = """() => {
  window.frames = [];
  let last = performance.now();
  const look = () => {
    const now = performance.now();
    window.frames.push(now - last);
    last = now;
    window.looking = requestAnimationFrame(look);
  };
  window.looking = requestAnimationFrame(look);
}"""


def _moved(page: Page, line: CDPSession, name: str, does: Any) -> str:
    page.keyboard.press("Escape")
    _settle(page)
    page.evaluate(FRAMES)
    before = _busy(line)
    does(page)
    spent = _busy(line) - before
    frames = page.evaluate("() => (cancelAnimationFrame(window.looking), window.frames)")
    return (
        f"{name}: CPU {spent / MOVES:.1f} ms for each of {MOVES} moves, "
        f"{spent / len(frames):.1f} ms for each of {len(frames)} frames; "
        f"median frame {median(frames):.1f} ms"
    )


def _drag(page: Page) -> None:
    box = page.locator("#item").bounding_box()
    assert box is not None
    left, top = box["x"] + box["width"] * 0.3, box["y"] + 60
    page.mouse.move(left, top)
    page.mouse.down()
    for n in range(MOVES):
        page.mouse.move(left + 6 * n, top + 4 * n)
        page.evaluate(PAINTED)
    page.mouse.up()


def _drag_border(page: Page) -> None:
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Tab")
    _settle(page)
    handle = page.locator('.span-handle[data-side="end"]').bounding_box()
    assert handle is not None
    left, top = handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2
    page.mouse.move(left, top)
    page.mouse.down()
    for n in range(MOVES):
        page.mouse.move(left + 3 * (n % 20), top)
        page.evaluate(PAINTED)
    page.mouse.up()


def _scroll(page: Page) -> None:
    box = page.locator("#item").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    for _ in range(MOVES):
        page.mouse.wheel(0, 60)
        page.evaluate(PAINTED)


if __name__ == "__main__":
    main()
