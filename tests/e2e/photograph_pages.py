"""Photograph every page: `python -m tests.e2e.photograph_pages FOLDER [--data DIR] [--only WORD]`.

Projects in several states, in English and German, light and dark, on three widths. `index.html`
in the folder lays the pictures of a page side by side and lists what does not fit: a page wider
than the window, text that is cut off, and targets that are too small to touch. The installation
is kept in `--data`, so a second run shows the same numbers.
"""

import argparse
import html
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import django
from playwright.sync_api import Browser, Page, sync_playwright

from tests import servers
from tests.browser import SWITCHES
from tests.e2e.take_screenshots import log_in

PROJECT_PAGES = {
    "dashboard": "/",
    "map": "/map",
    "summary": "/summary",
    "simulations": "/simulations",
    "status": "/status",
    "items": "/items",
    "item": "/items/{item}",
    "remove-item": "/items/{item}/delete",
    "assignments": "/assignments",
    "imports": "/imports",
    "undo-import": "/imports/1/undo",
    "exports": "/exports",
    "deliver": "/deliver",
    "label": "/label",
    "bulk": "/bulk",
    "own-labels": "/own-labels",
    "own-work": "/own-work",
    "quality": "/quality",
    "decisions": "/decisions",
    "disagreements": "/disagreements",
    "settings": "/settings",
    "labels": "/labels",
    "guidelines": "/guidelines",
    "members": "/members",
    "encoding": "/encoding",
    "setup": "/setup",
    "setup-items": "/setup/items",
    "setup-labels": "/setup/labels",
    "setup-people": "/setup/people",
    "setup-start": "/setup/start",
}
PAGES = {
    "projects": "/projects/",
    "new": "/projects/new",
    "data": "/projects/new/data",
    "open": "/projects/open",
    "people": "/people",
    "person": "/people/1",
    "deactivate": "/people/2/deactivate",
    "installation": "/status",
    "encoders": "/encoders",
    "account": "/account/",
    "token": "/account/token",
    "keys": "/account/desk",
    "help": "/help",
    "design": "/design",
    "missing": "/nowhere",
}
WIDTHS = {"390": 390, "1024": 1024, "1440": 1440}
# State of the project, language, scheme.
LOOKS = [
    ("full", "en", "light"),
    ("full", "en", "dark"),
    ("full", "de", "light"),
    ("long", "de", "light"),
    ("empty", "en", "light"),
    ("one", "en", "light"),
    ("pictures", "en", "light"),
    ("spans", "de", "dark"),
]
# What does not fit: the page is too wide, or a text is cut off without a sign, or a target is
# smaller than a finger (in a row of text a link may be small).
UNFIT = """() => {
  const found = [];
  if (document.documentElement.scrollWidth > innerWidth) found.push("too wide");
  const isSeen = (each) => each.checkVisibility({ visibilityProperty: true, opacityProperty: true })
    && each.getBoundingClientRect().width > 1;
  const words = (each) => (each.innerText || each.getAttribute("aria-label") || each.name || "")
    .trim().replace(/\\s+/g, " ").slice(0, 40);
  for (const each of document.querySelectorAll("main *, header *")) {
    if (!isSeen(each) || each.closest("svg, .visually-hidden")) continue;
    const style = getComputedStyle(each);
    const isCut = each.scrollWidth > each.clientWidth + 1 && each.clientWidth
      && style.overflowX === "hidden" && style.textOverflow !== "ellipsis";
    if (isCut && words(each)) found.push(`cut off: ${words(each)}`);
  }
  if (innerWidth < 500) {
    for (const each of document.querySelectorAll(
      "button, a.button, summary, select, input:not([type=hidden])")) {
      const box = each.getBoundingClientRect();
      if (!isSeen(each) || each.matches("[type=checkbox], [type=radio]")) continue;
      if (box.height < 44) found.push(`${Math.round(box.height)} px high: ${words(each)}`);
    }
    const isText = (each) => each.nodeType === Node.TEXT_NODE && each.data.trim();
    for (const each of document.querySelectorAll("main a[href]")) {
      const box = each.getBoundingClientRect();
      const isInText = [...each.parentElement.childNodes].some(isText);
      if (!isSeen(each) || isInText || each.closest("svg") || box.height >= 43.5) continue;
      found.push(`${Math.round(box.height)} px high: ${words(each)}`);
    }
  }
  return [...new Set(found)];
}"""


class Look(NamedTuple):
    """How a page is looked at."""

    state: str
    language: str
    scheme: str
    width: str

    @property
    def words(self) -> str:
        """Return the look as part of a file's name."""
        return "-".join(self)


def main() -> None:
    """Start Winnow, make what is missing, and photograph the pages."""
    options = read_options()
    options.folder.mkdir(parents=True, exist_ok=True)
    with running(options) as server, sync_playwright() as playwright:
        program = shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=program, args=SWITCHES)
        found = photograph_all(browser, server, options)
        browser.close()
    write_index(options.folder, found)


