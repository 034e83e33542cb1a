"""Rows sorted by what becomes of them; nothing is stored yet."""

import hashlib
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

from annotator import tasktypes
from annotator.db.bulk_insert import row_maker
from annotator.flow.datasets import given_vectors
from annotator.flow.datasets.rows.already_there import Known, Standing, There, look_up
from annotator.flow.datasets.rows.given import Answer, Given, Reading, quoted
from annotator.flow.datasets.rows.report import Fate, Line
from annotator.flow.labels import naming
from annotator.formats import BadContent, Reason, RejectedRow, Row, SkippedFile, because, named
from annotator.i18n import folding
from annotator.models import Annotation, Import, Item
from annotator.pool import audit_set

LONGEST_KEY = 200
# The sentences of fates that have another name.
CHANGED = {Fate.LABELS_CHANGED: "labels_replaced"}
Entry = Row | RejectedRow | SkippedFile
# The fate of a row of which several things hold is the last one.
ORDER = (Fate.DUPLICATE, Fate.CONFLICT, Fate.LABELS_CHANGED, Fate.LABELS_ADDED, Fate.UPDATED)


@dataclass
class Change:
    """What a row changes of an item that was there before the chunk."""

    known: Known
    add: list[Answer] = field(default_factory=list)
    replace: list[tuple[Standing, Answer]] = field(default_factory=list)
    # Fields of the item, such as its gold answer or its text.
    values: dict[str, Any] = field(default_factory=dict)

    @property
    def changes_content(self) -> bool:
        """Return whether the item gets another text or picture."""
        return "content_hash" in self.values


@dataclass
class Chunk:
    """Rows that are stored in one transaction."""

    entries: int = 0
    items: list[Item] = field(default_factory=list)
    # Of each of the items.
    answers: list[list[Answer]] = field(default_factory=list)
    vectors: list[Any] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    counts: Counter[Fate] = field(default_factory=Counter)
    unlabelled: int = 0
    lines: list[Line] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """Return the number of rows; files that were skipped are none."""
        return sum(number for fate, number in self.counts.items() if fate != Fate.SKIPPED_FILE)


@dataclass
class _New:
    """A new item of the chunk, as later rows meet it."""

    item: Item
    answers: list[Answer]


Store = Callable[[Any, bytes], dict[str, Any]]


