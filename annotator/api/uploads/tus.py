"""The headers of the tus protocol for resumable uploads, version 1.0.0 (https://tus.io)."""

import base64
import binascii
import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import wraps
from hmac import compare_digest
from typing import Any

from django.conf import settings
from django.http import UnreadablePostError
from django.http.response import HttpResponseBase
from rest_framework.parsers import BaseParser
from rest_framework.request import Request

from annotator.errors import FlowError, Invalid, WrongType

VERSION = "1.0.0"
EXTENSIONS = "creation,termination,checksum,expiration"
CHUNK_TYPE = "application/offset+octet-stream"
ALGORITHMS = ("sha1", "sha256")
BLOCK = 1 << 18


class WrongVersion(FlowError):
    """The client speaks another version of the protocol."""

    status = 412


class ChunkParser(BaseParser):
    """Takes a chunk as it is: the endpoint reads it."""

    media_type = CHUNK_TYPE

    def parse(self, stream: Any, *_args: Any, **_kwargs: Any) -> Any:
        """Return the stream."""
        return stream


def speaks_tus(view: Any) -> Any:
    """Add the headers that every response of the protocol has, refusals too."""

    @wraps(view)
    def answered(*args: Any, **kwargs: Any) -> HttpResponseBase:
        response: HttpResponseBase = view(*args, **kwargs)
        response["Tus-Resumable"] = VERSION
        if response.status_code in (204, 412):
            response["Tus-Version"] = VERSION
        # A proxy that answered for us would tell an old offset.
        response["Cache-Control"] = "no-store"
        return response

    return answered


def abilities() -> dict[str, str]:
    """Return what this server can do."""
    return {
        "Tus-Version": VERSION,
        "Tus-Extension": EXTENSIONS,
        "Tus-Max-Size": str(settings.MAX_UPLOAD_MB << 20),
        "Tus-Checksum-Algorithm": ",".join(ALGORITHMS),
    }


def check_version(request: Request) -> None:
    """Raise WrongVersion unless the client speaks this one."""
    if request.headers.get("Tus-Resumable") != VERSION:
        raise WrongVersion("tus_version", version=VERSION)


def number(request: Request, header: str, code: str, **values: Any) -> int:
    """Return the number in a header; Invalid with `code` if it has none."""
    given = request.headers.get(header, "")
    if not (given.isascii() and given.isdigit() and len(given) < 19):
        raise Invalid(code, field=header, **values)
    return int(given)


def metadata(request: Request) -> dict[str, str]:
    """Return what the client says about the file."""
    given = request.headers.get("Upload-Metadata", "")
    pairs = [pair.strip().partition(" ") for pair in given.split(",") if pair.strip()]
    try:
        return {
            name: base64.b64decode(value.strip(), validate=True).decode()
            for name, _space, value in pairs
        }
    except (binascii.Error, ValueError):
        raise Invalid("upload_metadata", field="Upload-Metadata") from None


def blocks(request: Request) -> Iterator[bytes]:
    """Yield what comes of a chunk, which may be cut off."""
    if request.content_type != CHUNK_TYPE:
        raise WrongType("chunk_type", field="Content-Type")
    return _blocks(request)


def _blocks(request: Request) -> Iterator[bytes]:
    stream = request.stream
    with suppress(UnreadablePostError):
        while stream is not None and (block := stream.read(BLOCK)):
            yield block


def checksum(request: Request) -> Callable[[Iterable[bytes]], bool] | None:
    """Return what verifies a chunk against the checksum that was sent, None without one."""
    given = request.headers.get("Upload-Checksum")
    if given is None:
        return None
    algorithm, _space, value = given.strip().partition(" ")
    try:
        wanted = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        wanted = b""
    if algorithm not in ALGORITHMS or not wanted:
        raise Invalid("checksum_form", field="Upload-Checksum", names=", ".join(ALGORITHMS))

    def matches(content: Iterable[bytes]) -> bool:
        digest = hashlib.new(algorithm, usedforsecurity=False)
        for block in content:
            digest.update(block)
        return compare_digest(digest.digest(), wanted)

    return matches
