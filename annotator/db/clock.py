"""The clock for everything that expires: leases, and jobs whose worker stopped sending heartbeats.

Clocks of several machines differ, and one that is an hour ahead would end the leases of all
annotators. So the time is that of the database, which is one for all. It is read once a minute; in
between, a monotonic clock measures.
"""

import time
from datetime import datetime, timedelta

from django.db import connection
from django.utils import timezone

FRESH_SECONDS = 60
# SQLite runs on one machine, so that machine's clock is the only one.
OWN_CLOCK = {"postgresql"}

# The monotonic time of the last reading, and its value.
_last: tuple[float, datetime] | None = None


def now() -> datetime:
    """Return the time by which leases and jobs expire."""
    global _last
    if connection.vendor not in OWN_CLOCK:
        return timezone.now()
    if _last is None or time.monotonic() - _last[0] > FRESH_SECONDS:
        said = _ask_database()
        _last = (time.monotonic(), said)
    read_at, said = _last
    return said + timedelta(seconds=time.monotonic() - read_at)


def _ask_database() -> datetime:
    with connection.cursor() as cursor:
        # Not now(), which does not advance within a transaction.
        cursor.execute("SELECT clock_timestamp()")
        said: datetime = cursor.fetchone()[0]
    return said
