"""Language of the interface, chosen per user on the account page."""

from collections.abc import Callable

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from annotator.flow.projects import locale
from annotator.views.access import Request, signed_in

COOKIE = settings.LANGUAGE_COOKIE_NAME

Answer = Callable[[HttpRequest], HttpResponse]


class LanguageForm(forms.Form):
    """In which language one reads; each is called what its readers call it."""

    # Browsers take an empty choice for none at all.
    use_required_attribute = False

    language = forms.ChoiceField(
        label=gettext_lazy("Interface language"),
        choices=[("", gettext_lazy("browser default")), *settings.LANGUAGES],
    )


@require_POST
@signed_in
def choose(request: Request) -> HttpResponse:
    """Store in which language the person reads."""
    locale.choose(request.user, request.POST.get("language", ""))
    _activate(request)
    messages.success(request, _("Language changed."))
    return redirect("account")


def own_language(get_response: Answer) -> Answer:
    """Answer who is signed in in the language that they chose, whatever the machine asks for.

    A cookie keeps it for the pages of this browser that come before the log-in.
    """

    def answered(request: HttpRequest) -> HttpResponse:
        before = request.COOKIES.get(COOKIE, "")
        if request.user.is_authenticated:
            _activate(request)
        answer = get_response(request)
        # Who calls the API may have a token and no browser to keep anything for.
        if not request.path.startswith("/api/") and request.user.is_authenticated:
            _remember(answer, before, request.user.language)
        return answer

    return answered


def _activate(request: HttpRequest) -> None:
    """Go on in the person's language, else the browser's; not in that of who was here before."""
    request.COOKIES.pop(COOKIE, None)
    chosen = getattr(request.user, "language", "")
    translation.activate(chosen or translation.get_language_from_request(request))
    request.LANGUAGE_CODE = translation.get_language()


def _remember(answer: HttpResponse, before: str, chosen: str) -> None:
    if chosen == before:
        return
    if not chosen:
        answer.delete_cookie(COOKIE, samesite="Lax")
        return
    answer.set_cookie(
        COOKIE,
        chosen,
        max_age=settings.LANGUAGE_COOKIE_AGE,
        httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
        samesite="Lax",
        secure=settings.LANGUAGE_COOKIE_SECURE,
    )
