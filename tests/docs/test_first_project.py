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
        page.set_default_timeout(30_000)
        address = make_project(page, server, tmp_path / "mail.csv")
        people = {name: invite(page, server, name) for name in ("ana", "ben")}
        add_members(page, address, list(people))
        label(browser, people["ana"], server, address)
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
    page.get_by_label(written("Name"), exact=True).fill("Mail")
    labels = re.search(r"one label per line: (.*)\.$", TUTORIAL, re.MULTILINE)
    assert labels
    page.locator("textarea[name=labels]").fill("\n".join(re.findall(r"`(\w+)`", labels[1])))
    page.get_by_label(written("Guidelines")).fill("What does the writer want?")
    page.get_by_role("button", name=written("Create the project")).click()
    page.get_by_role("link", name=written("Import"), exact=True).first.click()
    page.get_by_label(written("File"), exact=True).set_input_files(file)
    page.get_by_role("button", name=written("Import"), exact=True).click()
    expect(page.locator("dl.counts dd").first).to_have_text("5")
    return page.url.removesuffix("/imports")


def invite(page: Page, server: servers.Winnow, name: str) -> str:
    """Do step 5 for a colleague, and return the link."""
    page.goto(server.address)
    page.get_by_role("link", name=written("Users")).click()
    page.get_by_label(written("Username")).fill(name)
    page.get_by_role("button", name=written("Create")).click()
    link = page.locator("input[readonly]").input_value()
    return link.replace("0.0.0.0", "127.0.0.1")


def add_members(page: Page, address: str, names: list[str]) -> None:
    """Do the rest of step 5."""
    page.goto(f"{address}/")
    page.get_by_role("link", name=written("Members")).click()
    for name in names:
        page.get_by_label(written("Username")).fill(name)
        page.get_by_label(written("Role"), exact=True).select_option("annotator")
        page.get_by_role("button", name=written("Add")).click()
        expect(page.locator(".row-name", has_text=name)).to_be_visible()


def label(browser: Browser, link: str, server: servers.Winnow, address: str) -> None:
    """Accept the invitation, and do step 6."""
    page = browser.new_context().new_page()
    page.set_default_timeout(30_000)
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
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run
