"""The clock for everything that expires: leases, and jobs whose worker fell silent.

The clocks of several machines differ, and one that goes an hour ahead would take every item away
from the people who hold it. So the time is that of the database, which is one for all. It is read
once a minute; in between a clock counts on that nobody sets.
"""

import time
from datetime import datetime, timedelta

from django.db import connection
from django.utils import timezone

FRESH_SECONDS = 60
# SQLite has no clock but that of the one machine that it is on.
OWN_CLOCK = {"postgresql"}

# When it was read last, and what it said.
_last: tuple[float, datetime] | None = None


def now() -> datetime:
    """Return the time by which leases and jobs run out."""
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
        # Not now(), which stands still within a transaction.
        cursor.execute("SELECT clock_timestamp()")
        said: datetime = cursor.fetchone()[0]
    return said
