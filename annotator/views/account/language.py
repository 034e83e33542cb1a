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
    """The language of the interface; each is named in that language."""

    # Browsers treat an empty option as no choice.
    use_required_attribute = False

    language = forms.ChoiceField(
        label=gettext_lazy("Interface language"),
        choices=[("", gettext_lazy("browser default")), *settings.LANGUAGES],
    )


@require_POST
@signed_in
def choose(request: Request) -> HttpResponse:
    """Store the user's language."""
    locale.choose(request.user, request.POST.get("language", ""))
    _activate(request)
    messages.success(request, _("Language changed."))
    return redirect("account")


def own_language(get_response: Answer) -> Answer:
    """Use the signed-in user's chosen language, whatever the browser asks for.

    A cookie keeps it for this browser's pages before sign-in.
    """

    def answered(request: HttpRequest) -> HttpResponse:
        before = request.COOKIES.get(COOKIE, "")
        if request.user.is_authenticated:
            _activate(request)
        answer = get_response(request)
        # An API client may have a token but no cookies.
        if not request.path.startswith("/api/") and request.user.is_authenticated:
            _remember(answer, before, request.user.language)
        return answer

    return answered


def _activate(request: HttpRequest) -> None:
    """Activate the user's language, else the browser's; never the previous request's."""
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
