"""Found by every Python of a stack whose PYTHONPATH names this folder: its clock is set by a file.

`WINNOW_CLOCK` names the file with the seconds by which the clock goes wrong. Faking the clock below
Python does not do: libfaketime 0.9.10 lets `time.sleep` fail where the monotonic clock is left be.
"""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

from celery.app.base import Celery
from django.utils import timezone

FILE = Path(os.environ["WINNOW_CLOCK"])
right, celerys = timezone.now, Celery.now


def wrong_by() -> Any:
    """Return the current clock offset."""
    return timedelta(seconds=float(FILE.read_text()))


timezone.now = lambda: right() + wrong_by()
Celery.now = lambda self: celerys(self) + wrong_by()
