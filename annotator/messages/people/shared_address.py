"""Links for other people, and what to do if the server answers only on this computer."""

from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from annotator.server import addresses
from annotator.server.addresses import NOT_ALLOWED, ONLY_HERE, UNKNOWN, Address


@dataclass(frozen=True)
class SharedAddress:
    """The address that others use, and a note if they cannot."""

    base: str
    note: str

    def invitation(self, token: str) -> str:
        """Return the link that belongs to the token of an invitation."""
        return self.base + reverse("invite", args=[token])


def shared_address(request: HttpRequest) -> SharedAddress:
    """Return the address to send to others."""
    base = request.build_absolute_uri("/").rstrip("/")
    # A WSGI server names there what it is bound to.
    bound = str(request.META.get("SERVER_NAME", ""))
    found = addresses.shared_address(base, bound, settings.ALLOWED_HOSTS)
    return SharedAddress(found.base, _note(found))


def _note(found: Address) -> str:
    if found.state == ONLY_HERE:
        return _(
            "Only this computer can open this address, because the server listens on 127.0.0.1. To "
            "let others in, stop Winnow and start it with: manage.py up --host 0.0.0.0"
        )
    if found.state == NOT_ALLOWED:
        return _(
            "Only this computer can open this address. Add the name or address of this computer to "
            "ALLOWED_HOSTS, and restart Winnow."
        )
    if found.state == UNKNOWN:
        return _(
            "Only this computer can open this address. Open Winnow under the address that others "
            "use, then copy the link."
        )
    return ""
