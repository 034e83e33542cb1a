"""Who a token belongs to."""

from typing import Any

from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.plumbing import build_bearer_security_scheme_object
from knox.auth import TokenAuthentication as KnoxTokenAuthentication


class TokenAuthentication(KnoxTokenAuthentication):
    """Knox's tokens, without looking through all other tokens of the person at every call."""

    def _cleanup_token(self, auth_token: Any) -> bool:
        expired = auth_token.expiry is not None and auth_token.expiry < timezone.now()
        if expired:
            auth_token.delete()
        return expired


class TokenScheme(OpenApiAuthenticationExtension):
    """How the description of the API names these tokens."""

    target_class = "annotator.api.auth.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> Any:
        """Return the entry of the description."""
        return build_bearer_security_scheme_object("Authorization", "Token")
