"""Make the README's pictures from the sample project: `python -m tests.e2e.take_screenshots`.

With a folder given, the same pages go there in dark and for a phone, too.
"""

import os
import shutil
import sys
import tempfile
import uuid
from pathlib import Path

import django
from playwright.sync_api import Browser, Page, sync_playwright

from annotator.client import Client
from tests import servers
from tests.browser import SWITCHES

HERE = Path(__file__).resolve().parent / "screenshots"
SIZE = {"width": 1280, "height": 800}
VARIANTS = [
    ("", "light", SIZE),
    ("-dark", "dark", SIZE),
    ("-phone", "light", {"width": 360, "height": 760}),
]
LABELS = 240


def main(folder: Path) -> None:
    """Start Winnow with its samples, label for a while, and take the pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as data, servers.winnow(Path(data), "--demo") as server:
        client = server.client()
        projects = client.call("GET", "/projects")["results"]
        pk = min(project["id"] for project in projects)
        label(client, pk, LABELS)
        with sync_playwright() as playwright:
            program = shutil.which("chromium")
            browser = playwright.chromium.launch(executable_path=program, args=SWITCHES)
            take(browser, server, pk, folder)
            browser.close()


def label(client: Client, project: int, number: int) -> None:
    """Answer for the sample messages as the one who wrote them."""
    from annotator.demo import MESSAGES

    truth = {core: name for name, cores in MESSAGES.items() for core in cores}
    path = f"/projects/{project}"
    servers.wait_until(lambda: settled(client, path), 120, "the features")
    shown = client.call("POST", f"{path}/next", {})
    for count in range(1, number + 1):
        body = {
            "lease": shown["lease"],
            "labels": [next(truth[core] for core in truth if core in shown["item"]["text"])],
            "client_id": str(uuid.uuid4()),
            "seconds": 2.0,
        }
        shown = client.call("POST", f"{path}/annotations", body)["next"]
        if count % 20 == 0:
            servers.wait_until(
                lambda least=count - 20: trained(client, path) > least, 60, "a round"
            )
    servers.wait_until(lambda: settled(client, path), 60, "the last round")


def settled(client: Client, path: str) -> bool:
    """Tell whether nothing is under way."""
    progress = client.call("GET", f"{path}/progress")
    busy = progress["features"]["improving"] or progress["round"] is None
    return not busy and progress["round"]["state"] == "done"


def trained(client: Client, path: str) -> int:
    """Return how many labels the newest model learnt from."""
    model = client.call("GET", f"{path}/progress")["model"]
    return model["trained_on"] if model else 0


def take(browser: Browser, server: servers.Winnow, project: int, folder: Path) -> None:
    """Take the pictures: desk and dashboard, light and dark, wide and on a phone."""
    for name, scheme, size in VARIANTS[:1] if folder == HERE else VARIANTS:
        context = browser.new_context(viewport=size, color_scheme=scheme)
        page = context.new_page()
        log_in(page, server)
        page.goto(f"{server.address}/projects/{project}/label")
        show_a_suggestion(page)
        page.screenshot(path=folder / f"label{name}.png")
        page.goto(f"{server.address}/projects/{project}/")
        page.wait_for_load_state("networkidle")
        page.screenshot(path=folder / f"dashboard{name}.png", full_page=True)
        context.close()


def show_a_suggestion(page: Page) -> None:
    """Skip blind items, as the picture is to show the suggestion and the reason."""
    for _ in range(10):
        if page.locator(".why").count() and page.get_by_text("Suggestion").count():
            return
        lease = page.locator("#answer input[name=lease]").input_value()
        page.keyboard.press("Space")
        page.locator(f'#answer input[name=lease]:not([value="{lease}"])').wait_for(state="attached")


def log_in(page: Page, server: servers.Winnow) -> None:
    """Log in through the page."""
    page.goto(f"{server.address}/login")
    page.fill("input[name=username]", servers.ADMIN)
    page.fill("input[name=password]", servers.PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{server.address}/projects/")


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "annotator.settings")
    django.setup()
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE)
