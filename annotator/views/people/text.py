"""People as lists show them: state, roles, device."""

import re
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from annotator.flow.people import directory, invitations
from annotator.flow.people.directory import Person
from annotator.flow.people.invitations import Link
from annotator.flow.people.sign_ins import Place
from annotator.messages.people import invitation_mail
from annotator.messages.people.shared_address import shared_address

STATES = {
    directory.ACTIVE: gettext_lazy("active"),
    directory.INVITED: gettext_lazy("invited"),
    directory.OFF: gettext_lazy("deactivated"),
    directory.WITHDRAWN: gettext_lazy("withdrawn"),
}
# Browsers call themselves by several names; the first that is found here is theirs.
BROWSERS = (("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrome", "Chrome"))
SAFARI = "Safari"
SYSTEMS = ("Windows", "Android", "iPhone", "iPad", "Mac OS X", "Linux")


def person_row(found: Person) -> dict[str, Any]:
    """Return a person with their state in words."""
    link = found.invitation
    return {
        "user": found.user,
        "state": found.state,
        "state_name": STATES[found.state],
        "labels": found.labels,
        "last_active": found.last_active,
        "memberships": found.memberships,
        "link": link,
        "is_new": not found.user.has_usable_password(),
    }


def shown_link(request: HttpRequest, link: Link) -> dict[str, Any]:
    """Return a new link for its box, which no later page shows; it is mailed where possible."""
    address = shared_address(request)
    url = address.invitation(link.token)
    user = link.invitation.user
    return {
        "url": url,
        "name": user.username,
        "is_reset": user.has_usable_password(),
        "project": link.invitation.project,
        "days": invitations.DAYS,
        "note": address.note,
        "mail": invitation_mail.deliver(link, url),
    }


def place_row(place: Place) -> dict[str, Any]:
    """Return a session or token with its device in words."""
    return {"place": place, "device": device(place.device), "begins": place.key[:8]}


def device(agent: str) -> str:
    """Return what a browser or client is, from what it calls itself."""
    system = next((name for name in SYSTEMS if name in agent), "")
    browser = next((name for mark, name in BROWSERS if f"{mark}/" in agent), "")
    browser = browser or (SAFARI if f"{SAFARI}/" in agent else "")
    if browser and system:
        return _("%(browser)s on %(system)s") % {"browser": browser, "system": system}
    return browser or re.split(r"[\s(]", agent, maxsplit=1)[0][:60] or _("unknown device")
