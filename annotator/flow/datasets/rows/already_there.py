"""The items that the rows of a file meet: by their content, or by their ID."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from annotator.models import Annotation, Import, Item, Source


@dataclass(frozen=True)
class Standing:
    """An answer that an item has."""

    refs: frozenset[int]
    who: tuple[int | None, str]
    pk: int | None = None
    # Whether an import brought it, which another import may replace.
    is_imported: bool = False
    # Whether the file that brought it named who gave it.
    is_named: bool = False


@dataclass
class Known:
    """An item that is there, or that comes with the same chunk: then it has no `pk` yet."""

    key: str
    digest: bytes
    pk: int | None = None
    # Its number among the new items of the chunk.
    place: int = -1
    meta: dict[str, Any] = field(default_factory=dict)
    gold: list[int] | None = None
    suggested: dict[str, Any] | None = None
    # Whether the same import created it.
    is_own: bool = False
    answers: list[Standing] = field(default_factory=list)


@dataclass
class There:
    """Known items by content and by key."""

    by_hash: dict[bytes, Known] = field(default_factory=dict)
    by_key: dict[str, Known] = field(default_factory=dict)

    def add(self, known: Known) -> None:
        """Add an item, unless it is known already."""
        kept = self.by_hash.setdefault(known.digest, known)
        self.by_key.setdefault(kept.key, kept)


def look_up(
    work: Import, there: There, hashes: Collection[bytes], keys: Collection[str], *, labels: bool
) -> None:
    """Add the items with these contents or keys, with their answers where `labels` are compared."""
    items = Item.objects.filter(project=work.project)
    rows = [*_read(items.filter(content_hash__in=hashes)), *_read(items.filter(key__in=keys))]
    found = {row.pk: _known(work, row) for row in rows}
    if labels and found:
        _add_answers(found)
    for known in found.values():
        there.add(known)


def _read(rows: Any) -> Iterable[Item]:
    found: Iterable[Item] = rows.only(
        "pk", "key", "content_hash", "meta", "gold", "suggested", "imported_id"
    )
    return found


def _known(work: Import, row: Item) -> Known:
    return Known(
        row.key,
        bytes(row.content_hash),
        row.pk,
        meta=row.meta,
        gold=row.gold,
        suggested=row.suggested,
        is_own=work.pk is not None and row.imported_id == work.pk,
    )


def _add_answers(found: dict[int, Known]) -> None:
    for item, standing in standing_answers(list(found)):
        found[item].answers.append(standing)


def standing_answers(items: Collection[int]) -> list[tuple[int, Standing]]:
    """Return (item, answer) of the answers that stand, in the order in which they were given."""
    rows = (
        Annotation.objects.filter(item__in=items, withdrawn_at=None)
        .order_by("pk")
        .values_list(
            "pk", "item", "user", "author", "source", "strategy", "imported", "given__label"
        )
    )
    said: dict[int, tuple[int, set[int], Any]] = {}
    for pk, item, user, author, source, strategy, imported, label in rows:
        # A seed label with a strategy was given on the search page.
        is_imported = source == Source.SEED and not strategy
        seen = said.setdefault(pk, (item, set(), ((user, author), is_imported, imported)))
        if label is not None:
            seen[1].add(label)
    return [
        (item, Standing(frozenset(labels), who, pk, is_imported, bool(who[1])))
        for pk, (item, labels, (who, is_imported, _work)) in said.items()
    ]
