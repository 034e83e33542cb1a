"""JSON in and out: strict where it comes in, fast where it goes out."""

from typing import Any

import orjson
from django.core.exceptions import RequestDataTooBig
from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser
from rest_framework.renderers import JSONRenderer

from annotator.flow.refusals import TooLarge


class OrjsonRenderer(JSONRenderer):
    """JSON as UTF-8, dates in UTC with a Z."""

    def render(self, data: Any, *_args: Any, **_kwargs: Any) -> bytes:
        """Return `data` as JSON; nothing for an answer without a body."""
        if data is None:
            return b""
        return orjson.dumps(data, default=str, option=orjson.OPT_UTC_Z)


class StrictJSONParser(JSONParser):
    """JSON without the extensions that databases choke on: NaN, infinities, lone surrogates."""

    def parse(self, stream: Any, *_args: Any, **_kwargs: Any) -> Any:
        """Return the body as objects; ParseError where it is no JSON."""
        try:
            body = stream.read()
        except RequestDataTooBig as problem:
            raise TooLarge("too_large", _("The request is too large.")) from problem
        try:
            return orjson.loads(body) if body.strip() else {}
        except orjson.JSONDecodeError as problem:
            words = _("The body is no JSON: %(problem)s.") % {"problem": problem}
            raise ParseError(words) from problem
