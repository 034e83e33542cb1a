"""ONNX Runtime for a worker process: one thread, no spinning, no telemetry."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from selection.encoders.base import UnusableEncoder

if TYPE_CHECKING:
    import onnxruntime


def open_session(path: Path) -> onnxruntime.InferenceSession:
    """Return a session that computes on one thread of this processor; UnusableEncoder if it fails.

    Raises ImportError where ONNX Runtime is not installed.
    """
    # Since 1.29 ONNX Runtime reports its use to its maker unless this is set before it is imported.
    # The call that switches it off later comes after a first message and a device id on the disk.
    os.environ.update(ORT_DISABLE_TELEMETRY="1")
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # Batches differ in length: plans and arenas for each of them would only pile up.
    options.enable_mem_pattern = False
    options.enable_cpu_mem_arena = False
    # What fails is raised; it need not be written to the log of the process as well.
    options.log_severity_level = 4
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as problem:  # its errors have no common class
        raise UnusableEncoder("damaged_model", file=path.name, problem=_short(problem)) from problem


def _short(problem: Exception) -> str:
    return str(problem).strip().splitlines()[0][:200] if str(problem).strip() else ""
