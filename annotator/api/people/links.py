"""Responses with an invitation and its link."""

from typing import Any

from rest_framework.request import Request

from annotator.flow.people.invitations import Link
from annotator.messages.people import invitation_mail
from annotator.messages.people.shared_address import shared_address
from annotator.models import Invitation


def link_of_user(request: Request, link: Link) -> dict[str, Any]:
    """Return a new link, which is shown this once and mailed where possible."""
    user = link.invitation.user
    named = {"id": user.pk, "username": user.username, "expires_at": link.invitation.expires_at}
    return {**named, **_shared(request, link)}


def link_of_project(request: Request, link: Link) -> dict[str, Any]:
    """Return the same with the invitation to a project."""
    return {**invitation(link.invitation), **_shared(request, link)}


def invitation(each: Invitation) -> dict[str, Any]:
    """Return an invitation without its link."""
    return {
        "id": each.pk,
        "username": each.user.username,
        "email": each.user.email,
        "role": each.role,
        "invited_by": each.invited_by.username if each.invited_by else None,
        "created_at": each.created_at,
        "expires_at": each.expires_at,
        "is_expired": each.is_expired,
    }


def _shared(request: Request, link: Link) -> dict[str, Any]:
    address = shared_address(request._request)
    url = address.invitation(link.token)
    mail = invitation_mail.deliver(link, url)
    told = mail and {"state": mail.state, "words": mail.words}
    return {"invitation_url": url, "note": address.note, "mail": told}
