"""Keys of other keyboards in the fields that take keys; what a press means is told in tests/js."""

from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import BrowserContext, Page
from pytest_django.live_server_helper import LiveServer

from annotator.models import User
from tests.views.in_browser import MARKS, sign_in

pytestmark = MARKS


@pytest.fixture
def keys_page(page: Page, context: BrowserContext, live_server: LiveServer, ana: User) -> Any:
    sign_in(context, live_server, ana)
    page.goto(live_server.url + reverse("desk_preferences"))
    return page


@pytest.mark.parametrize(
    ("press", "stored"),
    [
        ({"key": "ф", "code": "KeyA"}, "Ф"),
        ({"key": "&", "code": "Digit1"}, "1"),
        ({"key": "o", "code": "KeyS"}, "O"),
        ({"key": "Process", "code": "KeyA"}, ""),
    ],
)
def test_fields_store_the_key_that_the_desk_will_read(
    keys_page: Any, press: Any, stored: str
) -> None:
    field = keys_page.get_by_label("Skip", exact=True)
    field.evaluate(
        "(field, press) => field.dispatchEvent("
        "new KeyboardEvent('keydown', { bubbles: true, cancelable: true, ...press }))",
        press,
    )
    assert field.input_value() == stored
