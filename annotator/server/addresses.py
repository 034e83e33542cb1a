"""The address under which other machines reach this server."""

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.http.request import validate_host

# Reserved for documentation: a route is looked up, and nothing is sent.
ELSEWHERE = ("192.0.2.1", 9)
REACHABLE, ONLY_HERE, NOT_ALLOWED, UNKNOWN = "reachable", "only_here", "not_allowed", "unknown"


@dataclass(frozen=True)
class Address:
    """Scheme, host and port to send to others, and whether they reach it."""

    base: str
    state: str = REACHABLE


def shared_address(base: str, listens_on: str, allowed_hosts: list[str]) -> Address:
    """Return what to give to others, for a page that was opened under `base`.

    `listens_on` is the address to which the server is bound; empty for a socket file.
    """
    parts = urlsplit(base)
    opened_at = parts.hostname or ""
    if not is_loopback(opened_at) and not _is_any(opened_at):
        return Address(base)
    if is_loopback(listens_on):
        return Address(base, ONLY_HERE)
    host = own_address() if _is_any(listens_on) else listens_on
    if not host or is_loopback(host) or host.startswith("/"):
        return Address(base, UNKNOWN)
    if not validate_host(host, allowed_hosts):
        return Address(base, NOT_ALLOWED)
    shown = f"[{host}]" if ":" in host else host
    port = f":{parts.port}" if parts.port else ""
    return Address(f"{parts.scheme}://{shown}{port}")


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine, for itself only.

    >>> [is_loopback(host) for host in ("localhost", "127.0.0.1", "::1", "0.0.0.0", "lab.example")]
    [True, True, True, False, False]
    """
    if host.rstrip(".").lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def own_address() -> str:
    """Return this machine's address in its network; empty without a network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(ELSEWHERE)
        except OSError:
            return ""
        return str(probe.getsockname()[0])


def _is_any(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return False
