"""The label set of a project: names, keys, descriptions, order."""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone

from annotator import tasktypes
from annotator.errors import Conflict, Invalid
from annotator.flow.labels import naming, usage
from annotator.flow.projects import shortcuts, versions
from annotator.models import Label, Project
from annotator.tasktypes import FEATURES

MAX_LABELS = 500
LONGEST_DESCRIPTION = 2000
LONGEST_EXAMPLES = 2000
BIDI_CONTROLS = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f")

# Optional attributes of a label.
TEXTS = ("hotkey", "description", "examples")
REST = (*TEXTS, "color", "parent", "retired")
FIELDS = ("name", *REST)
LabelSpec = str | dict[str, Any]


# Labels ------------------------------------------------------------------------------------------


@transaction.atomic
def change_labels(project: Project, labels: Sequence[LabelSpec]) -> list[Label]:
    """Set the project's labels: rename by id, add, remove unused ones.

    Attributes that are not given stay unchanged. A name without an id means the existing label of
    that name, if there is one.
    """
    refuse_fixed(project)
    versions.hold(project)
    naming.forget(project)
    kept = {label.pk: label for label in naming.labels_of(project)}
    named = _with_ids(labels, kept.values())
    least = tasktypes.of(project).answer.least_labels
    specs = label_specs([_with_the_rest(each, kept) for each in named], least)
    ids = [spec.pop("id", None) for spec in specs]
    known = [pk for pk in ids if pk is not None]
    if any(type(pk) is not int or pk not in kept for pk in known):
        raise Invalid("unknown_label", message="label_not_there", field="labels")
    if len(set(known)) != len(known):
        raise Invalid("duplicate_id", field="labels")
    gone = [label for pk, label in kept.items() if pk not in ids]
    _refuse_moving(project, specs)
    _refuse_used(project, gone)
    usage.leave_to_history(gone)
    _remember_removed(project, gone)
    Label.objects.filter(pk__in=[label.pk for label in gone]).delete()
    # Labels may swap names or keys, which needs unused values in between.
    for pk in kept:
        Label.objects.filter(pk=pk).update(name=f"\x01{pk}", hotkey="")
    for spec in specs:
        # A group without its parent is none.
        spec["parent"] = None if spec["parent"] in [each.pk for each in gone] else spec["parent"]
    stored = [
        _stored(project, kept.get(pk or 0), position, spec)
        for position, (pk, spec) in enumerate(zip(ids, specs, strict=True))
    ]
    _group(stored, specs)
    naming.forget(project)
    return naming.labels_of(project)


def store_labels(project: Project, specs: Sequence[dict[str, Any]]) -> None:
    """Store the labels of a new project."""
    stored = [_stored(project, None, place, spec) for place, spec in enumerate(specs)]
    _group(stored, specs)


def _stored(project: Project, label: Label | None, position: int, spec: dict[str, Any]) -> int:
    """Store a label without its parent, and return its id."""
    values = {name: spec[name] for name in ("name", *TEXTS, "color")}
    values["position"] = position
    if label is None:
        at = timezone.now() if spec["retired"] else None
        return Label.objects.create(project=project, retired_at=at, **values).pk
    since = (label.retired_at or timezone.now()) if spec["retired"] else None
    before = naming.former_names(label, spec["name"])
    rows = Label.objects.filter(pk=label.pk)
    rows.update(former_names=before, retired_at=since, **values)
    return label.pk


def _group(stored: Sequence[int], specs: Sequence[dict[str, Any]]) -> None:
    """Store the parents, which are other labels by id or name and have none themselves."""
    by_name = {spec["name"]: pk for pk, spec in zip(stored, specs, strict=True)}
    parents = {pk: _parent(spec, by_name) for pk, spec in zip(stored, specs, strict=True)}
    for pk, parent in parents.items():
        if parent is not None and (parent == pk or parents[parent] is not None):
            raise Invalid("label_parent", field="labels")
    for pk, parent in parents.items():
        Label.objects.filter(pk=pk).update(parent=parent)


def _parent(spec: Mapping[str, Any], by_name: Mapping[str, int]) -> int | None:
    given = spec["parent"]
    if given in (None, ""):
        return None
    found = given if type(given) is int else by_name.get(str(given))
    if found not in by_name.values():
        raise Invalid("label_parent", message="label_parent_unknown", field="labels")
    return found


def values_of(label: Label) -> dict[str, Any]:
    """Return what can be set of a label."""
    values = {name: getattr(label, name) for name in ("name", *TEXTS, "color")}
    return {**values, "parent": label.parent_id, "retired": label.retired_at is not None}


def refuse_fixed(project: Project) -> None:
    """Raise Invalid for a project whose task type has fixed labels."""
    if "labels" not in tasktypes.of(project).can:
        raise Invalid("fixed_labels", detail=str(FEATURES["labels"].refusal), field="labels")


