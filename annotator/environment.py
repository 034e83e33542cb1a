"""Settings from the environment, validated: a wrong value is refused by name."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

YES = {"1", "true", "yes", "on", "y", "ok", "t"}
NO = {"", "0", "false", "no", "off", "n", "f"}
DATABASES = ("sqlite", "postgres", "postgresql", "psql", "pgsql")
BROKERS = ("redis", "rediss", "redis+socket", "unix", "sentinel", "amqp", "amqps", "memory")


class Environment(environ.Env):
    """Reads environment variables strictly."""

    def text(self, name: str, default: str = "") -> str:
        """Return a text, stripped."""
        return str(self(name, default=default)).strip()

    def flag(self, name: str, default: bool = False) -> bool:
        """Return a boolean."""
        given = self.text(name, str(default)).lower()
        if given not in YES | NO:
            raise ImproperlyConfigured(f"{name} is true or false, not {given!r}.")
        return given in YES

    def number(self, name: str, default: int, least: int = 1) -> int:
        """Return an integer of at least `least`."""
        given = self.text(name, str(default))
        if not given.isdecimal() or int(given) < least:
            raise ImproperlyConfigured(f"{name} is a whole number from {least} on, not {given!r}.")
        return int(given)

    def one_of(self, name: str, choices: Sequence[str], default: str) -> str:
        """Return one of the choices."""
        given = self.text(name, default)
        if given not in choices:
            raise ImproperlyConfigured(f"{name} is one of {', '.join(choices)}, not {given!r}.")
        return given

    def origins(self, name: str) -> list[str]:
        """Return a list of origins, each with its scheme."""
        given = [str(each) for each in self.list(name, default=[])]
        wrong = [each for each in given if not each.startswith(("http://", "https://"))]
        if wrong:
            raise ImproperlyConfigured(
                f"{name} takes origins such as https://host, not {wrong[0]!r}."
            )
        return given

    def database(self, name: str, default: str) -> dict[str, Any]:
        """Return Django's settings for a database URL."""
        given = _address(name, self.text(name) or default, DATABASES)
        try:
            found = dict(self.db_url_config(given))
        except (ValueError, KeyError) as problem:
            raise _no_address(name, DATABASES) from problem
        if not found.get("NAME") and "service" not in found.get("OPTIONS", {}):
            raise ImproperlyConfigured(f"{name} lacks the name of the database, after the host.")
        return found

    def broker(self, name: str, default: str) -> str:
        """Return the URL of a broker."""
        return _address(name, self.text(name) or default, BROKERS)


env = Environment()


def _address(name: str, given: str, schemes: Sequence[str]) -> str:
    try:
        # Several sentinels are separated by semicolons.
        parts = urlsplit(given.partition(";")[0])
        # urlsplit validates the port only when it is read.
        _port, is_known = parts.port, parts.scheme in schemes
    except ValueError as problem:
        raise _no_address(name, schemes) from problem
    if not is_known:
        raise _no_address(name, schemes)
    return given


def _no_address(name: str, schemes: Sequence[str]) -> ImproperlyConfigured:
    # Not the URL itself, because it may contain a password.
    told = f"{schemes[0]}://… or {schemes[1]}://…"
    return ImproperlyConfigured(f"{name} is no address that Winnow knows. It begins with {told}")
