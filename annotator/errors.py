"""Errors of flow, pages and API: a code with values, and the status that is answered."""

from typing import Any

from annotator.i18n import error_messages


class FlowError(Exception):
    """A request that cannot be fulfilled; nothing was changed."""

    status = 400
    # Seconds after which the request may be repeated; 0 if waiting does not help.
    retry_after = 0

    def __init__(
        self,
        code: str,
        *,
        field: str = "",
        errors: list[dict[str, Any]] | None = None,
        message: str = "",
        detail: str = "",
        **values: Any,
    ) -> None:
        """Without `detail`, the message catalogue has the sentence for the code or `message`."""
        detail = detail or error_messages.text(message or code, field, values)
        super().__init__(detail)
        self.code = code
        self.message = message or code
        self.values = values
        self.detail = detail
        self.errors = errors or [{"field": field, "code": code, "detail": detail}]


class Unauthenticated(FlowError):
    """The user is not signed in."""

    status = 401


class PermissionDenied(FlowError):
    """The person may know of it, but not do it."""

    status = 403


class NotFound(FlowError):
    """It does not exist, or not for this user."""

    status = 404


class Conflict(FlowError):
    """Another change came first."""

    status = 409


class Gone(FlowError):
    """It existed once, and whoever asks knew of it."""

    status = 410


class TooLarge(FlowError):
    """More bytes than this installation accepts."""

    status = 413


class WrongType(FlowError):
    """A file type that cannot be read here."""

    status = 415


class Invalid(FlowError):
    """Well-formed, but wrong."""

    status = 422


class NoRoom(FlowError):
    """The disk cannot hold it."""

    status = 507
