"""Stored references to labels are ids; names are looked up where people and clients see them.

A rename therefore changes the displayed name everywhere at once, and no figure: annotations,
suggestions and gold answers keep their meaning. A text among stored ids is a name that no label had
any more when references became ids: it is kept as it was, and refers to no label.
"""

import hashlib
import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from django.db.models import Q, TextField
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast

from annotator import tasktypes
from annotator.db.compiled_queries import CompiledSelect
from annotator.errors import Invalid
from annotator.i18n.stored_messages import translated
from annotator.models import Item, Label, Project

# The placeholder of a label in a stored sentence. No name and no sentence contains these
# characters.
MARK, MARK_END = "\x02", "\x03"
MARKED = re.compile(f"{MARK}([0-9]+){MARK_END}")
BROKEN = re.compile(f"{MARK}[0-9]*$")
SPACED_PERCENT = re.compile(r"(?<=\d)[ \u202f]%")
DIGITS = "1234567890"
# The number of former names kept per label.
MOST_FORMER = 20

FIND_LABELS = CompiledSelect(lambda project: Label.objects.filter(project_id=project), int)

Ref = int | str
# The cache key of a project's labels: in the prefetch cache of the instance, which is cleared when
# the instance is read again. Building a queryset would take longer than reading them.
KNOWN = "known labels"


def labels_of(project: Project) -> list[Label]:
    """Return the project's labels in order, read once per instance."""
    cache: dict[str, Any] = vars(project).setdefault("_prefetched_objects_cache", {})
    if "labels" in cache:
        return list(cache["labels"])
    if KNOWN not in cache:
        cache[KNOWN] = FIND_LABELS(project.pk)
    return list(cache[KNOWN])


def forget(project: Project) -> None:
    """Clear the cached labels after a change."""
    for name in (KNOWN, "labels"):
        getattr(project, "_prefetched_objects_cache", {}).pop(name, None)


# Ids to names -------------------------------------------------------------------------------------


def names(project: Project, refs: Iterable[Ref]) -> list[str]:
    """Return the current names of labels; for a deleted one, its last name."""
    now = {label.pk: label.name for label in labels_of(project)}
    return [_name(project, now, ref) for ref in refs]


def _name(project: Project, now: Mapping[int, str], ref: Ref) -> str:
    if isinstance(ref, str):
        return ref
    return now.get(ref) or str(project.removed_labels.get(str(ref), ""))


def titles(project: Project, refs: Iterable[Ref]) -> list[str]:
    """Return the same as people read them, which for some task types is not the name."""
    return tasktypes.titles(project, names(project, refs))


def stand(project: Project, refs: Iterable[Ref]) -> bool:
    """Return whether all of these are current labels of the project."""
    return set(refs) <= {label.pk for label in labels_of(project)}


