"""API tokens: who sends one is their user."""

import binascii
from collections.abc import Callable
from functools import wraps
from hmac import compare_digest
from typing import Any, Concatenate, ParamSpec

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from knox.auth import TokenAuthentication as KnoxTokenAuthentication
from knox.crypto import hash_token
from knox.models import AuthToken
from knox.settings import CONSTANTS
from rest_framework.exceptions import AuthenticationFailed

from annotator.db.compiled_queries import CompiledSelect
from annotator.i18n import error_messages

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]

FIND_TOKENS = CompiledSelect(
    lambda key: AuthToken.objects.filter(token_key=key).select_related("user"), str
)


class TokenAuthentication(KnoxTokenAuthentication):
    """Knox tokens, looked up directly instead of scanning all tokens of the user on every call."""

    def authenticate_credentials(self, token: bytes) -> Any:
        """Return the user and their token; AuthenticationFailed if it is invalid or expired."""
        given = token.decode("utf-8", "replace")
        try:
            digest = hash_token(given)
        except (TypeError, ValueError, binascii.Error):
            raise AuthenticationFailed(error_messages.invalid_token()) from None
        for found in FIND_TOKENS(given[: CONSTANTS.TOKEN_KEY_LENGTH]):
            if not self._cleanup_token(found) and compare_digest(digest, found.digest):
                if found.expiry:
                    self.renew_token(found)
                return self.validate_user(found)
        raise AuthenticationFailed(error_messages.invalid_token())

    def _cleanup_token(self, auth_token: Any) -> bool:
        expired = auth_token.expiry is not None and auth_token.expiry < timezone.now()
        if expired:
            auth_token.delete()
        return expired


def accepts_tokens(view: View[P]) -> View[P]:
    """Let programs read what a page shows: an API token is as good as a session."""

    @wraps(view)
    def asked(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        tokens = TokenAuthentication()
        try:
            found = tokens.authenticate(request)
        except AuthenticationFailed as refusal:
            challenge = {"WWW-Authenticate": tokens.authenticate_header(request)}
            return HttpResponse(
                str(refusal.detail), status=401, content_type="text/plain", headers=challenge
            )
        if found is not None:
            request.user = found[0]
        return view(request, *args, **kwargs)

    return asked  # type: ignore[return-value]
