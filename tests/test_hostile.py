"""Whatever is sent, the answer is no error of ours."""

import re

from django.urls import get_resolver


def page_routes() -> list[tuple[str, str]]:
    """Return every page with the methods that it might take, as the schema names its paths."""
    found = [
        "/" + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route)
        for route in _routes(get_resolver(), "")
        if not route.startswith(("admin/", "api/v1/"))
    ]
    return [(method, path) for path in found for method in ("GET", "POST")]


def _routes(resolver, before):
    for each in resolver.url_patterns:
        route = before + str(each.pattern)
        yield from _routes(each, route) if hasattr(each, "url_patterns") else [route]