def named(project: Project, suggestion: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return a stored suggestion with names, as it is shown and exported."""
    if suggestion is None:
        return None
    return {**suggestion, "labels": names(project, suggestion["labels"])}


def counted(project: Project, counts: Mapping[str, int]) -> dict[str, int]:
    """Return counts by label name, from counts stored by label id (JSON object keys)."""
    refs = [int(key) if key.isdigit() else key for key in counts]
    return dict(zip(names(project, refs), counts.values(), strict=True))


def words(project: Project, stored: str) -> str:
    """Return a stored sentence in the reader's language, with the names of the labels in it."""
    said = translated(stored)
    if said == stored:
        # Stored sentences keep the space that other languages want.
        said = SPACED_PERCENT.sub("%", said)
    return _filled(project, said, tasktypes.of(project).answer.title)


def untranslated(project: Project, said: str) -> str:
    """Return a stored sentence as it is, with the names of the labels in it."""
    return _filled(project, said, str)


def _filled(project: Project, said: str, title: Callable[[str], str]) -> str:
    if MARK not in said:
        return said
    now = {label.pk: label.name for label in labels_of(project)}
    names = MARKED.sub(lambda hit: title(_name(project, now, int(hit[1]))), said)
    return BROKEN.sub("…", names)


def mark(label: Label) -> str:
    """Return the placeholder of a label in stored sentences; empty for a deleted one."""
    return f"{MARK}{label.pk}{MARK_END}" if label.pk else ""


# Names to ids -------------------------------------------------------------------------------------


def check_names(labels: Any) -> None:
    """Raise Invalid unless these are names; a number could be mistaken for an id."""
    check_type(labels, str)


def check_type(labels: Any, *types: type) -> None:
    """Raise Invalid unless these are ids or names, or of the given types."""
    # Compare types exactly: True is no id.
    wanted = types or (int, str)
    if not isinstance(labels, (list, tuple)) or not all(type(each) in wanted for each in labels):
        raise Invalid("label_type", field="labels")


def by_name(project: Project) -> dict[str, Label]:
    """Return the labels by name, and by former name if that is unambiguous."""
    labels = labels_of(project)
    former: dict[str, list[Label]] = {}
    for label in labels:
        for name in label.former_names:
            former.setdefault(name, []).append(label)
    removed = set(project.removed_labels.values())
    clear = {name: had[0] for name, had in former.items() if len(had) == 1 and name not in removed}
    return clear | {label.name: label for label in labels}


def may_mean(project: Project, given: Sequence[Ref], refs: Collection[Ref]) -> bool:
    """Return whether `given`, in ids or current or former names, can mean the stored answer."""
    if len(given) != len(refs):
        return False
    meant = [_meanings(project, each) & set(refs) for each in given]
    return all(meant) and set().union(*meant) == set(refs)


def _meanings(project: Project, given: Ref) -> set[Ref]:
    if isinstance(given, int):
        return {given}
    had = {each.pk for each in labels_of(project) if given in (each.name, *each.former_names)}
    gone = {int(pk) for pk, name in project.removed_labels.items() if name == given}
    return {given, *had, *gone}


def former_names(label: Label, name: str) -> list[str]:
    """Return the former names of a label that is now called `name`."""
    if name == label.name:
        return list(label.former_names)
    before = [label.name, *label.former_names]
    return list(dict.fromkeys(each for each in before if each != name))[:MOST_FORMER]


# References to a label ----------------------------------------------------------------------------


def items_with(project: Project, label: Label) -> tuple[int, int]:
    """Return how many items have it as gold answer, and how many in an imported suggestion."""
    items = Item.objects.filter(project=project)
    gold = items.filter(gold__isnull=False).annotate(refs=Cast("gold", TextField()))
    suggested = items.filter(suggested__isnull=False)
    suggested = suggested.annotate(refs=KeyTextTransform("labels", "suggested"))
    # Between brackets and commas; only PostgreSQL can query whether a list contains a value.
    holds = Q(refs__regex=rf"[^0-9\"]{label.pk}[^0-9\"]")
    return gold.filter(holds).count(), suggested.filter(holds).count()


# What a window shows ------------------------------------------------------------------------------


def version(project: Project) -> str:
    """Return a digest of what a window shows of a project, to detect changes."""
    seen = [
        [label.pk, label.name, label.hotkey, label.description, label.examples]
        for label in labels_of(project)
    ]
    text = json.dumps([seen, project.guidelines, project.shown_fields])
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def buttons(project: Project) -> list[dict[str, Any]]:
    """Return the labels as choices, each with its key."""
    labels = labels_of(project)
    return [
        {
            "id": label.pk,
            "name": label.name,
            "description": label.description,
            "examples": label.examples.splitlines(),
            "key": key,
        }
        for label, key in zip(labels, _keys(labels), strict=True)
    ]


def _keys(labels: list[Label]) -> list[str]:
    """Return each label's own key, or its digit if no other label has it."""
    own_keys = {label.hotkey for label in labels}
    digits = ["" if digit in own_keys else digit for digit in DIGITS] + [""] * len(labels)
    return [label.hotkey or digit for label, digit in zip(labels, digits, strict=False)]
