"""What the tests of pages look for is found where it is."""

import pytest
from playwright.sync_api import Page

from tests.views.in_browser import unfit

pytestmark = pytest.mark.browser

BODY = '<!doctype html><html lang="en"><title>A page</title><main><h1>A page</h1>{}</main></html>'


@pytest.mark.parametrize(
    ("made", "found"),
    [
        ("<p>All is well.", []),
        ("<img src='data:,'>", ["1280 light", "1280 dark", "360 light", "360 dark"]),
        ("<div style='width: 700px'>Wide.</div>", ["360 light", "360 dark"]),
        (
            "<style>@media (prefers-color-scheme: dark) { p { color: #eee } }</style><p>Pale.",
            ["1280 dark", "360 dark"],
        ),
    ],
)
def test_what_axe_finds_and_what_is_too_wide_is_told(
    page: Page, made: str, found: list[str]
) -> None:
    page.set_content(BODY.format(made))
    assert [each.partition(":")[0] for each in unfit(page)] == found
