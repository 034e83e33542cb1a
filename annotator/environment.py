"""Settings from the environment, validated: a wrong value is refused by name."""

import re
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

YES = {"1", "true", "yes", "on", "y", "ok", "t"}
NO = {"", "0", "false", "no", "off", "n", "f"}
DATABASES = ("sqlite", "postgres", "postgresql", "psql", "pgsql")
BUCKET = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]{1,254}$")
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

    def encoders(self, name: str) -> tuple[bool, Path | None]:
        """Return whether pretrained encoders are used, and the folder with more of them."""
        given = self.text(name)
        if not given or given.lower() == "none":
            return not given, None
        folder = Path(given).expanduser().resolve()
        if not folder.is_dir():
            raise ImproperlyConfigured(
                f"{name} names a folder of encoders, or is “none”; {given!r} is no folder."
            )
        return True, folder

    def folder(self, name: str, *, apart_from: Path) -> Path | None:
        """Return an existing folder that has nothing to do with another one; None without one."""
        given = self.text(name)
        if not given:
            return None
        folder, other = Path(given).expanduser().resolve(), apart_from.resolve()
        if not folder.is_dir():
            raise ImproperlyConfigured(f"{name} names a folder; {given!r} is none.")
        if folder.is_relative_to(other) or other.is_relative_to(folder):
            raise ImproperlyConfigured(f"{name} and the data directory must lie apart.")
        return folder

    def buckets(self, name: str) -> dict[str, str]:
        """Return the addresses of S3-compatible stores by the names of their buckets.

        That of Amazon S3 is an empty text.
        """
        found: dict[str, str] = {}
        for given in filter(None, map(str.strip, self.text(name).split(","))):
            bucket, endpoint = _bucket(name, given)
            if bucket in found:
                raise ImproperlyConfigured(f"{name} names the bucket {bucket} twice.")
            found[bucket] = endpoint
        if found and not (find_spec("boto3") and find_spec("storages")):
            raise ImproperlyConfigured(
                f"{name} needs the packages of the extra s3: django-storages and boto3."
            )
        return found

    def mail(self) -> dict[str, Any]:
        """Return Django's mail settings; without EMAIL_HOST, nothing is sent."""
        found = {
            "EMAIL_HOST": self.text("EMAIL_HOST"),
            "EMAIL_PORT": self.number("EMAIL_PORT", 25),
            "EMAIL_HOST_USER": self.text("EMAIL_HOST_USER"),
            "EMAIL_HOST_PASSWORD": self("EMAIL_HOST_PASSWORD", default=""),
            "EMAIL_USE_TLS": self.flag("EMAIL_USE_TLS"),
            "EMAIL_USE_SSL": self.flag("EMAIL_USE_SSL"),
            "DEFAULT_FROM_EMAIL": self.text("DEFAULT_FROM_EMAIL", "Winnow <winnow@localhost>"),
            # Somebody waits for the page meanwhile.
            "EMAIL_TIMEOUT": 10,
        }
        one, other = "EMAIL_USE_TLS", "EMAIL_USE_SSL"
        if found[one] and found[other]:
            raise ImproperlyConfigured(f"{one} and {other} exclude each other; set one of them.")
        return found

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


def _bucket(name: str, given: str) -> tuple[str, str]:
    """Return the name of a bucket and the address of its store."""
    try:
        parts = urlsplit(given)
        _port, place = parts.port, parts.netloc
    except ValueError:
        parts, place = urlsplit(""), ""
    bucket = place if parts.scheme == "s3" else parts.path.strip("/")
    is_known = parts.scheme in ("s3", "http", "https") and place and "@" not in place
    is_bare = not parts.query and not parts.fragment and (parts.scheme != "s3" or not parts.path)
    if not is_known or not is_bare or not BUCKET.match(bucket):
        # Not what was given, because it may contain a password.
        raise ImproperlyConfigured(
            f"{name} is a list of buckets, each as s3://bucket or https://host/bucket. Credentials "
            "come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
        )
    return bucket, "" if parts.scheme == "s3" else f"{parts.scheme}://{place}"


def _no_address(name: str, schemes: Sequence[str]) -> ImproperlyConfigured:
    # Not the URL itself, because it may contain a password.
    told = f"{schemes[0]}://… or {schemes[1]}://…"
    return ImproperlyConfigured(f"{name} is no address that Winnow knows. It begins with {told}")
