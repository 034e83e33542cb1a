"""JSON codecs: strict on input, fast on output."""

import json
import re
from typing import Any

import orjson
from django.core.exceptions import RequestDataTooBig
from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser
from rest_framework.renderers import JSONRenderer

from annotator.errors import Invalid, TooLarge
from annotator.json_values import plain

DEEPEST = 64
# The range of integers that every database accepts.
LARGEST = 2**63 - 1
KEY = re.compile(rb'"\s*:')


class OrjsonRenderer(JSONRenderer):
    """JSON as UTF-8, dates in UTC with a Z."""

    def render(self, data: Any, *_args: Any, **_kwargs: Any) -> bytes:
        """Return `data` as JSON; empty for a response without a body."""
        if data is None:
            return b""
        return orjson.dumps(data, default=plain, option=orjson.OPT_UTC_Z)


class StrictJSONParser(JSONParser):
    """JSON without values that databases and programs cannot handle, at any depth.

    These are NaN, infinities, lone surrogates, NUL bytes, very large numbers, very deep nesting,
    and duplicate names.
    """

    def parse(self, stream: Any, *_args: Any, **_kwargs: Any) -> Any:
        """Return the parsed body; ParseError or Invalid if it cannot be used."""
        try:
            body = stream.read()
        except RequestDataTooBig as problem:
            raise TooLarge("too_large") from problem
        try:
            found = orjson.loads(body) if body.strip() else {}
        except orjson.JSONDecodeError as problem:
            words = _("The body is not valid JSON: %(problem)s.") % {"problem": problem}
            raise ParseError(words) from problem
        names = _check(found)
        # A text may contain what looks like a name, so only the slow parser can tell.
        if names < len(KEY.findall(body)):
            json.loads(body, object_pairs_hook=_refuse_twins)
        return found


def _check(found: Any) -> int:
    """Return the number of names in all objects; raise for a value that cannot be used."""
    names, level = 0, [("", found)]
    for _depth in range(DEEPEST):
        below: list[tuple[str, Any]] = []
        for field, value in level:
            if isinstance(value, dict):
                names += len(value)
                below += [(field or name, name) for name in value if "\x00" in name]
                below += [(field or name, inner) for name, inner in value.items()]
            elif isinstance(value, list):
                below += [(field, inner) for inner in value]
            elif isinstance(value, str) and "\x00" in value:
                raise Invalid("nul_byte", message="nul_byte_in_body", field=field)
            elif isinstance(value, int) and not -LARGEST <= value <= LARGEST:
                raise Invalid("out_of_range", field=field)
        if not below:
            return names
        level = below
    words = _("The body is nested too deeply; %(most)d levels are allowed.") % {"most": DEEPEST}
    raise ParseError(words, code="too_deep")


def _refuse_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _value in pairs]
        twin = next(name for name in found if names.count(name) > 1)
        words = _("“%(name)s” appears twice.") % {"name": twin}
        raise ParseError(words, code="duplicate_key")
    return found
