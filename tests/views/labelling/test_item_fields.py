"""Fields shown with an item, each value as a short text."""

from typing import Any

import pytest

from annotator.models import Item, Project
from annotator.views.labelling import item_fields


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("two\n lines", "two lines"),
        ("x" * 201, "x" * 199 + "…"),
        (0, "0"),
        (True, "yes"),
        (["a", 1, None, True], "a, 1, yes"),
        ([["a"], {}], '[["a"], {}]'),
        ({"ü": [1]}, '{"ü": [1]}'),
        ("<b>", "<b>"),
    ],
)
def test_value_of_any_kind_is_shown_as_a_short_text(value: Any, words: Any) -> None:
    item = Item(meta={"field": value})
    assert item_fields.fields(Project(shown_fields=["field"]), item) == [("field", words)]


def test_fields_without_a_value_are_left_out() -> None:
    item = Item(meta={"read": False, "size": 3.5, "sender": "a@b", "empty": ""})
    shown = item_fields.fields(Project(shown_fields=["sender", "size", "empty", "read"]), item)
    assert shown == [("sender", "a@b"), ("size", "3.5"), ("read", "no")]
