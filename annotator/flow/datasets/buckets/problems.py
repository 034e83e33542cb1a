"""What a store answers instead of an object or a listing, as errors."""

from collections.abc import Iterator
from contextlib import contextmanager

from annotator.errors import Conflict, FlowError, Invalid, NotFound
from annotator.storage.buckets import BucketProblem


class StoreAway(FlowError):
    """The store does not answer; another attempt may help."""

    status = 503
    retry_after = 10


class StoreRefused(FlowError):
    """The store answers, but not with what was asked for: somebody must change something."""

    status = 502


KINDS: dict[str, type[FlowError]] = {
    "bucket_away": StoreAway,
    "bucket_gone": NotFound,
    "bucket_changed": Conflict,
}


@contextmanager
def in_words() -> Iterator[None]:
    """Raise problems of the store as errors with a sentence."""
    try:
        yield
    except BucketProblem as problem:
        kind = KINDS.get(problem.code, StoreRefused)
        raise kind(problem.code, field="server_file", bucket=problem.bucket) from None


def not_there(path: str) -> NotFound:
    """Return the error for an address that names nothing."""
    shown = path[:100].encode("utf-8", "replace").decode().replace("\x00", "")
    return NotFound("unknown_bucket_file", field="server_file", name=shown)


def too_long(most: int) -> Invalid:
    """Return the error for an address that a row cannot keep."""
    return Invalid("server_path_too_long", field="server_file", most=most)
