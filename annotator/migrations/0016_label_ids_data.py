"""Names of labels that were stored become their ids.

Batch by batch, so that no table is in memory as a whole. A name that no label of the project has
stays as it is: a text among ids means no label, and tells what was said.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

from django.db import migrations

BATCH = 2_000
# What stands for a label in a stored sentence (flow.naming).
MARK, MARK_END = "\x02", "\x03"
QUOTED = re.compile("“([^“”]+)”")
# The sentences that name labels without quotes, as `selection.strategies.explanations` makes them.
SHARES = re.compile(
    r"(?<=The model hesitates between )(.+)(?= \(\d+ %\) and )"
    r"|(?<= %\) and )(.+)(?= \(\d+ %\)\.)"
    r"|(?<=The model expects )(.+)(?= \(\d+ %\)\.)"
    r"|(?<=The model is unsure about )(.+)(?= \(\d+ %\)\.)"
    r"|(?<=Looks like )(.+)(?= \(\d+ %\)\.)"
)

Value = Any
Known = dict[Any, Any]
Change = Callable[[Value, Known], Value]


class Labels:
    """What the labels of each project are called, read once for each project."""

    def __init__(self, apps: Any, keyed: Callable[[Any], dict[Any, Any]]) -> None:
        self.Label, self.keyed = apps.get_model("annotator", "Label"), keyed
        self.found: dict[int, Known] = {}

    def of(self, project: int) -> Known:
        if project not in self.found:
            labels = list(self.Label.objects.filter(project_id=project).order_by("id"))
            self.found[project] = self.keyed(labels)
        return self.found[project]


def ids_by_name(labels: list[Any]) -> dict[str, int]:
    # No two labels differ in case alone, so a name of another case can only mean the one.
    folded = {label.name.casefold(): label.pk for label in labels}
    return folded | {label.name: label.pk for label in labels}


def names_by_id(labels: list[Any]) -> dict[int, str]:
    return {label.pk: label.name for label in labels}


# What is changed ---------------------------------------------------------------------------------


def of_list(value: Value, known: Known) -> Value:
    if value is None:
        return None
    return [_known(each, known) for each in value]


def _known(ref: Any, known: Known) -> Any:
    if ref in known:
        return known[ref]
    folded = ref.casefold() if isinstance(ref, str) else ref
    return known.get(folded, ref)


def of_suggestion(value: Value, known: Known) -> Value:
    if not value or "labels" not in value:
        return value
    return {**value, "labels": of_list(value["labels"], known)}


def of_picks(value: Value, known: Known) -> Value:
    return [
        {**pick, "suggestion": of_suggestion(pick.get("suggestion"), known)}
        | ({"why": of_words(pick["why"], known)} if "why" in pick else {})
        for pick in value
    ]


def of_report(value: Value, known: Known) -> Value:
    kinds = value.get("doubts") or {}
    doubts = {
        kind: [{**row, "why": of_words(row["why"], known)} for row in rows]
        if isinstance(rows, list)
        else rows
        for kind, rows in kinds.items()
    }
    return {**value, "doubts": doubts} if kinds else value


def of_counts(value: Value, known: Known) -> Value:
    return {str(_known(_as_ref(key, known), known)): n for key, n in value.items()}


def _as_ref(key: str, known: Known) -> Any:
    if key in known or not key.isdigit():
        return key
    return int(key) if int(key) in known else key


def of_words(value: Value, known: Known) -> Value:
    """Return a sentence with marks in place of names; the other way round where ids are known."""
    if any(isinstance(key, int) for key in known):
        return re.sub(f"{MARK}(\\d+){MARK_END}", lambda hit: str(known.get(int(hit[1]), "")), value)
    said = QUOTED.sub(lambda hit: f"“{_marked(hit[1], known)}”", value)
    return SHARES.sub(lambda hit: _marked(hit[0], known), said)


def _marked(name: str, known: Known) -> str:
    return f"{MARK}{known[name]}{MARK_END}" if name in known else name


# Where it stands: model, field, where its project is, how it is changed --------------------------

FIELDS: list[tuple[str, str, str, Change]] = [
    ("Item", "gold", "project_id", of_list),
    ("Item", "suggested", "project_id", of_suggestion),
    ("QueueEntry", "suggestion", "project_id", of_suggestion),
    ("QueueEntry", "why", "project_id", of_words),
    ("Lease", "suggestion", "project_id", of_suggestion),
    ("Lease", "why", "project_id", of_words),
    ("Annotation", "suggestion", "project_id", of_suggestion),
    ("Revision", "labels", "annotation__project_id", of_list),
    ("SecondLook", "instead", "project_id", of_list),
    ("SecondLook", "why", "project_id", of_words),
    ("Round", "picks", "project_id", of_picks),
    ("ModelVersion", "seen", "project_id", of_counts),
    ("Report", "found", "project_id", of_report),
]


def to_ids(apps: Any, schema_editor: Any) -> None:
    _change(apps, schema_editor, Labels(apps, ids_by_name))


def to_names(apps: Any, schema_editor: Any) -> None:
    _change(apps, schema_editor, Labels(apps, names_by_id))


def _change(apps: Any, schema_editor: Any, labels: Labels) -> None:
    for name, field, project, change in FIELDS:
        model = apps.get_model("annotator", name)
        for rows in _batches(model, field, project):
            changed = []
            for pk, owner, value in rows:
                new = change(value, labels.of(owner))
                if new != value:
                    changed.append((pk, new))
            _store(schema_editor.connection, model, field, changed)


def _batches(model: Any, field: str, project: str) -> Iterator[list[tuple[Any, int, Any]]]:
    """Yield the rows with something in the field, by their keys: what is behind is read once."""
    rows = model.objects.exclude(**{f"{field}__isnull": True})
    if field == "why":
        rows = rows.filter(why__contains="%")
    rows = rows.order_by("pk").values_list("pk", project, field)
    # Some hold much in one row.
    size = 20 if field in ("picks", "found") else BATCH
    chunk = list(rows[:size])
    while chunk:
        yield chunk
        chunk = list(rows.filter(pk__gt=chunk[-1][0])[:size])


def _store(connection: Any, model: Any, field: str, changed: list[tuple[Any, Any]]) -> None:
    """Store the new values in one go; an update by the ORM would build a statement of all rows."""
    if not changed:
        return
    column, key = model._meta.get_field(field), model._meta.pk
    table, own, by = map(
        connection.ops.quote_name, (model._meta.db_table, column.column, key.column)
    )
    values = [
        (column.get_db_prep_save(value, connection), key.get_db_prep_value(pk, connection))
        for pk, value in changed
    ]
    with connection.cursor() as cursor:
        cursor.executemany(f"UPDATE {table} SET {own} = %s WHERE {by} = %s", values)  # noqa: S608


class Migration(migrations.Migration):
    dependencies = [
        ("annotator", "0015_label_ids"),
    ]

    operations = [
        migrations.RunPython(to_ids, to_names),
    ]
