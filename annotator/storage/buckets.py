"""Objects in buckets of S3-compatible stores: listed page by page, and fetched into files.

Only the environment says which buckets there are and where (`WINNOW_IMPORT_BUCKETS`); the
credentials come from the usual variables (`AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and so on).
"""

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings

CONNECT_SECONDS, READ_SECONDS, TRIES = 5, 20, 2
# Fetched at once, each over a connection of its own.
AT_ONCE = 8
BLOCK = 1 << 20
CREDENTIALS = {
    *("InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken"),
    *("RequestTimeTooSkewed", "TokenRefreshRequired", "InvalidSecurity"),
}


class BucketProblem(Exception):
    """A store does not give what was asked for; `code` says why."""

    def __init__(self, code: str, bucket: str) -> None:
        super().__init__(f"{code}: {bucket}")
        self.code, self.bucket = code, bucket


@dataclass(frozen=True)
class Object:
    """An object, as a listing tells it."""

    key: str
    size: int
    etag: str
    changed_at: datetime | None = None


@dataclass(frozen=True)
class Page:
    """A part of a listing; `token` asks for the next one and is empty on the last."""

    objects: list[Object]
    # Where a delimiter was given: what lies deeper, by the beginnings of its keys.
    prefixes: list[str]
    token: str = ""


def page(
    bucket: str,
    prefix: str,
    *,
    delimiter: str = "",
    after: str = "",
    token: str = "",
    most: int = 1000,
) -> Page:
    """Return a part of the objects whose keys begin with `prefix`, in the order of their keys."""
    asked: dict[str, Any] = {"Bucket": bucket, "Prefix": prefix, "MaxKeys": most}
    given = {"Delimiter": delimiter, "StartAfter": after, "ContinuationToken": token}
    asked |= {name: value for name, value in given.items() if value}
    with _told(bucket):
        found = _client(bucket, settings.IMPORT_BUCKETS[bucket]).list_objects_v2(**asked)
    if "Name" not in found:
        # A web page that happens to be XML has nothing of a listing.
        raise BucketProblem("bucket_strange", bucket)
    return Page(
        [
            Object(each["Key"], each["Size"], each.get("ETag", ""), each.get("LastModified"))
            for each in found.get("Contents", ())
        ],
        [each["Prefix"] for each in found.get("CommonPrefixes", ())],
        found.get("NextContinuationToken", "") if found.get("IsTruncated") else "",
    )


def fetch(bucket: str, found: Object, path: Path, until: float) -> bool:
    """Add to the file what is missing of the object, and return whether it is whole.

    It stops at the time `until` of the monotonic clock; a later call goes on from there.
    """
    start = path.stat().st_size if path.exists() else 0
    if start >= found.size:
        path.touch()
        return True
    asked: dict[str, Any] = {"Bucket": bucket, "Key": found.key}
    if found.etag:
        asked["IfMatch"] = found.etag
    if start:
        asked["Range"] = f"bytes={start}-"
    with _told(bucket):
        answer = _client(bucket, settings.IMPORT_BUCKETS[bucket]).get_object(**asked)
        with closing(answer["Body"]) as body:
            if answer["ContentLength"] != found.size - start:
                raise BucketProblem("bucket_changed", bucket)
            return _copied(body, path, until)


def _copied(body: Any, path: Path, until: float) -> bool:
    with path.open("ab") as out:
        for block in body.iter_chunks(BLOCK):
            out.write(block)
            if time.monotonic() > until:
                return False
    return True


@cache
def _client(bucket: str, endpoint: str) -> Any:
    from botocore.config import Config
    from storages.backends.s3 import S3Storage

    store = S3Storage(
        bucket_name=bucket,
        endpoint_url=endpoint or None,
        client_config=Config(
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            retries={"mode": "standard", "total_max_attempts": TRIES},
            max_pool_connections=AT_ONCE,
            signature_version="s3v4",
            # Stores of one's own seldom have a host name for each bucket.
            s3={"addressing_style": "path" if endpoint else "auto"},
            # Those of other makers know no newer ones.
            response_checksum_validation="when_required",
        ),
    )
    return store.connection.meta.client


@contextmanager
def _told(bucket: str) -> Iterator[None]:
    """Name what went wrong. The errors themselves quote addresses and keys."""
    from botocore import exceptions

    credentials = (
        *(exceptions.NoCredentialsError, exceptions.PartialCredentialsError),
        *(exceptions.CredentialRetrievalError, exceptions.ProfileNotFound),
    )
    away = (exceptions.HTTPClientError, exceptions.ConnectionError, exceptions.IncompleteReadError)
    try:
        yield
    except exceptions.ClientError as problem:
        raise BucketProblem(_code_of(problem.response), bucket) from None
    except credentials:
        raise BucketProblem("bucket_credentials", bucket) from None
    except away:
        raise BucketProblem("bucket_away", bucket) from None
    except (exceptions.BotoCoreError, ValueError):
        raise BucketProblem("bucket_strange", bucket) from None


CODES = {
    "NoSuchBucket": "bucket_missing",
    "NoSuchKey": "bucket_gone",
    "AccessDenied": "bucket_denied",
    "SlowDown": "bucket_away",
    "PreconditionFailed": "bucket_changed",
    "InvalidRange": "bucket_changed",
}
STATUSES = {401: "bucket_denied", 403: "bucket_denied", 412: "bucket_changed", 429: "bucket_away"}


def _code_of(response: Any) -> str:
    code = str(response.get("Error", {}).get("Code", ""))
    about = response.get("ResponseMetadata", {})
    status = int(about.get("HTTPStatusCode") or 0)
    if code in CREDENTIALS:
        return "bucket_credentials"
    if code in CODES:
        return CODES[code]
    kind = str(about.get("HTTPHeaders", {}).get("content-type", "xml"))
    if status == 500 and "xml" not in kind:
        # So botocore tells a good answer that is no XML.
        return "bucket_strange"
    return "bucket_away" if status >= 500 else STATUSES.get(status, "bucket_strange")
