"""Drafts: unsaved input stays in its browser tab and is dropped once the form is saved."""

import re
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

FIELD, COOKIE = "draft", "winnow_saved"
SECONDS = 60

# What the page's script makes up. Anything else is put into no cookie.
NAME = re.compile(r"[a-z0-9]{8,64}", re.ASCII)

# Set on an answer that leads on although the form was refused.
KEEP = "keeps_draft"

Answer = Callable[[HttpRequest], HttpResponse]


def kept(answer: HttpResponse) -> HttpResponse:
    """Mark the answer to a form that was refused, whose draft is still needed."""
    setattr(answer, KEEP, True)
    return answer


def tell_saved(get_response: Answer) -> Answer:
    """Name the draft of a form that was saved, so that the page which comes next forgets it."""

    def answered(request: HttpRequest) -> HttpResponse:
        # Before the view, as it may sign the person out.
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
