"""Make the README's pictures from the sample project: `python -m tests.e2e.take_screenshots`.

With a folder given, the same pages go there in dark and for a phone, too.
"""

import os
import shutil
import sys
import tempfile
import uuid
from pathlib import Path
from typing import Any

import django
from playwright.sync_api import Browser, Page, sync_playwright

from annotator.bench.api_client import Client
from tests import servers
from tests.browser import SWITCHES
from tests.e2e.made_projects import made

HERE = Path(__file__).resolve().parent / "screenshots"
SIZE = {"width": 1280, "height": 800}
VARIANTS = [
    ("", "light", SIZE),
    ("-dark", "dark", SIZE),
    ("-phone", "light", {"width": 360, "height": 760}),
]
LABELS = 240


def main(folder: Path) -> None:
    """Start Winnow with its samples, label some items, and take the screenshots."""
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
    """Label the sample messages with their true labels."""
    path = f"/projects/{project}"
    servers.wait_until(lambda: settled(client, path), 120, "the features")
    shown = client.call("POST", f"{path}/next", {})
    for count in range(1, number + 1):
        body = {
            "lease": shown["lease"],
            "labels": [meant(shown["item"]["text"])],
            "client_id": str(uuid.uuid4()),
            "seconds": 2.0,
        }
        shown = client.call("POST", f"{path}/annotations", body)["next"]
        if count % 20 == 0:
            servers.wait_until(
                lambda least=count - 20: trained(client, path) > least,  # type: ignore[misc]
                60,
                "a round",
            )
    servers.wait_until(lambda: settled(client, path), 60, "the last round")


def meant(text: str) -> str:
    """Return the true label of a sample message."""
    from annotator.demo import MESSAGES

    return next(name for name, cores in MESSAGES.items() if any(core in text for core in cores))


def settled(client: Client, path: str) -> bool:
    """Return whether no job is running."""
    progress = client.call("GET", f"{path}/progress")
    busy = progress["features"]["improving"] or progress["round"] is None
    return not busy and progress["round"]["state"] == "done"


def trained(client: Client, path: str) -> int:
    """Return how many labels the newest model was trained on."""
    model = client.call("GET", f"{path}/progress")["model"]
    return model["trained_on"] if model else 0


def take(browser: Browser, server: servers.Winnow, project: int, folder: Path) -> None:
    """Take screenshots of labelling page and dashboard, light and dark, desktop and phone."""
    pages = README_PAGES if folder == HERE else README_PAGES | more_pages(server, project)
    for name, scheme, size in VARIANTS[:1] if folder == HERE else VARIANTS:
        context = browser.new_context(viewport=size, color_scheme=scheme)
        page = context.new_page()
        log_in(page, server)
        for page_name, (path, prepare) in pages.items():
            page.goto(f"{server.address}{path.format(project=project)}")
            prepare(page)
            is_desk = page_name.startswith("label")
            page.screenshot(path=folder / f"{page_name}{name}.png", full_page=not is_desk)
        context.close()


def more_pages(server: servers.Winnow, project: int) -> dict[str, Any]:
    """Return further pages to photograph, with the elements that they need."""
    client = server.client()
    pictures = max(each["id"] for each in client.call("GET", "/projects")["results"])
    arabic = made(client, "Right to left", ["\u0646\u0639\u0645", "\u0644\u0627"], ARABIC)
    names = [f"{what} {n}" for n in range(11) for what in INTENTS]
    intents = made(client, "77 labels", names, INTENTS, multi_label=True)
    long = made(client, "Long", ["yes", "no"], ["A long text. " * 60 + "\n\n" + "More. " * 400])
    return {
        "label-picture": (f"/projects/{pictures}/label", wait_for_item),
        "label-77": (f"/projects/{intents}/label", wait_for_item),
        "label-rtl": (f"/projects/{arabic}/label", wait_for_item),
        "label-long": (f"/projects/{long}/label", wait_for_item),
        "label-past": ("/projects/{project}/label", look_back),
        "label-help": ("/projects/{project}/label", lambda page: page.keyboard.press("?")),
        "label-offline": ("/projects/{project}/label", go_offline),
        "bulk": ("/projects/{project}/bulk", wait_a_moment),
        "bulk-pictures": (f"/projects/{pictures}/bulk", wait_a_moment),
        "find": ("/projects/{project}/items?q=order", wait_a_moment),
        "keys": ("/account/desk", wait_a_moment),
        "settings": ("/projects/{project}/settings", wait_a_moment),
    }


ARABIC = ["\u0647\u0630\u0627 \u0646\u0635 \u0637\u0648\u064a\u0644 with English 123."]
INTENTS = [
    "card payment fee charged",
    "declined transfer",
    "exchange rate",
    "lost or stolen card",
    "pending cash withdrawal",
    "verify my identity",
    "top up by card charge",
]


def wait_a_moment(page: Page) -> None:
    page.wait_for_load_state("networkidle")


def wait_for_item(page: Page) -> None:
    page.locator('#standing[data-standing="saved"]:not(:empty)').wait_for()
    page.wait_for_timeout(500)


def look_back(page: Page) -> None:
    wait_for_item(page)
    page.keyboard.press("ArrowLeft")
    page.locator("#past").wait_for()


def go_offline(page: Page) -> None:
    """Make three decisions offline; the next page is online again."""
    wait_for_item(page)
    page.wait_for_timeout(1000)
    page.route("**/api/**", lambda route: route.abort())
    for key in "123":
        page.keyboard.press(key)
    page.locator("#standing", has_text="waiting").wait_for()
    page.unroute("**/api/**")


def show_a_suggestion(page: Page) -> None:
    """Label blind items until one with a suggestion and a reason is shown."""
    for _ in range(10):
        wait_for_item(page)
        if page.locator("#suggestion").is_visible():
            return
        names = page.locator(".choice-name").all_text_contents()
        label = meant(page.locator("#item .text").text_content() or "")
        page.keyboard.press(str(names.index(label) + 1))


def log_in(page: Page, server: servers.Winnow) -> None:
    """Sign in on the page."""
    page.goto(f"{server.address}/login")
    page.fill("input[name=username]", servers.ADMIN)
    page.fill("input[name=password]", servers.PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{server.address}/projects/")


README_PAGES = {
    "label": ("/projects/{project}/label", show_a_suggestion),
    "dashboard": ("/projects/{project}/", wait_a_moment),
}


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "annotator.settings")
    django.setup()
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE)
