"""The tutorial of the first project, done as it is written: page by page, command by command."""

import csv
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests import servers

ROOT = Path(__file__).resolve().parents[2]
TUTORIAL = (ROOT / "docs" / "tutorials" / "first-project.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
pytestmark = [pytest.mark.servers, pytest.mark.browser, pytest.mark.xdist_group("e2e")]


def written(words: str) -> str:
    """Return the name of something on a page, which the tutorial must print in bold."""
    assert f"**{words}**" in TUTORIAL
    return words


def blocks(language: str) -> list[str]:
    """Return the tutorial's blocks of code."""
    return re.findall(rf"^```{language}\n(.*?)^```", TUTORIAL, re.MULTILINE | re.DOTALL)


def test_the_first_project_goes_as_it_is_written(
    tmp_path: Path, browser: Browser, page: Page
) -> None:
    install, *rest = [line for block in blocks("sh") for line in block.splitlines()]
    start, export, create, import_ = rest
    assert start in README
    assert "requirements.txt" in install
    (file,) = blocks("text")
    (tmp_path / "mail.csv").write_text(file, encoding="utf-8")
    options = start.partition(" up ")[2].split()
    with servers.winnow(tmp_path / "data", *options) as server:
        run = in_folder(tmp_path, server)
        page.set_default_timeout(servers.patient(30_000))
        address = make_project(page, server, tmp_path / "mail.csv")
        ana, _ben = invite(page, "ana", "ben")
        label(browser, ana, server, address)
        run(export)
        with (tmp_path / "labels.csv").open(encoding="utf-8-sig", newline="") as rows:
            assert {row["annotator"] for row in csv.DictReader(rows)} >= {"ana"}
        assert re.search(r"\b2\b", run(create))
        assert "5" in run(import_)


def make_project(page: Page, server: servers.Winnow, file: Path) -> str:
    """Do steps 3 and 4, and return the project's address."""
    page.goto(server.address)
    page.fill("input[name=username]", servers.ADMIN)
    page.fill("input[name=password]", servers.PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_role("link", name=written("New project")).first.click()
    page.get_by_label(written("File"), exact=True).set_input_files(file)
    page.get_by_label(written("Project name")).fill("Mail")
    page.get_by_role("button", name=written("Continue")).click()
    page.get_by_role("button", name=written("Continue")).click()
    labels = re.search(r"\*\*Labels\*\*: (.*)\. Add `(\w+)`", TUTORIAL)
    assert labels
    proposed = "\n".join(re.findall(r"`(\w+)`", labels[1]))
    field = page.get_by_label(written("Labels"), exact=True)
    expect(field).to_have_value(proposed)
    field.fill(f"{proposed}\n{labels[2]}")
    page.get_by_role("button", name=written("Continue and import")).click()
    return page.url.removesuffix("/setup/people")


def invite(page: Page, *names: str) -> list[str]:
    """Do step 5, and return the links."""
    page.get_by_label(written("Usernames")).fill("\n".join(names))
    page.get_by_role("button", name=written("Add people")).click()
    links = [each.input_value() for each in page.locator("input[readonly]").all()]
    page.get_by_role("link", name=written("Continue"), exact=True).click()
    # The person who starts here holds all three items that are left.
    expect(page.get_by_role("button", name=written("Start labelling"))).to_be_enabled()
    return links


def label(browser: Browser, link: str, server: servers.Winnow, address: str) -> None:
    """Accept the invitation, and do step 6."""
    page = browser.new_context().new_page()
    page.set_default_timeout(servers.patient(30_000))
    page.goto(link)
    for field in page.locator("input[type=password]").all():
        field.fill("winnow-first-project")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Mail").first.click()
    page.get_by_role("link", name=written("Label"), exact=True).first.click()
    page.locator('#standing[data-standing="saved"]').wait_for()
    key = page.locator(".choice kbd").first.text_content()
    assert key
    page.wait_for_timeout(500)
    page.keyboard.press(key.lower())
    expect(page.locator("#mine")).to_contain_text("1")
    page.context.close()


def in_folder(folder: Path, server: servers.Winnow) -> Callable[[str], str]:
    """Return what runs a command of the tutorial, with this test's Python, data and folder."""

    def run(command: str) -> str:
        python, program, *words = shlex.split(command)
        assert (python, program) == (".venv/bin/python", "manage.py")
        done = subprocess.run(
            [sys.executable, str(ROOT / "manage.py"), *words],
            cwd=folder,
            env=server.env,
            capture_output=True,
            text=True,
            timeout=servers.patient(120),
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run
