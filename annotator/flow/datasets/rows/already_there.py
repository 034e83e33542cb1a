"""The items that the rows of a file meet: by their content, or by their ID."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from annotator.flow.labels import naming
from annotator.models import Annotation, Import, Item, Source
from annotator.tasktypes.marks import as_refs


@dataclass(frozen=True)
class Standing:
    """An answer that an item has."""

    refs: frozenset[Any]
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
    gold: list[Any] | None = None
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
    project = work.project_id
    pks = {*_with_any(project, "content_hash", hashes), *_with_any(project, "key", keys)}
    rows = _read(Item.objects.filter(pk__in=pks).order_by("pk")) if pks else ()
    found = {row.pk: _known(work, row) for row in rows}
    if labels and found:
        _add_answers(found)
    for known in found.values():
        there.add(known)


def _with_any(project: int, column: str, values: Collection[Any]) -> Iterable[int]:
    """Yield the keys of the project's items that have one of the values; usually there are none.

    Building such a query costs Django more than running it, as it looks at each of the values.
    """
    if not values:
        return
    given: list[Any] = list(values)
    if connection.vendor == "postgresql":
        any_of, params = "= ANY(%s)", [given]
    else:
        any_of, params = f"IN ({', '.join(['%s'] * len(given))})", given
    named = connection.ops.quote_name(column)
    statement = f"SELECT id FROM {Item._meta.db_table} WHERE project_id = %s AND {named} {any_of}"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(statement, [project, *params])
        yield from (pk for (pk,) in cursor.fetchall())


def _read(rows: Any) -> Iterable[Item]:
    found: Iterable[Item] = rows.only(
        "pk", "key", "content_hash", "meta", "gold", "suggested", "imported_id"
    )
    return found


def _known(work: Import, row: Item) -> Known:
    # What a label was merged into is the same answer now.
    gold, suggested = row.gold, row.suggested
    if gold is not None:
        gold = naming.current(work.project, gold)
    if suggested:
        labels = naming.current(work.project, suggested["labels"])
        suggested = {**suggested, "labels": labels}
    return Known(
        row.key,
        bytes(row.content_hash),
        row.pk,
        meta=row.meta,
        gold=gold,
        suggested=suggested,
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
            "pk",
            "item",
            "user",
            "author",
            "source",
            "strategy",
            "imported",
            "given__label",
            "value",
        )
    )
    said: dict[int, tuple[int, set[Any], Any]] = {}
    for pk, item, user, author, source, strategy, imported, label, marks in rows:
        # A seed label with a strategy was given on the search page.
        is_imported = source == Source.SEED and not strategy
        seen = said.setdefault(pk, (item, set(), ((user, author), is_imported, imported)))
        if marks is not None:
            seen[1].update(as_refs(marks))
        elif label is not None:
            seen[1].add(label)
    return [
        (item, Standing(frozenset(labels), who, pk, is_imported, bool(who[1])))
        for pk, (item, labels, (who, is_imported, _work)) in said.items()
    ]
