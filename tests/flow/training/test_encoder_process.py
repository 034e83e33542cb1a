"""Texts of a request are encoded in a process of their own, which comes and goes."""

import io
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
from numpy.typing import NDArray

from annotator.pool import encoder_process
from annotator.pool.encoder_process import EncoderAway, EncoderProcess
from selection.encoders import EncoderSpec, open_encoder
from tests import small_encoder

TEXTS = ["fokifo hejemeba laje", "", "a " * 500_000]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WINNOW_ENCODERS", str(tmp_path / "encoders"))
    return small_encoder.make(tmp_path / "encoders" / "small")


@pytest.fixture
def process(folder: Path) -> Iterator[EncoderProcess]:
    made = EncoderProcess()
    yield made
    made.stop()


def test_texts_come_back_as_the_vectors_of_the_encoder(
    process: EncoderProcess, folder: Path
) -> None:
    files = {"model": folder / "model.onnx", "tokenizer": folder / "tokenizer.json"}
    encoder = open_encoder(
        EncoderSpec("small", "onnx_text", "text", 24, files=files, max_length=32)
    )
    found = process.encode("small", "1", TEXTS)
    np.testing.assert_allclose(found, encoder.encode(TEXTS), atol=1e-5)
    np.testing.assert_array_equal(found[1], 0.0)
    # It answers again without a restart.
    first = process._process
    np.testing.assert_array_equal(process.encode("small", "1", TEXTS[:1]), found[:1])
    assert process._process is first
    assert first is not None
    assert psutil.Process(first.pid).memory_info().rss < 700 << 20


def test_process_that_was_killed_is_told_and_the_next_request_starts_another(
    process: EncoderProcess,
) -> None:
    before = process.encode("small", "1", TEXTS[:1])
    first = process._process
    assert first is not None
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    np.testing.assert_array_equal(process.encode("small", "1", TEXTS[:1]), before)
    assert process._process is not first


def test_encoder_that_cannot_be_opened_is_refused_in_words(
    process: EncoderProcess, folder: Path
) -> None:
    (folder / "model.onnx").write_bytes(b"something else")
    with pytest.raises(EncoderAway, match="The encoder small cannot be used") as refused:
        process.encode("small", "1", TEXTS[:1])
    assert refused.value.status == 503


def test_process_ends_when_nobody_asks(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoder_process, "IDLE_SECONDS", 0.0)
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb", buffering=0) as source, open(os.devnull, "wb") as out:
        encoder_process.serve(source, out)
    os.close(writer)


def test_pictures_arrive_as_they_were_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    sent = [b"\x89PNG\xff\x00", b"", "a text"]
    arrived: list[str | bytes] = []

    class Encoder:
        def encode(self, docs: list[str | bytes]) -> NDArray[np.float32]:
            arrived.extend(docs)
            return np.ones((len(docs), 2), dtype=np.float32)

    def ask(self: EncoderProcess, request: bytes) -> tuple[bytes, bytes]:
        out = io.BytesIO()
        np.save(out, encoder_process._encode({("tiny", "1"): Encoder()}, json.loads(request)))
        return encoder_process.FINE, out.getvalue()

    monkeypatch.setattr(EncoderProcess, "_ask", ask)
    assert EncoderProcess().encode("tiny", "1", sent).shape == (3, 2)
    assert arrived == sent
