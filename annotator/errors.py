"""Errors of flow, pages and API: a code with values, and the status that is answered."""

from typing import Any

from annotator.i18n import error_messages


class FlowError(Exception):
    """Something that was asked for cannot be done; nothing was changed."""

    status = 400
    # Seconds after which the same may be asked again; 0 where waiting does not help.
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
        """The catalogue has the sentence of the code, or of `message`, which takes the values.

        `detail` is for what somebody else worded: a reader of files, a task type, Django.
        """
        detail = detail or error_messages.text(message or code, field, values)
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.errors = errors or [{"field": field, "code": code, "detail": detail}]


class Unauthenticated(FlowError):
    """Nobody knows who asks."""

    status = 401


class PermissionDenied(FlowError):
    """The person may know of it, but not do it."""

    status = 403


class NotFound(FlowError):
    """It does not exist, or not for this person."""

    status = 404


class Conflict(FlowError):
    """Somebody or something else was first."""

    status = 409


class TooLarge(FlowError):
    """More bytes than this installation takes."""

    status = 413


class WrongType(FlowError):
    """A kind of file that cannot be read here."""

    status = 415


class Invalid(FlowError):
    """Well-formed, but wrong."""

    status = 422
