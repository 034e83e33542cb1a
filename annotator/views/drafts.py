"""Drafts: unsaved input stays in its browser tab and is dropped once the form is saved."""

import re
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

FIELD, COOKIE = "draft", "winnow_saved"
SECONDS = 60

# The format of ids made by the page's script; nothing else is put into a cookie.
NAME = re.compile(r"[a-z0-9]{8,64}", re.ASCII)

# Set on a response that redirects although the form was refused, and on previews.
KEEP = "keeps_draft"
HEADER = "Winnow-Draft"

Answer = Callable[[HttpRequest], HttpResponse]


def kept(answer: HttpResponse) -> HttpResponse:
    """Mark the response to a form that was refused or previewed: its draft is still needed."""
    setattr(answer, KEEP, True)
    answer.headers[HEADER] = "kept"
    return answer


def tell_saved(get_response: Answer) -> Answer:
    """Name the draft of a saved form, so that the next page deletes it."""

    def answered(request: HttpRequest) -> HttpResponse:
        # Read before the view, which may sign the user out.
        may_save = _is_form(request) and request.user.is_authenticated
        answer = get_response(request)
        is_saved = may_save and answer.status_code < 400 and not hasattr(answer, KEEP)
        name = request.POST.get(FIELD, "") if is_saved else ""
        if NAME.fullmatch(name):
            answer.set_cookie(
                COOKIE,
                name,
                max_age=SECONDS,
                samesite="Lax",
                secure=settings.SESSION_COOKIE_SECURE,
            )
        return answer

    return answered


def _is_form(request: HttpRequest) -> bool:
    return request.method == "POST" and not request.path.startswith("/api/")
