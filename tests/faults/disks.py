"""A small disk that a test can fill and empty."""

import contextlib
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests import servers


class Disk:
    """A directory with limited space."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ballast = folder / "ballast"

    def fill(self) -> None:
        """Fill it completely."""
        block = bytes(4096)
        with self.ballast.open("ab", buffering=0) as file, contextlib.suppress(OSError):
            while file.write(block):
                pass

    def make_room(self) -> None:
        """Free the space again."""
        self.ballast.unlink()

    def halves(self) -> list[Path]:
        """Return partially written files."""
        return [path for path in self.folder.rglob(".new-*") if path.exists()]


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Disk]:
    """Mount a small disk at `folder`; skip the test without the right to mount."""
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
