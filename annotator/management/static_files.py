"""Collection of static files, skipped if none has changed."""

import hashlib
from importlib.metadata import version
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command

from annotator.storage import static_files

# Packages that name and compress static files.
MAKERS = ("django", "whitenoise")


def collect() -> None:
    """Collect, hash and compress all static files, unless that was done already."""
    stamp, now = _stamp(), _fingerprint()
    if stamp.exists() and stamp.read_text() == now and _manifest().exists():
        return
    stamp.unlink(missing_ok=True)
    call_command("collectstatic", verbosity=0, interactive=False)
    stamp.write_text(now)


def _stamp() -> Path:
    return Path(settings.STATIC_ROOT).with_suffix(".stamp")


def _manifest() -> Path:
    return Path(settings.STATIC_ROOT) / "staticfiles.json"


def _fingerprint() -> str:
    """Return a digest of the files' paths, sizes and modification times."""
    digest = hashlib.blake2b(digest_size=16)
    digest.update(repr([settings.STORAGES, *map(version, MAKERS)]).encode())
    digest.update(Path(static_files.__file__).read_bytes())
    for finder in get_finders():
        for path, storage in finder.list([]):
            found = Path(storage.path(path)).stat()
            digest.update(f"{storage.path(path)} {found.st_size} {found.st_mtime_ns}\n".encode())
    return digest.hexdigest()