@contextmanager
def running(options: argparse.Namespace) -> Iterator[servers.Winnow]:
    """Yield a Winnow: the one that runs at `--address`, or one that is stopped afterwards."""
    with tempfile.TemporaryDirectory() as fresh:
        server = servers.Winnow(options.data or Path(fresh) / "data")
        if options.address:
            server.address = options.address
            yield server
            return
        try:
            yield server.start("--demo")
        finally:
            server.stop()


def read_options() -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--address", help="of a Winnow that runs on --data already")
    parser.add_argument("--only", default="", help="names of pages, with commas between")
    parser.add_argument("--looks", default="", help="beginnings of looks, as full-de or long")
    parser.add_argument("--widths", default=",".join(WIDTHS))
    return parser.parse_args()


def photograph_all(
    browser: Browser, server: servers.Winnow, options: argparse.Namespace
) -> dict[str, list[str]]:
    """Take all looks; return what does not fit, by the name of the picture."""
    from tests.e2e.photographed_projects import prepared

    page = browser.new_page()
    log_in(page, server)
    projects = prepared(server.client(), page, server.address)
    page.close()
    found: dict[str, list[str]] = {}
    for look in looks(options):
        found |= photograph(browser, server, projects, look, options)
    return found


def looks(options: argparse.Namespace) -> Iterable[Look]:
    """Return the looks that are asked for."""
    wanted = tuple(options.looks.split(","))
    for parts in LOOKS:
        for width in options.widths.split(","):
            look = Look(*parts, width)
            if look.words.startswith(wanted):
                yield look


def photograph(
    browser: Browser,
    server: servers.Winnow,
    projects: Mapping[str, int],
    look: Look,
    options: argparse.Namespace,
) -> dict[str, list[str]]:
    """Take each page in one look; return what does not fit."""
    context = browser.new_context(
        viewport={"width": WIDTHS[look.width], "height": 900},
        color_scheme="dark" if look.scheme == "dark" else "light",
        has_touch=look.width == "390",
        locale=look.language,
        reduced_motion="reduce",
    )
    page = context.new_page()
    log_in(page, server)
    speak(page, server, look.language)
    found = {}
    for name, path in pages_of(server, projects[look.state], look).items():
        if options.only and name not in options.only.split(","):
            continue
        page.goto(server.address + path)
        page.wait_for_load_state("networkidle")
        page.wait_for_timeout(300)
        file = f"{name}-{look.words}.png"
        page.screenshot(path=options.folder / file, full_page=name != "label")
        found[file] = page.evaluate(UNFIT)
    speak(page, server, "en")
    context.close()
    return found


def pages_of(server: servers.Winnow, project: int, look: Look) -> dict[str, str]:
    """Return the addresses of the pages that this look shows."""
    items = server.client().call("GET", f"/projects/{project}/items?page_size=1")["results"]
    item = items[0]["id"] if items else 0
    pages = {
        name: f"/projects/{project}{path.format(item=item)}"
        for name, path in PROJECT_PAGES.items()
        if item or "{item}" not in path
    }
    return pages | PAGES if look.state == "full" else pages


def speak(page: Page, server: servers.Winnow, language: str) -> None:
    """Choose the language of the pages."""
    page.goto(f"{server.address}/account/")
    page.locator("select[name=language]").first.select_option(language)
    page.locator("form:has(select[name=language]) button").first.click()
    page.wait_for_load_state()


# The index ---------------------------------------------------------------------------------------

INDEX = """<!doctype html><meta charset="utf-8"><title>Pages</title>
<style>
body {{ font: 14px system-ui; margin: 1rem }}
.row {{ display: flex; gap: 1rem; overflow-x: auto; align-items: start }}
figure {{ margin: 0; flex: none }} img {{ max-height: 70vh; border: 1px solid #999 }}
figcaption {{ max-width: 30rem }} .unfit {{ color: #a00 }}
</style>
{rows}"""


def write_index(folder: Path, found: Mapping[str, list[str]]) -> None:
    """Lay all pictures in the folder side by side, a row a page, with what does not fit."""
    kept = folder / "unfit.json"
    known = json.loads(kept.read_text()) if kept.exists() else {}
    known |= found
    kept.write_text(json.dumps(known, indent=1, ensure_ascii=False))
    rows = []
    for name in (*PROJECT_PAGES, *PAGES):
        files = [file for file in known if file.split("-" + look_of(file))[0] == name]
        figures = "".join(figure(file, known[file]) for file in files)
        if figures:
            rows.append(f'<h2>{name}</h2><div class="row">{figures}</div>')
    (folder / "index.html").write_text(INDEX.format(rows="\n".join(rows)))


def look_of(file: str) -> str:
    """Return the part of a picture's name that tells its look."""
    return "-".join(file.removesuffix(".png").rsplit("-", 4)[1:])


def figure(file: str, unfit: Iterable[str]) -> str:
    """Return a picture with its look and what does not fit."""
    lines = "".join(f'<br><span class="unfit">{html.escape(each)}</span>' for each in unfit)
    return (
        f'<figure><a href="{file}"><img src="{file}" alt="" loading="lazy"></a>'
        f"<figcaption>{look_of(file)}{lines}</figcaption></figure>"
    )


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "annotator.settings")
    django.setup()
    main()
