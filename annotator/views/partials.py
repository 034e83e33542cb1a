"""Partial pages: a page and its regions share one context; htmx requests a region."""

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
    """Render only the region that htmx will replace, else the whole page."""
    folder = page.rpartition("/")[0]
    template = f"{folder}/_{region}.html" if request.htmx.target == region else page
    return render(request, template, context, status=status)


def state_of(*seen: Any) -> str:
    """Return a short digest of what is shown, so that a poll can report what it has."""
    text = json.dumps(seen, sort_keys=True, default=str)
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def is_unchanged(request: Request, state: str) -> bool:
    """Return whether this poll comes from a page that shows the current state."""
    return bool(request.htmx) and request.GET.get("state") == state


def not_modified() -> HttpResponse:
    """Return the response that leaves the region unchanged."""
    return HttpResponse(status=204)


def redirect_with_message(
    request: Request, address: str, *, said: str, problem: str
) -> HttpResponse:
    """Redirect to `address` with a message or an error, without htmx."""
    level = messages.WARNING if problem else messages.SUCCESS
    messages.add_message(request, level, problem or said)
    answer = redirect(address)
    return drafts.kept(answer) if problem else answer


def post_data(request: HttpRequest) -> QueryDict | None:
    """Return the form data, even if empty; None if no form was sent."""
    return request.POST if request.method == "POST" else None
