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
from annotator.i18n.label_marks import BROKEN, MARK, MARK_END, MARKED
from annotator.i18n.stored_messages import translated
from annotator.models import Item, Label, Project
from annotator.tasktypes import marks
from annotator.tasktypes.marks import Mark, QuotedMark, as_ref, as_refs, label_of

SPACED_PERCENT = re.compile(r"(?<=\d)[ \u202f]%")
DIGITS = "1234567890"
# The number of former names kept per label.
MOST_FORMER = 20

FIND_LABELS = CompiledSelect(lambda project: Label.objects.filter(project_id=project), int)

Ref = int | str | Mark | QuotedMark
# The cache key of a project's labels: in the prefetch cache of the instance, which is cleared when
# the instance is read again. Building a queryset would take longer than reading them.
KNOWN = "known labels"


def labels_of(project: Project) -> list[Label]:
    """Return the project's labels in order, read once per instance.

    One that is being merged into another is none any more.
    """
    cache: dict[str, Any] = vars(project).setdefault("_prefetched_objects_cache", {})
    if "labels" in cache:
        found = cache["labels"]
    else:
        if KNOWN not in cache:
            cache[KNOWN] = FIND_LABELS(project.pk)
        found = cache[KNOWN]
    merged = project.merged_labels
    return [label for label in found if str(label.pk) not in merged] if merged else list(found)


def offered(project: Project) -> list[Label]:
    """Return the labels that annotators may choose: all but the retired ones."""
    return [label for label in labels_of(project) if label.retired_at is None]


def forget(project: Project) -> None:
    """Clear the cached labels after a change."""
    for name in (KNOWN, "labels"):
        getattr(project, "_prefetched_objects_cache", {}).pop(name, None)


# Merged labels ------------------------------------------------------------------------------------


def into(project: Project, ref: Any) -> Any:
    """Return what a reference means now: a merged label means the one that it went into."""
    return marks.merged_into(project.merged_labels, ref)


def current(project: Project, refs: Iterable[Any]) -> list[Any]:
    """Return what stored references mean now, each once."""
    return marks.current(project.merged_labels, refs)


# Ids to names -------------------------------------------------------------------------------------


def names(project: Project, refs: Iterable[Any]) -> list[Any]:
    """Return the current names of labels, one by one; for a deleted one, its last name.

    A mark keeps its place, and has the name in place of the id.
    """
    now = {label.pk: label.name for label in labels_of(project)}
    return [_name(project, now, ref) for ref in refs]


def _name(project: Project, now: Mapping[int, str], ref: Any) -> Any:
    ref = into(project, ref)
    if isinstance(ref, str):
        return ref
    if isinstance(ref, (list, tuple)):
        return Mark(ref[0], ref[1], _name(project, now, ref[2]), *ref[3:4])
    return now.get(ref) or str(project.removed_labels.get(str(ref), ""))


def names_now(project: Project, refs: Iterable[Any]) -> list[Any]:
    """Return the current names of labels that were given together, each once."""
    return names(project, current(project, refs))


def called(project: Project, labels: Iterable[Label]) -> list[str]:
    """Return the names of labels given together, while one of them is being merged, too."""
    if not project.merged_labels:
        return [label.name for label in labels]
    return names_now(project, [label.pk for label in labels])


def groups(project: Project, given: Iterable[str]) -> list[str] | None:
    """Return the groups of labels by name, each once; None in a project without groups."""
    labels = labels_of(project)
    parents = {label.parent_id for label in labels} - {None}
    if not parents:
        return None
    called = {label.pk: label.name for label in labels}
    group = {each.name: called.get(each.parent_id or each.pk) for each in labels}
    named = (group[name] for name in given if name in group)
    return list(dict.fromkeys(name for name in named if name))


def titles(project: Project, refs: Iterable[Any]) -> list[str]:
    """Return the same as people read them, which for some task types is not the name."""
    return tasktypes.titles(project, names(project, refs))


def stand(project: Project, refs: Iterable[Any]) -> bool:
    """Return whether all of these are, or carry, current labels of the project."""
    now = {label.pk for label in labels_of(project)}
    return now.issuperset(map(label_of, current(project, refs)))


def may_be_given(project: Project, refs: Iterable[Any]) -> bool:
    """Return whether annotators may choose all of these labels."""
    now = {label.pk for label in offered(project)}
    return now.issuperset(map(label_of, current(project, refs)))