class Sorter:
    """Sorts the rows of one import, chunk by chunk.

    `store` keeps the content of a new item and returns its fields. With `there`, items are
    remembered from chunk to chunk, for a look at a file of which nothing is stored.
    """

    def __init__(
        self, work: Import, reading: Reading, store: Store, there: There | None = None
    ) -> None:
        self._work, self._reading, self._store = work, reading, store
        self._media = tasktypes.of(work.project).media
        self._new_item, self._seed = row_maker(Item), work.project.seed
        self._kept = there
        self._new: dict[bytes, _New] = {}
        self._size = 0

    def sort(self, entries: Collection[Entry]) -> Chunk:
        """Return the chunk of these entries."""
        self.chunk = Chunk(entries=len(entries))
        rows = [entry for entry in entries if isinstance(entry, Row)]
        self._reading.prepare(rows)
        hashes = {id(row): self._media.digest(row.content) for row in rows}
        self._look_up(rows, hashes)
        for entry in entries:
            if isinstance(entry, SkippedFile):
                self._end(None, entry.reason, Fate.SKIPPED_FILE, entry.name)
            elif isinstance(entry, RejectedRow):
                self._reject(entry)
            else:
                self._sort(entry, hashes[id(entry)])
        return self.chunk

    def _look_up(self, rows: list[Row], hashes: dict[int, bytes]) -> None:
        self._there = There() if self._kept is None else self._kept
        if self._kept is None:
            self._new = {}
        if rows:
            keys = [self._key(row) for row in rows]
            labels = self._work.labels_are == Import.LabelUse.SEED
            look_up(self._work, self._there, set(hashes.values()), keys, labels=labels)
        has_vectors = any(row.vector is not None for row in rows)
        self._size = given_vectors.dimensions(self._work.project) if has_vectors else 0

    def _key(self, row: Row) -> str:
        """Return the row's id, the end of one that is too long, else a key of our own."""
        key = "" if self._work.ignore_ids else row.key
        if len(key) <= LONGEST_KEY:
            return key or f"{self._work.pk or '…'}-{row.number}"
        start = hashlib.blake2b(key.encode("utf-8", "replace"), digest_size=6).hexdigest()
        return f"{start}…{key[len(start) + 1 - LONGEST_KEY :]}"

    # Fates ----------------------------------------------------------------------------------------

    def _sort(self, row: Row, digest: bytes) -> None:
        given = self._reading.read(row)
        problem = given if isinstance(given, RejectedRow) else self._vector_problem(row)
        if isinstance(given, RejectedRow) or problem is not None:
            return self._reject(problem or given)  # type: ignore[arg-type]
        known = self._there.by_hash.get(digest)
        if known is not None:
            return self._meet(row, known, given)
        taken = self._there.by_key.get(self._key(row)) if self._has_id(row) else None
        if taken is None:
            return self._create(row, digest, given)
        may_update = self._work.same_id == Import.SameId.UPDATE and not taken.is_own and taken.pk
        if not may_update:
            reason = because("duplicate_id", message="id_of_another", id=row.key[:60])
            return self._end(row.number, reason, Fate.REJECTED)
        return self._update(row, digest, taken, given)

    def _has_id(self, row: Row) -> bool:
        return bool(row.key) and not self._work.ignore_ids

    def _vector_problem(self, row: Row) -> RejectedRow | None:
        if row.vector is None:
            return None
        self._size = self._size or len(row.vector)
        return given_vectors.problem(row, self._size)

    def _reject(self, bad: RejectedRow) -> None:
        self._end(bad.number, bad.reason, Fate.REJECTED, bad.name, rows=bad.rows)

    def _end(
        self, row: int | None, reason: Reason, fate: Fate, file: str = "", *, rows: int = 1
    ) -> None:
        """Give the row its fate, and a line in the report."""
        self.chunk.counts[fate] += rows
        self._tell(row, reason, fate, file)

    def _tell(self, row: int | None, reason: Reason, fate: Fate, file: str = "") -> None:
        self.chunk.lines.append(Line(row, reason, fate, file))

    # New items ------------------------------------------------------------------------------------

    def _create(self, row: Row, digest: bytes, given: Given) -> None:
        """Add the item of a row to the chunk."""
        try:
            content = self._store(row.content, digest)
        except BadContent as problem:
            return self._end(row.number, named(row.key, problem.reason), Fate.REJECTED)
        key = self._key(row)
        # A key of ours may equal an id in the file.
        key = digest.hex() if key in self._there.by_key else key
        item = self._item(digest, key, given, content)
        self.chunk.items.append(item)
        self.chunk.answers.append(answers := list(given.answers))
        self.chunk.vectors.append(row.vector)
        self.chunk.counts[Fate.CREATED] += 1
        self.chunk.unlabelled += given.lost_label
        for reason in given.told:
            self._tell(row.number, reason, Fate.CREATED)
        if self._has_id(row) and len(row.key) > LONGEST_KEY:
            self._tell(row.number, because("id_cut", most=LONGEST_KEY), Fate.CREATED)
        self._new[digest] = _New(item, answers)
        standing = [Standing(each.refs, each.who, is_named=each.is_named) for each in answers]
        self._there.add(
            Known(
                key,
                digest,
                meta=given.meta,
                gold=given.gold,
                suggested=given.suggested,
                is_own=True,
                answers=standing,
            )
        )

    def _item(self, digest: bytes, key: str, given: Given, content: dict[str, Any]) -> Item:
        item: Item = self._new_item(
            # By their keys, which is faster than by the rows.
            project_id=self._work.project_id,
            imported_id=self._work.pk,
            audit_key=audit_set.audit_key(self._seed, digest),
            key=key,
            content_hash=digest,
            meta=given.meta,
            gold=given.gold,
            suggested=given.suggested,
            folded=folding.stored(content.get("text", ""), key),
            **content,
        )
        if given.answers:
            item.answers, item.state = len(given.answers), Item.State.LABELLED
        return item

    # Items that are there -------------------------------------------------------------------------

    def _meet(self, row: Row, known: Known, given: Given) -> None:
        """Take what the row says about an item that is there with the same content."""
        change = Change(known)
        fates = [self._meet_answer(row, change, answer) for answer in given.answers]
        fates += self._meet_values(row, change, given)
        is_same_id = self._has_id(row) and self._key(row) == known.key
        may_update = self._work.same_id == Import.SameId.UPDATE and is_same_id and not known.is_own
        if may_update and given.meta and given.meta != known.meta:
            change.values["meta"] = known.meta = given.meta
            fates.append(Fate.UPDATED)
        fate = max(fates, key=ORDER.index, default=Fate.DUPLICATE)
        self._note_change(change)
        self.chunk.counts[fate] += 1
        self._tell_met(row, known, given, fate)

    def _note_change(self, change: Change) -> None:
        if not (change.add or change.replace or change.values):
            return
        if change.known.pk is not None:
            self.chunk.changes.append(change)
            return
        new = self._new[change.known.digest]
        new.answers += change.add
        for name, value in change.values.items():
            setattr(new.item, name, value)
        if new.answers:
            new.item.answers, new.item.state = len(new.answers), Item.State.LABELLED

    def _tell_met(self, row: Row, known: Known, given: Given, fate: Fate) -> None:
        """Tell what became of a row whose item is there; a conflict has its line already."""
        key = known.key[:60]
        if fate == Fate.CONFLICT:
            return
        if fate != Fate.DUPLICATE:
            reason = because(str(fate), message=CHANGED.get(fate, ""), id=key)
        elif self._has_id(row) and self._key(row) != known.key:
            reason = because("duplicate_text", id=key, other=row.key[:60])
        elif given.meta and given.meta != known.meta:
            reason = because("metadata_not_taken", id=key)
        else:
            reason = because("duplicate", id=key)
        self._tell(row.number, reason, fate)

    def _meet_answer(self, row: Row, change: Change, answer: Answer) -> Fate:
        known, existing = change.known, self._work.existing
        same = [each for each in known.answers if not answer.is_named or each.who == answer.who]
        if any(each.refs == answer.refs for each in same):
            return Fate.DUPLICATE
        if not same and (known.is_own or existing != Import.Existing.KEEP):
            change.add.append(answer)
            known.answers.append(Standing(answer.refs, answer.who, is_named=answer.is_named))
            return Fate.LABELS_ADDED
        earlier = [each for each in same if each.is_imported and each.pk is not None]
        of_importer = [each for each in earlier if not each.is_named] or earlier
        may_replace = existing == Import.Existing.REPLACE and not known.is_own
        if may_replace and len(of_importer) == 1:
            (old,) = of_importer
            change.replace.append((old, answer))
            known.answers[known.answers.index(old)] = Standing(answer.refs, old.who, old.pk, True)
            return Fate.LABELS_CHANGED
        return self._differ(row, known, [each.refs for each in same], answer.refs)

    def _meet_values(self, row: Row, change: Change, given: Given) -> list[Fate]:
        """Compare the gold answer and the suggestion of the row with those of the item."""
        known, fates = change.known, []
        if given.gold is not None:
            there = known.gold
            fates.append(self._meet_value(row, change, "gold", there, given.gold, given.gold))
        if given.suggested is not None:
            there = None if known.suggested is None else known.suggested["labels"]
            labels = given.suggested["labels"]
            fates.append(self._meet_value(row, change, "suggested", there, labels, given.suggested))
        return fates

    def _meet_value(
        self, row: Row, change: Change, name: str, there: Any, labels: list[int], value: Any
    ) -> Fate:
        known, existing = change.known, self._work.existing
        if there is not None and set(there) == set(labels):
            return Fate.DUPLICATE
        may = existing == Import.Existing.REPLACE and not known.is_own
        if there is None:
            may = known.is_own or existing != Import.Existing.KEEP
        if not may:
            return self._differ(row, known, [] if there is None else [there], labels)
        change.values[name] = value
        setattr(known, name, value)
        return Fate.LABELS_ADDED if there is None else Fate.LABELS_CHANGED

    def _differ(self, row: Row, known: Known, there: list[Any], given: Collection[int]) -> Fate:
        """Tell that labels were not taken."""
        project = self._work.project
        key, new = known.key[:60], quoted(naming.names(project, sorted(given)))
        reason = because("labels_not_taken", id=key, new=new)
        if there:
            old = quoted(naming.names(project, sorted(there[0])))
            reason = because("label_conflict", id=key, new=new, old=old)
        self._tell(row.number, reason, Fate.CONFLICT)
        return Fate.CONFLICT

    def _update(self, row: Row, digest: bytes, known: Known, given: Given) -> None:
        """Give an item the content of a row with its id."""
        key = known.key[:60]
        if given_vectors.dimensions(self._work.project):
            return self._end(row.number, because("vector_stays", id=key), Fate.REJECTED)
        if self._has_marks(known):
            return self._end(row.number, because("spans_stay", id=key), Fate.REJECTED)
        try:
            content = self._store(row.content, digest)
        except BadContent as problem:
            return self._end(row.number, problem.reason, Fate.REJECTED)
        change = Change(known, values={**content, "content_hash": digest})
        if given.meta:
            change.values["meta"] = known.meta = given.meta
        self._there.by_hash.pop(known.digest, None)
        known.digest = digest
        self._there.add(known)
        for answer in given.answers:
            self._meet_answer(row, change, answer)
        self._meet_values(row, change, given)
        self.chunk.changes.append(change)
        self._end(row.number, because("updated", id=key), Fate.UPDATED)

    def _has_marks(self, known: Known) -> bool:
        """Tell whether answers mark places of the text, which another text would not have."""
        if tasktypes.of(self._work.project).answer.of_classes:
            return False
        rows = Annotation.objects.filter(item=known.pk, withdrawn_at=None, given__isnull=False)
        return rows.exists()
