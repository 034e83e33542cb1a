"""Addresses in the buckets of the settings, such as `s3://scans/2026/a.png`."""

from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from django.conf import settings

from annotator.flow.datasets.buckets.problems import in_words, not_there, too_long
from annotator.storage import buckets

SCHEME = "s3://"
# What a row has room for.
LONGEST = 200
PAGE = 1000


@dataclass(frozen=True)
class Found:
    """An object, or what lies below one beginning of a key: a folder."""

    path: str
    is_folder: bool
    size: int = 0
    changed_at: datetime | None = None


def is_on() -> bool:
    """Return whether an installation admin allows a bucket."""
    return bool(settings.IMPORT_BUCKETS)


def is_address(path: str) -> bool:
    """Return whether the path names something in a bucket."""
    return path.startswith(SCHEME)


def all_buckets() -> list[Found]:
    """Return the buckets; none is asked for anything."""
    return [Found(f"{SCHEME}{name}", True) for name in sorted(settings.IMPORT_BUCKETS)]


def parts(path: str) -> tuple[str, str]:
    """Return the bucket and the key; NotFound for what is no address of an allowed bucket."""
    bucket, _slash, key = path.removeprefix(SCHEME).partition("/")
    if not is_address(path) or bucket not in settings.IMPORT_BUCKETS or "\x00" in key:
        raise not_there(path)
    try:
        key.encode()
    except UnicodeError:
        raise not_there(path) from None
    return bucket, key


def find(path: str) -> Found:
    """Return what is at an address: an object, or a folder with at least one."""
    bucket, key = parts(path)
    if len(path) > LONGEST:
        raise too_long(LONGEST)
    key = key.rstrip("/")
    with in_words():
        if key and not path.endswith("/"):
            exact = buckets.page(bucket, key, most=1).objects[:1]
            if exact and exact[0].key == key:
                return _object(bucket, exact[0])
        below = f"{key}/" if key else ""
        if not buckets.page(bucket, below, most=1).objects:
            raise not_there(path)
    return Found(f"{SCHEME}{bucket}/{key}".rstrip("/"), True)


def listed(path: str, most: int) -> list[Found]:
    """Return what is in a bucket or one of its folders: folders first, then by name."""
    bucket, key = parts(path)
    below = f"{key.rstrip('/')}/" if key else ""
    folders: list[Found] = []
    objects: list[Found] = []
    token = ""
    with in_words():
        while len(folders) + len(objects) < most:
            page = buckets.page(bucket, below, delimiter="/", token=token, most=PAGE)
            names = (each.rstrip("/") for each in page.prefixes)
            folders += [Found(f"{SCHEME}{bucket}/{name}", True) for name in names if name]
            objects += [_object(bucket, each) for each in page.objects if each.key != below]
            token = page.token
            if not token:
                break
    if not folders and not objects and key:
        raise not_there(path)
    return list(islice([*folders, *objects], most))


def _object(bucket: str, found: buckets.Object) -> Found:
    return Found(f"{SCHEME}{bucket}/{found.key}", False, found.size, found.changed_at)
