"""Rate limits, counted in the broker, so that all processes count together.

Where the broker is away, each process counts for itself: the limit holds for each of them, and
nobody is shut out. A window begins with its first try and ends by itself; later tries extend
nothing.
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
# A broker that does not answer is left alone for so long.
PAUSE_SECONDS = 5.0
MOST_COUNTED_HERE = 10_000


class TooMany(FlowError):
    """It was tried too often; after `retry_after` seconds it may be tried again."""

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
        """Raise TooMany where the tries are used up."""
        tries, left = _shared_or_own(lambda store: store.read(self._key(who)))
        if tries >= self.most:
            raise TooMany(left)

    def count(self, who: object) -> None:
        """Count one try."""
        _shared_or_own(lambda store: store.add(self._key(who), self.seconds))

    def _key(self, who: object) -> str:
        return f"winnow:tries:{self.name}:{who}"


# Failed tries only: an office whose people all sign in at nine is no attack.
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
    """Forget what this process has counted for itself."""
    _own.counts.clear()


# Where it is counted -----------------------------------------------------------------------------


class _Shared:
    """Counts in the broker, which is a Redis or a Valkey."""

    def __init__(self) -> None:
        # Here, as most processes never ask.
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

    # Whatever else is used as a broker has an address that a client of Redis refuses.
    return (RedisError, OSError, ValueError)
