"""Token authentication, and its description: whoever names the one has the other."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.plumbing import build_bearer_security_scheme_object

from annotator.security.api_tokens import TokenAuthentication

__all__ = ["TokenAuthentication", "TokenScheme"]


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Name of the token scheme in the API description."""

    target_class = "annotator.api.auth.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> Any:
        """Return the security definition."""
        return build_bearer_security_scheme_object("Authorization", "Token")
