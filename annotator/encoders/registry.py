"""The encoders of this installation, and which of them suits a medium and a language."""

import hashlib
import json
from dataclasses import dataclass, field

from annotator.encoders import preparing, sources
from annotator.encoders.manifest import Manifest
from annotator.encoders.preparing import Progress
from annotator.encoders.sources import Origin, Source
from selection.encoders import Medium, UnusableEncoder

# Languages that stand for any.
ANY = {"*", "mul", "multilingual"}


@dataclass(frozen=True)
class Installed:
    """An encoder that is there. `ready` means that it was checked, and built where need be.

    `sha256` is the sum of the file with its weights, `fingerprint` one of all that bears on its
    vectors, empty until it is ready. `problem` says why it cannot be used. `bytes` is what it
    takes on disk.
    """

    name: str
    medium: Medium
    dimensions: int
    origin: Origin
    place: str
    max_length: int = 0
    languages: tuple[str, ...] = ()
    licence: str = ""
    source: str = ""
    publisher: str = ""
    kind: str = ""
    sha256: str = ""
    fingerprint: str = ""
    bytes: int = 0
    ready: bool = False
    preparing: Progress | None = None
    problem: UnusableEncoder | None = field(default=None, compare=False)

    def reads(self, language: str) -> bool:
        """Return whether it was trained on a language, given by its code."""
        return bool(ANY & set(self.languages)) or language.split("-")[0] in self.languages


def available() -> list[Installed]:
    """Return the encoders that are there, by name; also those that something is wrong with."""
    return sorted(map(_installed, sources.all_sources()), key=lambda each: each.name)


def find(name: str) -> Installed | None:
    """Return an encoder by its name; None where it is not there."""
    return next((each for each in available() if each.name == name), None)


def best_for(medium: str, language: str = "") -> str | None:
    """Return the name of the encoder that suits items best, None where none does.

    `language` is a code such as "en" or "zh", empty where it is unknown: English is taken then.
    An encoder for one language goes before one for many, a network before static vectors.
    """
    wanted = language.lower() or "en"
    fit = [
        each
        for each in available()
        if each.medium == medium
        and not each.problem
        and (medium == "image" or not each.languages or each.reads(wanted))
    ]
    return min(fit, key=lambda each: _rank(each, wanted)).name if fit else None


def _rank(encoder: Installed, language: str) -> tuple[bool, bool, bool, int, str]:
    return (
        language not in encoder.languages,
        encoder.kind == "static_vectors",
        encoder.origin == "package",
        len(encoder.languages),
        encoder.name,
    )


def _installed(source: Source) -> Installed:
    if source.manifest is None:
        return Installed(
            source.name, "text", 0, source.origin, source.place, problem=source.problem
        )
    prepared = preparing.find_prepared(source)
    manifest = prepared.manifest if prepared else source.manifest
    return Installed(
        name=source.name,
        medium=manifest.medium,
        dimensions=manifest.dimensions,
        origin=source.origin,
        place=source.place,
        max_length=0 if manifest.medium == "image" else manifest.max_length,
        languages=manifest.languages,
        licence=manifest.licence,
        source=manifest.source,
        publisher=manifest.publisher,
        kind=manifest.kind,
        sha256=source.manifest.sums.get(source.manifest.files["model"], ""),
        fingerprint=fingerprint(prepared.manifest) if prepared else "",
        bytes=source.bytes,
        ready=prepared is not None,
        preparing=None if prepared else preparing.progress(source.name),
        problem=preparing.missing_runtime(source.manifest) or preparing.failure(source),
    )


def fingerprint(manifest: Manifest) -> str:
    """Return a sum of all that bears on the vectors of a prepared encoder."""
    told = manifest.as_json()
    for name in ("languages", "licence", "source", "publisher", "build", "files"):
        told.pop(name)
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
