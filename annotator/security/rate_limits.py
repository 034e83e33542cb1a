"""Rate limits, counted in the broker, shared by all processes.

If the broker is unreachable, each process counts separately: the limit then applies per process,
and nobody is locked out. A period begins with the first attempt and ends by itself; later attempts
do not extend it.
"""

import ipaddress
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

from django.conf import settings

from annotator.errors import FlowError

log = logging.getLogger(__name__)

T = TypeVar("T")
# Seconds without another attempt to reach an unresponsive broker.
PAUSE_SECONDS = 5.0
MOST_COUNTED_HERE = 10_000


class TooMany(FlowError):
    """Too many attempts; allowed again after `retry_after` seconds."""

    status = 429

    def __init__(self, seconds: int) -> None:
        self.retry_after = max(1, seconds)
        super().__init__("too_many_attempts", seconds=self.retry_after)


@dataclass(frozen=True)
class Limit:
    """Maximum number of attempts per period, counted for each key."""

    name: str
    most: int
    seconds: int

    def check(self, who: object) -> None:
        """Raise TooMany if the limit is reached."""
        tries, left = _shared_or_own(lambda store: store.read(self._key(who)))
        if tries >= self.most:
            raise TooMany(left)

    def count(self, who: object) -> None:
        """Count one attempt."""
        _shared_or_own(lambda store: store.add(self._key(who), self.seconds))

    def _key(self, who: object) -> str:
        return f"winnow:tries:{self.name}:{who}"


# Failed attempts only: an office whose users all sign in at nine is not an attack.
SIGN_INS_OF_ADDRESS = Limit("address", 20, 60)
SIGN_INS_OF_DEVICE = Limit("device", 10, 15 * 60)
OLD_PASSWORDS = Limit("old-password", 6, 15 * 60)
INVITATIONS = Limit("invitation", 20, 60)


def network(address: str | None) -> str:
    """Return the key of a client: an IPv4 address, or the /64 network of an IPv6 address."""
    try:
        found = ipaddress.ip_address(address or "")
    except ValueError:
        return address or ""
    if found.version == 4:
        return str(found)
    return str(ipaddress.ip_network((found, 64), strict=False).network_address)


def forget() -> None:
    """Clear the counts of this process."""
    _own.counts.clear()


# Stores -------------------------------------------------------------------------------------------


class _Shared:
    """Counts in the broker, a Redis or Valkey server."""

    def __init__(self) -> None:
        # Imported late, because most processes never use it.
        import redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        address = settings.BROKER_URL.replace("redis+socket://", "unix://", 1)
        wait = {"socket_timeout": 0.5, "socket_connect_timeout": 0.5}
        self._redis = redis.Redis.from_url(address, retry=Retry(NoBackoff(), 0), **wait)

    def read(self, key: str) -> tuple[int, int]:
        asked = self._redis.pipeline(transaction=False)
        asked.get(key)
        asked.ttl(key)
        tries, left = asked.execute()
        return int(tries or 0), max(0, left)

    def add(self, key: str, seconds: int) -> None:
        told = self._redis.pipeline()
        told.set(key, 0, ex=seconds, nx=True)
        told.incr(key)
        told.execute()


class _Own:
    """Counts in this process."""

    def __init__(self) -> None:
        self.counts: dict[str, tuple[int, float]] = {}

    def read(self, key: str) -> tuple[int, int]:
        tries, end = self.counts.get(key, (0, 0.0))
        left = end - time.time()
        return (tries, round(left)) if left > 0 else (0, 0)

    def add(self, key: str, seconds: int) -> None:
        tries, left = self.read(key)
        end = self.counts[key][1] if left else time.time() + seconds
        if len(self.counts) >= MOST_COUNTED_HERE:
            self.counts.clear()
        self.counts[key] = (tries + 1, end)


_own = _Own()
_shared = cache(_Shared)
_away_until = [0.0]


def _shared_or_own(ask: Callable[[Any], T]) -> T:
    if time.monotonic() >= _away_until[0]:
        try:
            return ask(_shared())
        except _broker_errors() as problem:
            log.warning("each process counts failed attempts for itself: %s", problem)
            _away_until[0] = time.monotonic() + PAUSE_SECONDS
    return ask(_own)


@cache
def _broker_errors() -> tuple[type[Exception], ...]:
    from redis.exceptions import RedisError

    # For any other broker, the Redis client refuses the URL.
    return (RedisError, OSError, ValueError)