def _with_ids(labels: Sequence[LabelSpec], kept: Iterable[Label]) -> list[LabelSpec]:
    """Add the ids of existing labels, which would otherwise be created again."""
    said = {each.get("id") for each in labels if isinstance(each, dict) and _is_id(each.get("id"))}
    free = {label.name.casefold(): label.pk for label in kept if label.pk not in said}
    return [_with_id(each, free) for each in labels]


def _with_id(given: LabelSpec, free: dict[str, int]) -> LabelSpec:
    spec = {"name": given} if isinstance(given, str) else given
    if not isinstance(spec, dict) or "id" in spec or not isinstance(spec.get("name"), str):
        return given
    # Removed from the map, so that a duplicate name is still refused.
    pk = free.pop(unicodedata.normalize("NFC", spec["name"]).strip().casefold(), None)
    return given if pk is None else {**spec, "id": pk}


def _is_id(value: Any) -> bool:
    return type(value) is int


def _with_the_rest(given: LabelSpec, kept: dict[int, Label]) -> LabelSpec:
    if not isinstance(given, dict) or type(given.get("id")) is not int:
        return given
    label = kept.get(given["id"])
    return {**values_of(label), **given} if label else given


def _refuse_moving(project: Project, specs: Iterable[dict[str, Any]]) -> None:
    """Raise Conflict for the name of a label that is still being merged into another one."""
    merged = Label.objects.filter(project=project, pk__in=list(project.merged_labels))
    taken = {name.casefold() for name in merged.values_list("name", flat=True)}
    if any(spec["name"].casefold() in taken for spec in specs):
        raise Conflict("labels_moving", field="labels")


def _refuse_used(project: Project, labels: Iterable[Label]) -> None:
    for label in labels:
        uses = usage.counted(project, label)
        if any(uses.values()):
            raise Conflict("label_in_use", field="labels", name=label.name, uses=uses)


def _remember_removed(project: Project, labels: Iterable[Label]) -> None:
    """Keep the last names: stored predictions and corrected annotations refer to them."""
    gone = {str(label.pk): label.name for label in labels}
    if gone:
        project.removed_labels = {**project.removed_labels, **gone}
        project.save(update_fields=["removed_labels"])


def label_specs(labels: Sequence[LabelSpec], least: int) -> list[dict[str, Any]]:
    specs = [_label_spec(each) for each in labels]
    if not least <= len(specs) <= MAX_LABELS:
        raise Invalid("label_count", field="labels", least=least, most=MAX_LABELS, n=len(specs))
    _refuse_twins(specs)
    return specs


def _refuse_twins(specs: list[dict[str, Any]]) -> None:
    names: set[str] = set()
    owners: dict[str, str] = {}
    for spec in specs:
        name, key = spec["name"].casefold(), spec["hotkey"]
        if name in names:
            raise Invalid("duplicate_name", field="labels", name=spec["name"])
        if key in owners:
            one, other = owners[key], spec["name"]
            told = shortcuts.cap(key)
            raise Invalid("duplicate_hotkey", field="labels", key=told, one=one, other=other)
        names.add(name)
        owners |= {key: spec["name"]} if key else {}


def _label_spec(given: LabelSpec) -> dict[str, Any]:
    spec: dict[str, Any] = {"name": given} if isinstance(given, str) else {}
    if isinstance(given, dict):
        spec = dict(given)
    if not isinstance(spec.get("name"), str) or set(spec) - {"id", "name", *REST}:
        raise Invalid("label_form", field="labels")
    spec["name"] = clean_name(spec["name"], "labels")
    spec["hotkey"] = _clean_hotkey(spec.get("hotkey"), spec["name"])
    spec["description"] = str(spec.get("description") or "")
    if len(spec["description"]) > LONGEST_DESCRIPTION or "\x00" in spec["description"]:
        raise Invalid("label_form", message="label_description", field="labels")
    spec["examples"] = _clean_examples(spec.get("examples") or "")
    spec["color"] = spec.get("color") or ""
    if spec["color"] not in ("", *Label.Color.values):
        colors = ", ".join(Label.Color.values)
        raise Invalid("label_form", message="label_color", field="labels", names=colors)
    spec["parent"] = spec.get("parent")
    spec["retired"] = bool(spec.get("retired"))
    return spec


def _clean_hotkey(given: Any, name: str) -> str:
    key = str(given or "").lower()
    if key and not shortcuts.may_be_labels(key):
        raise Invalid("hotkey", field="labels", name=name)
    return key


def _clean_examples(given: Any) -> str:
    """Return the examples, one per line."""
    if not isinstance(given, str) or len(given) > LONGEST_EXAMPLES or "\x00" in given:
        raise Invalid("label_form", message="label_examples", field="labels")
    lines = (line.strip() for line in given.splitlines())
    return "\n".join(line for line in lines if line)


def clean_name(name: Any, field: str) -> str:
    if not isinstance(name, str):
        raise Invalid("name_type", field=field)
    clean = unicodedata.normalize("NFC", name).strip()
    if not clean or len(clean) > 200:
        raise Invalid("name_length", field=field)
    if any(ch in BIDI_CONTROLS or unicodedata.category(ch) == "Cc" for ch in clean):
        raise Invalid("name_characters", field=field)
    return clean