def named(project: Project, suggestion: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return a stored suggestion with names, as it is shown and exported."""
    if suggestion is None:
        return None
    now = current_suggestion(project, suggestion)
    return {**now, "labels": names(project, now["labels"])}


def current_suggestion(project: Project, suggestion: dict[str, Any]) -> dict[str, Any]:
    """Return a stored suggestion as it means now: of two marks that became one, one confidence."""
    labels = current(project, suggestion["labels"])
    each = suggestion.get("each")
    if not each or len(labels) == len(each):
        return {**suggestion, "labels": labels}
    now = [into(project, as_ref(ref)) for ref in suggestion["labels"]]
    sure = dict(zip(reversed(now), reversed(each), strict=True))
    return {**suggestion, "labels": labels, "each": [sure[ref] for ref in labels]}


def counted(project: Project, counts: Mapping[str, int]) -> dict[str, int]:
    """Return counts by label name, from counts stored by label id (JSON object keys)."""
    refs = [int(key) if key.isdigit() else key for key in counts]
    found: dict[str, int] = {}
    for name, number in zip(names(project, refs), counts.values(), strict=True):
        found[name] = found.get(name, 0) + number
    return found


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
    wanted = types or (int, str, Mark, QuotedMark)
    if not isinstance(labels, (list, tuple)) or not all(type(each) in wanted for each in labels):
        raise Invalid("label_type", field="labels")


def by_name(project: Project) -> dict[str, Label]:
    """Return the labels by name, and by former name if that is unambiguous."""
    labels = labels_of(project)
    former: dict[str, list[Label]] = {}
    for label in labels:
        for name in label.former_names:
            former.setdefault(name, []).append(label)
    merged = project.merged_labels
    removed = {name for key, name in project.removed_labels.items() if key not in merged}
    clear = {name: had[0] for name, had in former.items() if len(had) == 1 and name not in removed}
    return clear | {label.name: label for label in labels}


def may_mean(project: Project, given: Sequence[Ref], stored: Collection[Any]) -> bool:
    """Return whether `given`, in ids or current or former names, can mean the stored answer."""
    if len(given) != len(stored) and not project.merged_labels:
        return False
    refs = set(as_refs(stored))
    meant = [_meanings(project, each) & refs for each in given]
    return all(meant) and set().union(*meant) == refs


def _meanings(project: Project, given: Ref) -> set[Any]:
    if isinstance(given, (Mark, QuotedMark)):
        mark = as_ref(given)
        return {mark.with_label(each) for each in _meanings(project, mark.label)}
    if isinstance(given, int):
        return _with_merged(project, {given})
    had = {each.pk for each in labels_of(project) if given in (each.name, *each.former_names)}
    gone = {int(pk) for pk, name in project.removed_labels.items() if name == given}
    return {given, *_with_merged(project, had | gone)}


def _with_merged(project: Project, refs: set[int]) -> set[Ref]:
    """Return these, what they went into, and what went into the same."""
    if not project.merged_labels:
        return set(refs)
    ends = {into(project, ref) for ref in refs}
    same = {int(key) for key in project.merged_labels if into(project, int(key)) in ends}
    return {*refs, *ends, *same}


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
    pks = "|".join(str(pk) for pk in sorted(_with_merged(project, {label.pk}), key=str))
    holds = Q(refs__regex=rf"[^0-9\"]({pks})[^0-9\"]")
    return gold.filter(holds).count(), suggested.filter(holds).count()


# What a window shows ------------------------------------------------------------------------------


def version(project: Project) -> str:
    """Return a digest of what a window shows of a project, to detect changes."""
    fields = ("pk", "name", "hotkey", "description", "examples", "color", "parent_id")
    seen = [[getattr(label, field) for field in fields] for label in offered(project)]
    shown = [project.guidelines_number, project.guidelines, project.shown_fields]
    text = json.dumps([seen, *shown])
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def buttons(project: Project) -> list[dict[str, Any]]:
    """Return the labels as choices, each with its key; those of a group follow one another."""
    labels = grouped(offered(project))
    called = {label.pk: label.name for label in labels_of(project)}
    groups = {label.parent_id for label in labels}
    return [
        {
            "id": label.pk,
            "name": label.name,
            "description": label.description,
            "examples": label.examples.splitlines(),
            "color": label.color,
            "group": _group(label, called, groups),
            "key": key,
        }
        for label, key in zip(labels, _keys(labels), strict=True)
    ]


def _group(label: Label, called: Mapping[int, str], groups: Collection[int | None]) -> str:
    """Return the heading that a label stands under; a parent stands under its own name."""
    if label.pk in groups:
        return label.name
    return called.get(label.parent_id or 0, "")


def grouped(labels: Sequence[Label]) -> list[Label]:
    """Return the labels in order, with those of a group after its parent.

    Where the parent is not among them, the group stands at the place of its first label.
    """
    there = {label.pk for label in labels}
    groups: dict[int, list[Label]] = {}
    for label in labels:
        key = label.parent_id or label.pk
        groups.setdefault(key, [])
        if label.pk != key or key not in there:
            groups[key].append(label)
        else:
            groups[key].insert(0, label)
    return [label for group in groups.values() for label in group]


def _keys(labels: list[Label]) -> list[str]:
    """Return each label's own key, or its digit if no other label has it."""
    own_keys = {label.hotkey for label in labels}
    digits = ["" if digit in own_keys else digit for digit in DIGITS] + [""] * len(labels)
    return [label.hotkey or digit for label, digit in zip(labels, digits, strict=False)]
