"""End sessions and revoke tokens: one's own, or as an installation admin anybody's."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from annotator.errors import FlowError, NotFound
from annotator.flow.people import sign_ins
from annotator.models import User
from annotator.views.access import Request, signed_in


@require_POST
@signed_in
def end_session(request: Request, user_id: int, number: int) -> HttpResponse:
    """End a session: its browser is signed out."""
    user = _self_or_anybody(request, user_id)
    return _ended(request, user, sign_ins.end_session, number, _("The session was ended."))


@require_POST
@signed_in
def end_token(request: Request, user_id: int, key: str) -> HttpResponse:
    """Revoke an API token."""
    user = _self_or_anybody(request, user_id)
    return _ended(request, user, sign_ins.end_token, key, _("The token was revoked."))


@require_POST
@signed_in
def end_all(request: Request, user_id: int) -> HttpResponse:
    """End all sessions and tokens, except this session."""
    user = _self_or_anybody(request, user_id)
    sign_ins.end_all(user, but=request.session.session_key)
    messages.success(request, _("All other sessions and all tokens were ended."))
    return _back(request, user)


def _ended(
    request: Request, user: User, end: Callable[[User, Any], object], which: object, said: str
) -> HttpResponse:
    try:
        end(user, which)
    except FlowError as refusal:
        messages.warning(request, refusal.detail)
    else:
        messages.success(request, said)
    return _back(request, user)


def _self_or_anybody(request: Request, user_id: int) -> User:
    if request.user.pk == user_id:
        return request.user
    found = User.objects.filter(pk=user_id).first() if request.user.is_superuser else None
    if found is None:
        raise NotFound("not_found", message="no_user")
    return found


def _back(request: Request, user: User) -> HttpResponse:
    return redirect("account") if user == request.user else redirect("person", user.pk)
