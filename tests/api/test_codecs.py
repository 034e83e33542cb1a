"""Answers in other forms than plain JSON, and content that no answer may have."""

from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import pytest
from django.utils.translation import gettext_lazy

from annotator.api.codecs import OrjsonRenderer
from annotator.tasktypes.marks import Mark


class Place(NamedTuple):
    name: str
    at: int


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (Mark(0, 3, 1), [0, 3, 1]),
        (Mark(0, 3, "person", "negated"), [0, 3, "person", "negated"]),
        (Place("Lyon", 2), ["Lyon", 2]),
        (gettext_lazy("Labels"), "Labels"),
        (Decimal("0.10"), "0.10"),
        (Path("a/b.csv"), "a/b.csv"),
    ],
)
def test_values_beyond_json_keep_their_shape(value: Any, said: Any) -> None:
    assert orjson.loads(OrjsonRenderer().render({"seen": [value]})) == {"seen": [said]}


@pytest.mark.parametrize("value", [{1}, object(), b"bytes", iter([])])
def test_what_nobody_meant_to_send_is_an_error_and_never_text(value: Any) -> None:
    with pytest.raises(TypeError):
        OrjsonRenderer().render({"seen": value})
