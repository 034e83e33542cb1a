"""Every link in the documentation leads somewhere, without a network."""

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = [*ROOT.glob("*.md"), *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
# Addresses that stand for the reader's own, and that of the rules for version numbers.
OWN = re.compile(
    r"https?://(semver\.org|localhost|127\.0\.0\.1|example\.org|[\w.-]+\.example(\.org)?|…)"
)
CODE = re.compile(r"^```.*?^```|`[^`\n]*`", re.MULTILINE | re.DOTALL)


def test_every_link_leads_to_a_file_and_a_heading() -> None:
    assert len(PAGES) > 60
    assert [each for page in PAGES for each in _broken(page)] == []


def _broken(page: Path) -> Iterator[str]:
    for target in LINK.findall(CODE.sub("", page.read_text(encoding="utf-8"))):
        if target.startswith("http"):
            continue
        path, _hash, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        is_heading = not anchor or (there.suffix == ".md" and anchor in _anchors(there))
        if not there.is_file() or not is_heading:
            yield f"{page.relative_to(ROOT)}: {target}"


def _anchors(page: Path) -> set[str]:
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", each).strip().lower().replace(" ", "-") for each in headings}


def test_no_page_names_an_address_on_the_web_but_the_readers_own() -> None:
    named = re.compile(r"https?://[\w…]")
    strange = [
        f"{page.relative_to(ROOT)}: {line}"
        for page in PAGES
        for line in page.read_text(encoding="utf-8").splitlines()
        if named.search(OWN.sub("", line))
    ]
    assert strange == []


def test_every_page_of_the_site_is_in_a_table_of_contents() -> None:
    pages = {page for page in PAGES if ROOT / "docs" in page.parents}
    listed = {ROOT / "docs" / "index.md"}
    for page in pages:
        for block in re.findall(
            r"```\{toctree\}\n(.*?)```", page.read_text(encoding="utf-8"), re.S
        ):
            for name in block.split():
                listed |= set(page.parent.glob(f"{name}.md"))
    assert pages - listed == set()
