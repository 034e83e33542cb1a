"""The labelling page on a first visit: how many files it asks for, and how much they hold."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Page

from tests.e2e.signing_in import sign_in
from tests.oracle import new_project

pytestmark = [pytest.mark.servers, pytest.mark.browser, pytest.mark.xdist_group("e2e")]

MOST_FILES = 16
MOST_BYTES = 150_000  # not compressed
# Words, visible characters and marks take more code than a choice of labels.
MOST_BYTES_OF_SPANS = 175_000
ITEMS = 40
# The search among many labels is one more script.
MANY_LABELS = [f"label {number}" for number in range(12)]

# Each file with its size and whether it is an image, which is content and no part of the page.
FILES = """() => [
  ...performance.getEntriesByType("navigation"),
  ...performance.getEntriesByType("resource"),
].map(({ name, decodedBodySize, encodedBodySize, transferSize }) => ({
  name,
  size: decodedBodySize + transferSize - encodedBodySize,
  isImage: new URL(name).pathname.startsWith("/media/"),
}))"""


def texts(folder: Path) -> Path:
    path = folder / "texts.csv"
    path.write_text("text\n" + "".join(f"text {number}\n" for number in range(ITEMS)))
    return path


def pairs(folder: Path) -> Path:
    path = folder / "pairs.csv"
    path.write_text("a,b\n" + "".join(f"one {each},other {each}\n" for each in range(ITEMS)))
    return path


def images(folder: Path) -> Path:
    path = folder / "images.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(ITEMS):
            file = io.BytesIO()
            Image.new("RGB", (1200, 900), (number * 5, 20, 30)).save(file, "PNG")
            archive.writestr(f"{number}.png", file.getvalue())
    return path


@pytest.mark.parametrize(
    ("task", "write", "labels", "images_shown"),
    [
        ("text", texts, MANY_LABELS, 0),
        ("image", images, MANY_LABELS, 3),
        ("text-pairs", pairs, [], 0),
        ("text-spans", texts, MANY_LABELS, 0),
    ],
)
def test_page_is_light(
    page: Page,
    running: Any,
    tmp_path: Path,
    task: str,
    write: Callable[[Path], Path],
    labels: list[str],
    images_shown: int,
) -> None:
    truth = {label: label for label in labels}
    oracle = new_project(running.client(), write(tmp_path), truth, task=task)
    sign_in(page, running)
    line = page.context.new_cdp_session(page)
    line.send("Network.clearBrowserCache")
    page.goto(f"{running.address}/projects/{oracle.project}/label")
    page.locator('#standing[data-standing="saved"]:not(:empty)').wait_for()
    # The offline buffer is filled a moment later.
    with page.expect_response(lambda answer: "/desk" in answer.url):
        pass
    page.wait_for_load_state("networkidle")
    files = page.evaluate(FILES)
    told = "\n".join(f"{each['size']:7} {each['name']}" for each in files)
    own = [each for each in files if not each["isImage"]]
    assert len(files) - len(own) == images_shown, told
    assert len([each for each in own if "/desk" in each["name"]]) >= 2, told
    assert len(own) <= MOST_FILES, told
    most = MOST_BYTES_OF_SPANS if task == "text-spans" else MOST_BYTES
    assert sum(each["size"] for each in own) <= most, told
