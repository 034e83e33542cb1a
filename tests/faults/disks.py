"""A small disk of its own, which a test can fill and empty."""

import contextlib
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests import servers


class Disk:
    """A folder that holds only so much."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ballast = folder / "ballast"

    def fill(self) -> None:
        """Leave no byte free."""
        block = bytes(4096)
        with self.ballast.open("ab", buffering=0) as file, contextlib.suppress(OSError):
            while file.write(block):
                pass

    def make_room(self) -> None:
        """Free again what was filled."""
        self.ballast.unlink()

    def halves(self) -> list[Path]:
        """Return the files that somebody began to write and did not finish."""
        return [path for path in self.folder.rglob(".new-*") if path.exists()]


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Disk]:
    """Have a disk of its own at `folder`; skipped where nobody may mount one."""
    folder.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "winnow-test", str(folder)]
    try:
        done = subprocess.run(mount, capture_output=True).returncode == 0
    except OSError:
        done = False
    servers.needed("mounted" if done else None, "The right to mount a small disk")
    try:
        yield Disk(folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
