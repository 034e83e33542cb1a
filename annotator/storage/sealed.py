"""Small files whose first line is the checksum of the rest."""

import hashlib

from annotator.storage.checksums import Corrupt


def sealed(told: bytes) -> bytes:
    """Return what is stored of `told`."""
    return _digest(told) + b"\n" + told


def unsealed(stored: bytes, name: str) -> bytes:
    """Return what was stored in the file of that name; Corrupt if it was changed."""
    digest, _line, told = stored.partition(b"\n")
    if digest.startswith(b"{"):
        # From before checksums existed.
        return stored
    if digest != _digest(told):
        raise Corrupt(f"{name} was changed since it was stored")
    return told


def _digest(told: bytes) -> bytes:
    return hashlib.sha256(told).hexdigest().encode()
