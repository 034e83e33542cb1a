"""Changes of labels, and what they touch, in words."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from annotator.flow.labels import usage
from annotator.models import Label, Project
from annotator.views import number_format

Values = Mapping[str, Any]


def touched_in_words(told: Mapping[str, int]) -> list[str]:
    """Return what a merge touches, with its number; nothing for what there is none of."""
    n = {name: told[name] for name in COUNTED if name in told}
    said = {
        "annotations": ngettext("%(n)s annotation", "%(n)s annotations", n["annotations"]),
        "gold_items": ngettext("%(n)s gold item", "%(n)s gold items", n["gold_items"]),
        "suggestions": ngettext(
            "%(n)s imported suggestion", "%(n)s imported suggestions", n["suggestions"]
        ),
        "decisions": ngettext("%(n)s decision", "%(n)s decisions", n["decisions"]),
        "deliveries": ngettext(
            "%(n)s delivery, which stays as it is",
            "%(n)s deliveries, which stay as they are",
            n["deliveries"],
        ),
        "open_leases": ngettext(
            "%(n)s open lease, whose window shows the change",
            "%(n)s open leases, whose windows show the change",
            n["open_leases"],
        ),
    }
    return [words % {"n": number_format.count(n[name])} for name, words in said.items() if n[name]]


COUNTED = ("annotations", "gold_items", "suggestions", "decisions", "deliveries", "open_leases")


def changes_in_words(
    project: Project,
    before: Mapping[str, Values],
    after: Mapping[str, Values],
    *,
    count: bool = True,
) -> list[str]:
    """Return a line for each label that differs, with what has that label."""
    found = []
    for pk in dict.fromkeys([*before, *after]):
        words = _change(before.get(pk), after.get(pk))
        if words:
            used = _used(project, pk) if count and pk in before else ""
            found.append(f"{words} ({used})" if used else words)
    if not found and list(before) != list(after):
        found.append(_("New order"))
    return found


def _change(old: Values | None, new: Values | None) -> str:
    if old is None:
        return _("New: “%(name)s”") % {"name": (new or {}).get("name", "")}
    if new is None:
        return _("Removed: “%(name)s”") % {"name": old["name"]}
    if old["name"] != new["name"]:
        told = _("Renamed: “%(old)s” is now “%(name)s”")
        return told % {"old": old["name"], "name": new["name"]}
    if old["retired"] != new["retired"]:
        told = _("Retired: “%(name)s”") if new["retired"] else _("Offered again: “%(name)s”")
        return told % {"name": new["name"]}
    changed = [title for name, title in _titles().items() if old.get(name) != new.get(name)]
    if changed:
        return _("“%(name)s”: %(fields)s") % {"name": new["name"], "fields": ", ".join(changed)}
    return ""


def _titles() -> dict[str, str]:
    return {
        "hotkey": _("shortcut"),
        "description": _("description"),
        "examples": _("examples"),
        "color": _("color"),
        "parent": _("group"),
    }


def _used(project: Project, pk: str) -> str:
    label = Label.objects.filter(project=project, pk=int(pk)).first()
    if label is None:
        return ""
    return ", ".join(touched_in_words({**usage.touched(project, label), "open_leases": 0}))
