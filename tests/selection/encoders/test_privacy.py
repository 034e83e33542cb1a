"""Nothing is told to anybody by what runs an encoder."""

import os
import subprocess
import sys
from pathlib import Path

from tests import tiny_encoders

ROOT = Path(__file__).resolve().parents[3]
RUN = """
import sys
from pathlib import Path
from selection.encoders import EncoderSpec, open_encoder
from PIL import Image
spec = EncoderSpec("x", "onnx_image", "image", 3, files={"model": Path(sys.argv[1])})
assert open_encoder(spec).encode([Image.new("RGB", (8, 8), "red")]).any()
"""
# Under these, ONNX Runtime keeps quiet by itself.
QUIET = {"CI", "ORT_DISABLE_TELEMETRY", "ORT_RUNNING_UNIT_TESTS", "GITHUB_ACTIONS", "TF_BUILD"}


def test_runtime_leaves_no_device_id_and_no_store_of_messages(tmp_path: Path) -> None:
    tiny_encoders.write_image_model(tmp_path / "model.onnx")
    home = tmp_path / "home"
    home.mkdir()
    env = {name: value for name, value in os.environ.items() if name not in QUIET}
    env |= {"HOME": str(home), "XDG_CACHE_HOME": str(home / "cache"), "PYTHONPATH": str(ROOT)}
    subprocess.run(
        [sys.executable, "-c", RUN, str(tmp_path / "model.onnx")], env=env, check=True, cwd=tmp_path
    )
    assert [path for path in home.rglob("*") if path.is_file()] == []
