"""An archive's rows and files become a project, hidden until it is complete.

The rows are stored in blocks, between which others can write. Each gets a new key; what refers to
it gets the same one. Times of creation are those of the archive.
"""

import secrets
import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

from django.db import DataError, IntegrityError, connection, transaction
from django.db.models import ForeignKey, Model
from django.utils import timezone

from annotator.archives import arrivals, label_ids, people, places, relabelling
from annotator.archives.checking import Checked, rows
from annotator.archives.package import Package
from annotator.archives.problems import BadArchive
from annotator.archives.tables import TABLES
from annotator.db.bulk_insert import insert_as_given, reserve_keys
from annotator.models import Item, Job, Label, Lease, Membership, Project, Role, User
from annotator.projectsettings import SETTINGS

# Stores what is given beside it, and raises if another worker has taken over.
Fence = Callable[..., None]

ROWS, ROWS_OF_ONE_WRITER = 5_000, 1_000
BLOCK_BYTES = 32 << 20
GAP_SECONDS = 0.02
FENCE_SECONDS = 0.25


class Arrival:
    """A project that is being stored."""

    def __init__(self, package: Package, checked: Checked, name: str) -> None:
        self._package, self._checked, self._name = package, checked, name
        self._salt = secrets.token_bytes(32)
        self._people: dict[int, int] = {}
        self._ids: dict[int, int] = {}
        self._digests: dict[str, str] = {}
        # Jobs that go on once the project is there.
        self._waiting: dict[type[Job], list[int]] = {}
        self.project = 0

    def begin(self, fence: Fence) -> None:
        """Store the people and the hidden project, which keeps its number."""
        self._people, created = people.match(self._checked.people)
        with transaction.atomic():
            self.project = reserve_keys(Project, 1)[0]
            self._checked.keys[Project].new.append(self.project)
            row = self._stored(Project, dict(self._checked.project), self.project)
            insert_as_given(Project, [row])
            fence(made_id=self.project, people=created)

    def store(self, fence: Fence) -> None:
        """Store all other rows, then the files; BadArchive where they contradict one another."""
        done = 0
        try:
            for model in TABLES:
                if model is not Project:
                    done = self._store_table(model, done, fence)
        except (IntegrityError, DataError) as problem:
            raise BadArchive("archive_contradicts", field="file") from problem
        self._store_files(done, fence)

    def _store_files(self, done: int, fence: Fence) -> None:
        files, told_at = self._package.files, float("-inf")
        for number, name in enumerate(files, 1):
            self._store_file(name)
            # A commit for each of many small files would take longer than they do. A worker that
            # stood still, so that another took over, is stopped after the next file all the same.
            if time.monotonic() - told_at >= FENCE_SECONDS or number == len(files):
                fence(done=done + number)
                told_at = time.monotonic()

    def finish(self, owner: User | None) -> None:
        """Show the project: its owner is who opened the archive, whatever role they had there."""
        rare = self._checked.project["rare_label_id"]
        Project.objects.filter(pk=self.project).update(
            deleted_at=None, rare_label=None if rare is None else self._ids[rare]
        )
        if owner is not None:
            Membership.objects.create(project_id=self.project, user=owner, role=Role.ADMIN)
        for model, keys in self._waiting.items():
            model.objects.filter(pk__in=keys).update(
                state=Job.State.QUEUED, attempts=0, error="", finished_at=None
            )

    # Rows -----------------------------------------------------------------------------------------

    def _store_table(self, model: type[Model], done: int, fence: Fence) -> int:
        keys = self._checked.keys[model]
        for block in _blocks(row for _number, row in rows(self._package, model)):
            with transaction.atomic():
                new = self._new_keys(model, block)
                keys.new.extend(new if model is not Lease else ())
                pairs = zip(block, new, strict=True)
                insert_as_given(model, [self._stored(model, row, key) for row, key in pairs])
                done += len(block)
                fence(done=done)
            if connection.vendor == "sqlite":
                time.sleep(GAP_SECONDS)
        if model is Item and connection.vendor == "postgresql":
            # The planner assumes that a new pool has a handful of rows.
            with connection.cursor() as cursor:
                cursor.execute(f"ANALYZE {Item._meta.db_table}")
        return done

    def _new_keys(self, model: type[Model], block: list[dict[str, Any]]) -> list[Any]:
        if model is Lease:
            return [self._salted(row["id"]) for row in block]
        if model is not Label:
            return reserve_keys(model, len(block))
        if not self._ids:
            self._name_labels()
        return [self._ids[row["id"]] for row in block]

    def _name_labels(self) -> None:
        """Give each label its new id, deleted ones too."""
        before = self._checked.label_keys
        self._ids = dict(zip(before, reserve_keys(Label, len(before)), strict=True))
        self._digests = label_ids.digests(self._checked.labels, self._ids)

    def _stored(self, model: type[Model], row: dict[str, Any], key: Any) -> dict[str, Any]:
        """Return a row as it is stored here."""
        row = self._settled(model, row, key)
        for each in model._meta.concrete_fields:
            if isinstance(each, ForeignKey):
                row[each.attname] = self._referred(each, row[each.attname])
        for name, change in label_ids.columns_of(model).items():
            if row[name] is not None and model is not Project:
                row[name] = change(row[name], self._ids)
        for name in arrivals.UUIDS.get(model, ()):
            row[name] = None if row[name] is None else self._salted(row[name])
        row[str(_pk(model).attname)] = key
        return row

    def _settled(self, model: type[Model], row: dict[str, Any], key: Any) -> dict[str, Any]:
        if model is Project:
            return self._hidden(row)
        if issubclass(model, Job):
            row, waits = arrivals.settled_job(model, row)
            if waits:
                self._waiting.setdefault(model, []).append(key)
        if model is Item and row["state"] == Item.State.REMOVED:
            row |= arrivals.removed_item(key)
        settle = arrivals.SETTLE.get(model)
        if settle is not None:
            row |= settle(row, self._package.manifest.made_at)
        if row.get("image"):
            row["image"] = places.picture_name(row["image"], self.project)
        if row.get("label_texts"):
            row["label_texts"] = self._digests.get(row["label_texts"], row["label_texts"])
        return row

    def _hidden(self, row: dict[str, Any]) -> dict[str, Any]:
        if not self._ids:
            self._name_labels()
        names = row["removed_labels"]
        return {
            **row,
            "name": self._name or row["name"],
            "removed_labels": {str(self._ids[int(key)]): name for key, name in names.items()},
            "merged_labels": label_ids.pairs(row["merged_labels"], self._ids),
            # Those of other versions mean nothing here.
            "options": _known_options(row["options"]),
            # The labels come later.
            "rare_label_id": None,
            "deleted_at": timezone.now(),
        }

    def _referred(self, link: Any, key: Any) -> Any:
        if key is None:
            return None
        if link.related_model is User:
            return self._people[key]
        if link.related_model is Label:
            # Also of one that comes later.
            return self._ids[key]
        keys = self._checked.keys[link.related_model]
        if key not in keys:
            # It was deleted before, and no constraint says so.
            return None
        return self._salted(key) if link.related_model is Lease else keys[key]

    def _salted(self, name: UUID) -> UUID:
        return UUID(bytes=label_ids.salted(self._salt, name.bytes), version=4)

    # Files ----------------------------------------------------------------------------------------

    def _store_file(self, name: str) -> None:
        path = places.place_of(name, self.project, self._checked.keys)
        places.write(path, self._package.blocks(name))
        relabelling.relabel(name, path, self.project, self._ids, self._digests)
        before, items = self._package.manifest.project, self._checked.keys[Item]
        relabelling.renumber(name, path, before, self.project, items)


def _known_options(options: dict[str, Any] | None) -> dict[str, Any] | None:
    return {name: each for name, each in (options or {}).items() if name in SETTINGS} or None


def _pk(model: type[Model]) -> Any:
    return model._meta.pk


def _blocks(found: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    most = ROWS_OF_ONE_WRITER if connection.vendor == "sqlite" else ROWS
    block: list[dict[str, Any]] = []
    weight = 0
    for row in found:
        block.append(row)
        weight += len(row.get("text") or "")
        if len(block) >= most or weight >= BLOCK_BYTES:
            yield block
            block, weight = [], 0
    if block:
        yield block
