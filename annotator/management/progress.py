"""Progress of jobs that a command does itself: a bar on terminals, silent elsewhere."""

import sys
import threading
from collections.abc import Callable
from typing import Any, TextIO

from django.db import connection

from annotator.models import Job

WIDTH = 32


def watched(work: Job, run: Callable[[Any], object], title: str) -> None:
    """Do a job here and now, with a progress bar; its row has the result."""
    bar = Bar(sys.stderr, title)
    over = threading.Event()
    thread = threading.Thread(target=_follow, args=(work, bar, over))
    thread.start()
    try:
        run(work.pk)
    finally:
        over.set()
        thread.join()
    work.refresh_from_db()


def _follow(work: Any, bar: "Bar", over: threading.Event) -> None:
    while not over.wait(0.2):
        row = type(work).objects.filter(pk=work.pk).values("done", "total").get()
        bar.show(row["done"], row["total"] or 0)
    bar.clear()
    connection.close()


class Bar:
    """One terminal line that is overwritten."""

    def __init__(self, out: TextIO, title: str) -> None:
        self._out = out
        self._title = title[:40]
        self._shown = False

    def show(self, done: int, total: int) -> None:
        """Draw the progress: `done` of `total`, which may be 0 while it is unknown."""
        if not self._out.isatty():
            return
        share = min(done / total, 1.0) if total else 0.0
        filled = "█" * round(share * WIDTH)
        self._out.write(f"\r{self._title} {filled:·<{WIDTH}} {100 * share:3.0f} % {done:,} ")
        self._out.flush()
        self._shown = True

    def clear(self) -> None:
        """Clear the line."""
        if self._shown:
            self._out.write("\r\x1b[K")
            self._out.flush()
