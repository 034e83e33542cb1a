"""Projects to photograph: with history, with pictures, empty, with one item, with long names."""

from playwright.sync_api import Page

from annotator.bench.api_client import Client
from annotator.demo import HISTORY_PROJECT, PICTURE_PROJECT, SPAN_PROJECT
from tests import servers
from tests.e2e.made_projects import made

EMPTY, ONE = "Nothing here yet", "One letter"
LONG = (
    "Rindfleischetikettierungsüberwachungsaufgaben und Beschwerden über Lieferverzögerungen "
    "im Geschäftskundenbereich, drittes Quartal"
)
LONG_LABELS = [
    "Beschwerde über die Lieferung an den falschen Empfänger",
    "Donaudampfschifffahrtsgesellschaftskapitän",
    "ok",
]
LONG_TEXTS = [
    "A letter. " * 80,
    "x",
    "Überaus" + "lang" * 40,
    *[f"Sehr geehrte Damen und Herren, Sendung {n} ist nicht angekommen." for n in range(9)],
]
LONG_PERSON = "maximiliane.von-und-zu-guttenbrunn@kundendienst.example"
# What the states are called in the names of the pictures.
NAMES = {
    "full": HISTORY_PROJECT,
    "pictures": PICTURE_PROJECT,
    "spans": SPAN_PROJECT,
    "empty": EMPTY,
    "one": ONE,
    "long": LONG,
}


def prepared(client: Client, page: Page, address: str) -> dict[str, int]:
    """Return the projects by state, made where they are missing."""
    found = by_name(client)
    if HISTORY_PROJECT not in found:
        ask_for_history(page, address)
    if EMPTY not in found:
        client.call("POST", "/projects", {"name": EMPTY, "labels": ["yes", "no"]})
        made(client, ONE, ["yes", "no"], ["The only letter of this project."])
        long = made(client, LONG, LONG_LABELS, LONG_TEXTS, audit_share=0.2)
        invite(page, f"{address}/projects/{long}/members")
    if HISTORY_PROJECT not in found:
        wait_for_history(client, by_name(client)[HISTORY_PROJECT])
    found = by_name(client)
    return {state: found[name] for state, name in NAMES.items()}


def by_name(client: Client) -> dict[str, int]:
    """Return the projects' numbers by name."""
    return {each["name"]: each["id"] for each in client.call("GET", "/projects")["results"]}


def ask_for_history(page: Page, address: str) -> None:
    """Create the sample with history, whose button only an installation without projects shows."""
    page.goto(f"{address}/projects/")
    page.evaluate(
        """() => {
          const form = document.createElement("form");
          form.method = "post";
          form.action = "/projects/sample";
          const field = document.createElement("input");
          field.name = "csrfmiddlewaretoken";
          field.value = JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"];
          form.append(field);
          document.body.append(form);
          form.submit();
        }"""
    )
    page.wait_for_url("**/projects/*/")


def wait_for_history(client: Client, project: int) -> None:
    """Wait until the sample has its labels and rounds."""
    path = f"/projects/{project}/progress"
    servers.wait_until(lambda: (client.call("GET", path)["answers"] or 0) >= 150, 300, "history")
    servers.wait_until(lambda: client.call("GET", path)["round"]["state"] == "done", 120, "round")


def invite(page: Page, address: str) -> None:
    """Invite somebody with a long name to a project."""
    page.goto(address)
    form = page.locator("form[action$='/members/invite']")
    form.locator("input[name$=username]").fill(LONG_PERSON)
    form.locator("button[type=submit]").first.click()
    page.wait_for_load_state()
