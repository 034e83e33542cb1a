"""Progress bar for terminals; silent elsewhere."""

from typing import TextIO

WIDTH = 32


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
