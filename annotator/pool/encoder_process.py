"""An encoder in a process of its own, for the few documents that a request brings along.

The runtime and a model take some 200 MB, which would stay with every web process. This process
begins with the first document and ends when none came for a minute, or when whoever asked has
ended.
"""

import base64
import io
import json
import os
import select
import struct
import subprocess
import sys
import threading
from collections.abc import Sequence
from typing import IO, Any

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from annotator import encoders
from annotator.errors import FlowError
from annotator.i18n import encoder_problems
from selection.encoders import UnusableEncoder

IDLE_SECONDS = 60.0
# Nobody waits longer for a page or an answer.
MOST_SECONDS = 50.0
LENGTH = struct.Struct(">Q")
FINE, REFUSED = b"+", b"-"


class EncoderAway(FlowError):
    """The process with the encoder ended, or did not answer in time."""

    status = 503
    retry_after = 10


class EncoderProcess:
    """The process, started when it is needed; one request at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def encode(self, name: str, sha256: str, docs: Sequence[str | bytes]) -> NDArray[np.float32]:
        """Return the vectors (n, d) of texts or pictures; EncoderAway where it cannot tell."""
        asked = {"encoder": name, "sha256": sha256, "docs": list(docs)}
        request = json.dumps(asked, default=_as_base64).encode()
        with self._lock:
            late = threading.Timer(MOST_SECONDS, self.stop)
            late.start()
            try:
                status, answer = self._ask(request)
            except OSError as problem:
                self.stop()
                raise EncoderAway("encoder_away") from problem
            finally:
                late.cancel()
        if status != FINE:
            told = json.loads(answer)
            said = encoder_problems.text(told["reason"], told["values"])
            raise EncoderAway("encoder_unusable", name=name, problem=said)
        vectors: NDArray[np.float32] = np.load(io.BytesIO(answer), allow_pickle=False)
        return vectors

    def stop(self) -> None:
        """End the process, whatever it is at."""
        process = self._process
        if process is not None:
            process.kill()

    def _ask(self, request: bytes) -> tuple[bytes, bytes]:
        for attempt in (1, 2):
            process = self._running()
            assert process.stdin is not None
            assert process.stdout is not None
            try:
                _send(process.stdin, request)
                return process.stdout.read(1), _receive(process.stdout)
            except OSError:
                # It may have ended for lack of work in this very moment.
                if attempt == 2 or process.wait() != 0:
                    raise
        raise AssertionError("unreachable")

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "annotator.pool.encoder_process"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                cwd=settings.BASE_DIR,
                env={**os.environ, "WINNOW_DATA": str(settings.DATA_DIR)},
            )
        return self._process


_own = EncoderProcess()
encode = _own.encode
stop = _own.stop


def _send(out: IO[bytes], message: bytes) -> None:
    out.write(LENGTH.pack(len(message)) + message)
    out.flush()


def _receive(source: IO[bytes]) -> bytes:
    """Return the next message; OSError where it breaks off."""
    (length,) = LENGTH.unpack(_exactly(source, LENGTH.size))
    return _exactly(source, length)


def _exactly(source: IO[bytes], length: int) -> bytes:
    data = bytearray()
    while len(data) < length:
        part = source.read(length - len(data))
        if not part:
            raise OSError("the message breaks off")
        data += part
    return bytes(data)


# Inside the process ------------------------------------------------------------------------------


def _reason(problem: Exception) -> dict[str, Any]:
    if isinstance(problem, UnusableEncoder):
        values = {name: str(value) for name, value in problem.values.items()}
        return {"reason": problem.reason, "values": values}
    return {"reason": "failed_run", "values": {"problem": str(problem)}}


def serve(source: IO[bytes], out: IO[bytes]) -> None:
    """Answer requests until there are no more, or none comes for a while."""
    loaded: dict[tuple[str, str], Any] = {}
    while select.select([source], [], [], IDLE_SECONDS)[0]:
        try:
            request = json.loads(_receive(source))
        except OSError:
            return
        try:
            vectors = _encode(loaded, request)
        except Exception as problem:
            # Whoever asked puts it into words: nothing is translated here.
            out.write(REFUSED)
            _send(out, json.dumps(_reason(problem)).encode())
        else:
            buffer = io.BytesIO()
            np.save(buffer, vectors, allow_pickle=False)
            out.write(FINE)
            _send(out, buffer.getvalue())


def _encode(loaded: dict[tuple[str, str], Any], request: dict[str, Any]) -> NDArray[np.float32]:
    key = request["encoder"], request["sha256"]
    if key not in loaded:
        # One at a time: they are large.
        loaded.clear()
        loaded[key] = encoders.load(key[0])
    docs = [each if isinstance(each, str) else _as_bytes(each) for each in request["docs"]]
    return np.asarray(loaded[key].encode(docs), dtype=np.float32)


def _as_base64(picture: bytes) -> dict[str, str]:
    return {"base64": base64.b64encode(picture).decode()}


def _as_bytes(given: dict[str, str]) -> bytes:
    return base64.b64decode(given["base64"])


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "annotator.settings")
    # What a library prints must not get between the answers.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    # Unbuffered, or select would not see what was read ahead.
    serve(os.fdopen(os.dup(0), "rb", buffering=0), answers)
