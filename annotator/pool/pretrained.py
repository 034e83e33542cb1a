"""The pretrained encoders of this installation, as the flow asks for them."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from annotator import encoders
from annotator.encoders import preparing, sources
from annotator.errors import Conflict
from annotator.i18n import encoder_problems
from selection.encoders import PretrainedEncoder, UnusableEncoder
from selection.encoders.base import EncoderTraits


@dataclass(frozen=True)
class Installed:
    """An encoder that can be used. `sha256` is of all that bears on its vectors.

    It is empty for one that was never opened, which has to be prepared for this machine first.
    """

    name: str
    medium: str
    dimensions: int
    languages: tuple[str, ...]
    sha256: str


class Unusable(Conflict):
    """An encoder cannot be opened, or what it gives makes no sense."""


def available(medium: str) -> list[Installed]:
    """Return the encoders of a medium that nothing is wrong with."""
    return [
        Installed(each.name, each.medium, each.dimensions, each.languages, each.fingerprint)
        for each in encoders.available()
        if each.medium == medium and each.problem is None
    ]


def find(medium: str, name: str) -> Installed | None:
    """Return the encoder of that name; None where it cannot be used."""
    return next((each for each in available(medium) if each.name == name), None)


def files_of(name: str) -> tuple[dict[str, Any], list[Path]]:
    """Return what opens an encoder elsewhere: its traits with file names by role, and its files."""
    source = next(each for each in sources.all_sources() if each.name == name)
    prepared = preparing.prepare(source)
    traits = {each.name: getattr(prepared.manifest, each.name) for each in fields(EncoderTraits)}
    names = {role: path.name for role, path in prepared.paths.items()}
    return {**traits, "files": names}, list(prepared.paths.values())


def best_for(medium: str, language: str) -> Installed | None:
    """Return the best encoder for documents in a language ("" where it is not known)."""
    name = encoders.best_for(medium, language)
    return None if name is None else find(medium, name)


def load(name: str) -> PretrainedEncoder:
    """Return the encoder, ready to encode; Unusable, in words, where it is not."""
    try:
        encoder: PretrainedEncoder = encoders.load(name)
    except UnusableEncoder as problem:
        raise unusable(name, problem) from problem
    return encoder


def unusable(name: str, problem: UnusableEncoder) -> Unusable:
    """Return in words that an encoder cannot be used, and why."""
    said = encoder_problems.text(problem.reason, problem.values)
    return Unusable("encoder_unusable", name=name, problem=said)


def state() -> str:
    """Return what changes whenever an encoder comes, goes or changes."""
    there = encoders.available()
    return "\n".join(sorted(f"{each.name} {each.fingerprint} {each.problem}" for each in there))
