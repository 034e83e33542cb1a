"""A page and its regions share one context: what htmx asks for is a part of what the page shows."""

import hashlib
import json
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render

from annotator.views import drafts
from annotator.views.access import Request


def render_partial(
    request: Request, page: str, region: str, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    """Render the region alone when it is what htmx will replace, else the whole page."""
    folder = page.rpartition("/")[0]
    template = f"{folder}/_{region}.html" if request.htmx.target == region else page
    return render(request, template, context, status=status)


def state_of(*seen: Any) -> str:
    """Return a short digest of what is shown, so that a poll can say what is there already."""
    text = json.dumps(seen, sort_keys=True, default=str)
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def is_unchanged(request: Request, state: str) -> bool:
    """Tell whether this poll comes from a page that shows the current state."""
    return bool(request.htmx) and request.GET.get("state") == state


def not_modified() -> HttpResponse:
    """Return the answer that leaves the region as it is."""
    return HttpResponse(status=204)


def redirect_with_message(
    request: Request, address: str, *, said: str, problem: str
) -> HttpResponse:
    """Go to the page at `address`, which tells what was said, or what went wrong: without htmx."""
    level = messages.WARNING if problem else messages.SUCCESS
    messages.add_message(request, level, problem or said)
    answer = redirect(address)
    return drafts.kept(answer) if problem else answer


def post_data(request: HttpRequest) -> QueryDict | None:
    """Return the form data, even if empty; None if no form was sent."""
    return request.POST if request.method == "POST" else None
