"""Mail an invitation, where a mail server is configured."""

import logging
import smtplib
from dataclasses import dataclass

from django.conf import settings
from django.core.mail import EmailMessage
from django.utils import translation
from django.utils.translation import gettext as _

from annotator.flow.people.invitations import DAYS, Link
from annotator.security import rate_limits

log = logging.getLogger(__name__)

SENT, FAILED, NOT_CONFIGURED = "sent", "failed", "not_configured"
MAILS = rate_limits.Limit("mails", 100, 3600)


@dataclass(frozen=True)
class Delivery:
    """Whether the link was mailed, in words too."""

    state: str
    words: str


def is_configured() -> bool:
    """Return whether this installation has a mail server."""
    return bool(settings.EMAIL_HOST)


def deliver(link: Link, url: str) -> Delivery | None:
    """Mail the link to its user; None if they have no address. Failures are told, not raised."""
    user, by = link.invitation.user, link.invitation.invited_by
    if not user.email:
        return None
    if not is_configured():
        return Delivery(
            NOT_CONFIGURED,
            _(
                "No mail was sent: no mail server is configured (EMAIL_HOST). Send the link "
                "yourself."
            ),
        )
    try:
        # Else an account could be used to flood others with mail.
        MAILS.check(by.pk if by else 0)
        MAILS.count(by.pk if by else 0)
        with translation.override(user.language or translation.get_language()):
            _message(link, url).send()
    except rate_limits.TooMany as refusal:
        return _failed(refusal.detail)
    except (OSError, smtplib.SMTPException, ValueError) as problem:
        log.warning("an invitation could not be mailed: %s", type(problem).__name__)
        return _failed(_reason(problem))
    return Delivery(SENT, _("The link was mailed to %(email)s.") % {"email": user.email})


def _failed(reason: str) -> Delivery:
    words = _("No mail was sent: %(reason)s Send the link yourself.")
    return Delivery(FAILED, words % {"reason": reason})


def _reason(problem: Exception) -> str:
    if isinstance(problem, smtplib.SMTPAuthenticationError):
        return _("the mail server refused EMAIL_HOST_USER and EMAIL_HOST_PASSWORD.")
    if isinstance(problem, smtplib.SMTPRecipientsRefused):
        return _("the mail server refused the address.")
    if isinstance(problem, smtplib.SMTPException):
        return _("the mail server refused the message.")
    return _("the mail server %(host)s did not answer.") % {"host": settings.EMAIL_HOST}


def _message(link: Link, url: str) -> EmailMessage:
    user, by, project = (
        link.invitation.user,
        link.invitation.invited_by,
        link.invitation.project,
    )
    if user.has_usable_password():
        subject = _("Your new password for Winnow")
        begin = _("With this link you choose a new password. Until then, the old one works.")
    elif project is not None:
        subject = _("Invitation to Winnow")
        begin = _("%(by)s invites you to the project %(project)s.") % {
            "by": by.username if by else "Winnow",
            "project": project.name,
        }
    else:
        subject = _("Invitation to Winnow")
        begin = _("With this link you choose a password for Winnow.")
    name = _("Your username: %(name)s") % {"name": user.username}
    end = _("The link works once, within %(days)d days.") % {"days": DAYS}
    return EmailMessage(subject, "\n\n".join([begin, url, name, end]) + "\n", to=[user.email])
