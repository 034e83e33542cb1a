"""Token authentication."""

import binascii
from hmac import compare_digest
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.plumbing import build_bearer_security_scheme_object
from knox.auth import TokenAuthentication as KnoxTokenAuthentication
from knox.crypto import hash_token
from knox.models import AuthToken
from knox.settings import CONSTANTS
from rest_framework.exceptions import AuthenticationFailed

from annotator.db.compiled_queries import CompiledSelect

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
            raise AuthenticationFailed(_("Invalid token.")) from None
        for found in FIND_TOKENS(given[: CONSTANTS.TOKEN_KEY_LENGTH]):
            if not self._cleanup_token(found) and compare_digest(digest, found.digest):
                if found.expiry:
                    self.renew_token(found)
                return self.validate_user(found)
        raise AuthenticationFailed(_("Invalid token."))

    def _cleanup_token(self, auth_token: Any) -> bool:
        expired = auth_token.expiry is not None and auth_token.expiry < timezone.now()
        if expired:
            auth_token.delete()
        return expired


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Name of the token scheme in the API description."""

    target_class = "annotator.api.auth.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> Any:
        """Return the security definition."""
        return build_bearer_security_scheme_object("Authorization", "Token")
