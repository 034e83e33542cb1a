"""Keys of other keyboards in the fields that take keys; what a press means is told in tests/js."""

import pytest
from django.urls import reverse

from tests.views.in_browser import MARKS, sign_in

pytestmark = MARKS


@pytest.fixture
def keys_page(page, context, live_server, ana):
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
def test_fields_store_the_key_that_the_desk_will_read(keys_page, press, stored):
    field = keys_page.get_by_label("Skip", exact=True)
    field.evaluate(
        "(field, press) => field.dispatchEvent("
        "new KeyboardEvent('keydown', { bubbles: true, cancelable: true, ...press }))",
        press,
    )
    assert field.input_value() == stored
