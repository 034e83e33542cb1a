"""Writer of project archives: a ZIP of tables as JSON Lines, files, and a manifest with hashes."""

import base64
import hashlib
import json
import os
import zipfile
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import ForeignKey, Model
from django.utils import timezone

from annotator.archives import places
from annotator.archives.package import BLOCK, FILES, FORMAT, MANIFEST, PEOPLE
from annotator.archives.scopes import FOLDERS, HELD, Scope, without_the_rest
from annotator.archives.tables import TABLES, name_of, rows_of
from annotator.db.one_moment import one_moment
from annotator.models import (
    FeatureSpace,
    FormerContent,
    GuidelinePicture,
    Import,
    Item,
    Project,
    User,
)

CHUNK = 2_000

Tell = Callable[[int], None]


class Changed(Exception):
    """A file of the project went while the archive was written; a new one may be whole."""


def write(
    project: Project,
    target: Path,
    scope: str = Scope.ALL,
    tell: Tell = lambda _done: None,
) -> dict[str, Any]:
    """Write the archive of a project to `target`, which appears once complete; return its manifest.

    All rows are of one moment. `tell` learns how many rows and files are written.
    """
    fresh = target.with_name(f"{target.name}.part")
    try:
        with os.fdopen(os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600), "w+b") as out:
            with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
                manifest = _Writer(project, archive, scope, tell).write()
            out.flush()
            os.fsync(out.fileno())
        fresh.replace(target)
    finally:
        fresh.unlink(missing_ok=True)
    return manifest


def total(project: Project, scope: str = Scope.ALL) -> int:
    """Return about how many rows and files there are."""
    return sum(rows_of(model, project).count() for model in HELD[scope])


class _Writer:
    def __init__(self, project: Project, archive: zipfile.ZipFile, scope: str, tell: Tell) -> None:
        self._project, self._archive, self._scope, self._tell = project, archive, scope, tell
        self._sums: dict[str, str] = {}
        self._done = 0

    def write(self) -> dict[str, Any]:
        before = self._arrays()
        with one_moment():
            made_at = timezone.now()
            counts = {name_of(model): self._add_table(model) for model in TABLES}
            names = dict(self._people())
            pictures = dict(sorted(self._pictures()))
            reports = dict(self._reports())
            arrays = self._arrays()
            spaces = set(rows_of(FeatureSpace, self._project).values_list("pk", flat=True))
        gone = sorted(before.keys() - arrays.keys())
        if gone:
            raise Changed(gone[0])
        # Features that were finished since belong to rows that are not here.
        arrays = {name: path for name, path in arrays.items() if _is_of(name, spaces)}
        self._add(PEOPLE, [json.dumps(names).encode()])
        there = {name: path for name, path in pictures.items() if path.is_file()}
        for name, path in [*arrays.items(), *reports.items(), *there.items()]:
            self._add(f"{FILES}{name}", _blocks(path), zipfile.ZIP_STORED)
            self._step()
        manifest = {
            "format": FORMAT,
            "migrations": _migrations(),
            "project": self._project.pk,
            "scope": str(self._scope),
            "made_at": made_at.isoformat(),
            "counts": counts,
            "missing": sorted(pictures.keys() - there.keys()),
            "sha256": self._sums,
        }
        self._archive.writestr(MANIFEST, json.dumps(manifest, indent=1))
        return manifest

    def _step(self) -> None:
        self._done += 1
        if self._done % 500 == 0:
            self._tell(self._done)

    def _add_table(self, model: type[Model]) -> int:
        names, before = [field.attname for field in model._meta.concrete_fields], self._done
        self._add(name_of(model), self._lines(model, names) if model in HELD[self._scope] else [])
        return self._done - before

    def _lines(self, model: type[Model], names: list[str]) -> Iterator[bytes]:
        for row in rows_of(model, self._project).values_list(*names).iterator(CHUNK):
            told = without_the_rest(model, dict(zip(names, row, strict=True)), self._scope)
            yield json.dumps(told, default=_plain, ensure_ascii=False).encode() + b"\n"
            self._step()

    def _add(self, name: str, blocks: Iterable[bytes], kind: int = zipfile.ZIP_DEFLATED) -> None:
        entry = zipfile.ZipInfo(name)
        entry.compress_type = kind
        digest = hashlib.sha256()
        with self._archive.open(entry, "w", force_zip64=True) as part:
            for block in blocks:
                digest.update(block)
                part.write(block)
        self._sums[name] = digest.hexdigest()

    def _people(self) -> Iterator[tuple[str, str]]:
        """Yield key and name of everyone whom a row of the project names."""
        found: set[int] = set()
        for model in HELD[self._scope]:
            for field in model._meta.concrete_fields:
                if isinstance(field, ForeignKey) and field.related_model is User:
                    keys = rows_of(model, self._project).order_by()
                    found.update(keys.values_list(field.attname, flat=True).distinct())
        for person in User.objects.filter(pk__in=found - {None}).order_by("pk"):
            yield str(person.pk), person.username

    def _pictures(self) -> set[tuple[str, Path]]:
        root = Path(settings.MEDIA_ROOT)
        found: set[tuple[str, Path]] = set()
        for model in {Item, FormerContent, GuidelinePicture} & HELD[self._scope]:
            rows = rows_of(model, self._project).exclude(image="")
            names = rows.values_list("image", flat=True)
            found.update((name, root / name) for name in names.iterator(CHUNK))
        return found

    def _reports(self) -> Iterator[tuple[str, Path]]:
        if Import in HELD[self._scope]:
            for pk in rows_of(Import, self._project).values_list("pk", flat=True):
                path = places.report_path(pk)
                if path.is_file():
                    yield f"reports/{pk}.csv", path

    def _arrays(self) -> dict[str, Path]:
        """Return names and paths of the project's arrays, without unfinished files."""
        root = Path(settings.MEDIA_ROOT)
        own = root / "projects" / str(self._project.pk)
        found: dict[str, Path] = {}
        for kind in sorted(FOLDERS[self._scope]):
            for folder, _folders, names in os.walk(own / kind):
                paths = [Path(folder) / name for name in sorted(names)]
                found |= {str(path.relative_to(root)): path for path in paths}
        return {name: path for name, path in found.items() if places.is_known(name)}


def _is_of(name: str, spaces: set[int]) -> bool:
    found = places.OF_SPACE.fullmatch(name)
    return found is None or int(found["space"]) in spaces


def _migrations() -> list[str]:
    applied = MigrationRecorder(connection).applied_migrations()
    return sorted(name for app, name in applied if app == "annotator")


def _plain(value: Any) -> str:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, UUID | Decimal):
        return str(value)
    if isinstance(value, bytes | memoryview):
        return base64.b64encode(value).decode()
    raise TypeError(f"{type(value)} has no place in an archive")


def _blocks(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            while block := file.read(BLOCK):
                yield block
    except FileNotFoundError as problem:
        raise Changed(path.name) from problem
