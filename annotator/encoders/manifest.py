"""What `encoder.json` says of an encoder, checked field by field."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Self, cast, get_args

from annotator.encoders.building import RECIPES
from selection.encoders import KINDS, EncoderSpec, Medium, UnusableEncoder
from selection.encoders.base import EncoderTraits, Pooling

FILE = "encoder.json"
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
SUM = re.compile(r"[0-9a-f]{64}")
# Values of a project's setting `features`, and the name of vectors that come with the items.
RESERVED = {"auto", "pool", "given", "none", "text", "text-quick", "image", "pairs", "pairs-quick"}
# What a file is called where the manifest gives it no other name.
USUAL_FILES = {
    "onnx_text": {"model": "model.onnx", "tokenizer": "tokenizer.json"},
    "onnx_image": {"model": "model.onnx"},
    "static_vectors": {"model": "model.safetensors", "tokenizer": "tokenizer.json"},
    "bert_safetensors": {"model": "model.safetensors", "tokenizer": "tokenizer.json"},
    "bert_int8_onnx": {"model": "model.onnx", "tokenizer": "tokenizer.json"},
    "efficientnet_lite0_pth": {"model": "model.pth"},
}
LARGEST = 1 << 20
MOST_TOKENS = 8192


@dataclass(frozen=True)
class Manifest(EncoderTraits):
    """An encoder as it is described, with the names and sums of its files.

    `files` are names by role, `sums` SHA-256 by name. `build` names what makes the running graph of
    these files (`building.RECIPES`); without, they run as they are.
    """

    files: Mapping[str, str] = field(default_factory=dict)
    sums: Mapping[str, str] = field(default_factory=dict)
    languages: tuple[str, ...] = ()
    licence: str = ""
    source: str = ""
    publisher: str = ""
    build: str = ""

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Return the manifest of a folder; UnusableEncoder that says what is wrong with it."""
        path = folder / FILE
        try:
            with path.open("rb") as file:
                given = json.loads(file.read(LARGEST))
        except FileNotFoundError as problem:
            raise UnusableEncoder("missing_file", file=FILE) from problem
        except (OSError, ValueError) as problem:
            raise UnusableEncoder("bad_manifest", field=FILE, value=str(problem)[:100]) from problem
        if not isinstance(given, dict):
            raise UnusableEncoder("bad_manifest", field=FILE, value=type(given).__name__)
        return cls.of({"name": folder.name.lower(), **given})

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Self:
        """Return the manifest that a JSON object holds; UnusableEncoder naming a wrong field."""
        kind = _kind(given)
        medium = "image" if kind == "onnx_image" else "text"
        if given.get("medium", medium) != medium:
            raise _wrong("medium", given["medium"])
        return cls(
            name=_name(given),
            kind=kind,
            medium=cast(Medium, medium),
            dimensions=_number(given, "dimensions", 0, 0, 65_536),
            files=_files(given, kind),
            sums=_sums(given),
            max_length=_number(given, "max_length", 256, 4, MOST_TOKENS),
            max_batch=_number(given, "max_batch", 32, 1, 32),
            pooling=_pooling(given),
            prefix=_text(given, "prefix"),
            size=_number(given, "size", 224, 16, 1024),
            mean=_channels(given, "mean"),
            std=_channels(given, "std"),
            languages=_languages(given),
            licence=_text(given, "licence") or _text(given, "license"),
            source=_text(given, "source"),
            publisher=_text(given, "publisher"),
            build=_build(given),
        )

    def as_json(self) -> dict[str, Any]:
        """Return the manifest as `of` reads it."""
        own = {name: value for name, value in vars(self).items() if name != "sums"}
        listed = {"languages": list(self.languages), "mean": list(self.mean)}
        return {**own, **listed, "std": list(self.std), "sha256": dict(self.sums)}

    def spec(self, paths: Mapping[str, Path]) -> EncoderSpec:
        """Return what opens the encoder, with its files at `paths` by role."""
        traits: dict[str, Any] = {
            each.name: getattr(self, each.name) for each in fields(EncoderTraits)
        }
        return EncoderSpec(**traits, files=dict(paths))


def _wrong(name: str, value: Any) -> UnusableEncoder:
    return UnusableEncoder("bad_manifest", field=name, value=str(value)[:100])


def _kind(given: Mapping[str, Any]) -> str:
    kind = given.get("kind")
    if kind is None:
        kind = "onnx_image" if given.get("medium") == "image" else "onnx_text"
    if kind not in KINDS:
        raise UnusableEncoder("unknown_kind", kind=str(kind)[:100])
    return str(kind)


def _name(given: Mapping[str, Any]) -> str:
    name = str(given["name"]).lower()
    if not NAME.fullmatch(name) or name in RESERVED:
        raise _wrong("name", name)
    return name


def _number(given: Mapping[str, Any], name: str, default: int, least: int, most: int) -> int:
    value = given.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise _wrong(name, value)
    return value


def _text(given: Mapping[str, Any], name: str) -> str:
    value = given.get(name, "")
    if not isinstance(value, str) or len(value) > 500:
        raise _wrong(name, value)
    return value


def _pooling(given: Mapping[str, Any]) -> Pooling:
    value = given.get("pooling", "mean")
    if value not in get_args(Pooling):
        raise _wrong("pooling", value)
    return cast(Pooling, value)


def _channels(given: Mapping[str, Any], name: str) -> tuple[float, float, float]:
    value = given.get(name, [0.5, 0.5, 0.5])
    is_list = isinstance(value, list | tuple) and len(value) == 3
    if not is_list or not all(isinstance(each, int | float) for each in value):
        raise _wrong(name, value)
    if name == "std" and min(value) <= 0:
        raise _wrong(name, value)
    return float(value[0]), float(value[1]), float(value[2])


def _build(given: Mapping[str, Any]) -> str:
    value = given.get("build", "")
    if value and str(value) not in RECIPES:
        raise _wrong("build", value)
    return str(value)


def _languages(given: Mapping[str, Any]) -> tuple[str, ...]:
    value = given.get("languages", [])
    value = [value] if isinstance(value, str) else value
    if not isinstance(value, list | tuple) or not all(isinstance(each, str) for each in value):
        raise _wrong("languages", value)
    return tuple(each.strip().lower() for each in value)


def _files(given: Mapping[str, Any], kind: str) -> dict[str, str]:
    named = given.get("files", {})
    if not isinstance(named, dict):
        raise _wrong("files", named)
    usual = USUAL_FILES[_build(given) or kind]
    files = {role: str(named.get(role, name)) for role, name in usual.items()}
    outside = [name for name in files.values() if Path(name).name != name or name in {".", ".."}]
    if outside:
        raise _wrong("files", outside[0])
    return files


def _sums(given: Mapping[str, Any]) -> dict[str, str]:
    sums = given.get("sha256", {})
    if not isinstance(sums, dict):
        raise _wrong("sha256", sums)
    wrong = [each for each in sums.values() if not SUM.fullmatch(str(each).lower())]
    if wrong:
        raise _wrong("sha256", wrong[0])
    return {str(name): str(each).lower() for name, each in sums.items()}
