"""Saves from forms that were loaded earlier: they store only the changed fields.

Each function locks the project, so that what it compares with is what it overwrites.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from annotator.errors import Conflict, Invalid
from annotator.flow.labels import naming
from annotator.flow.projects import label_set, members, settings, versions
from annotator.flow.projects.label_set import LabelSpec
from annotator.flow.projects.versions import Clash, EditConflict, Stamps
from annotator.models import Label, Membership, Project, User

LABEL_FIELDS = ("name", *label_set.REST)


@transaction.atomic
def edit_settings(project: Project, given: Mapping[str, Any], loaded: Stamps) -> Project:
    """Store those of the given settings that the user changed."""
    versions.hold(project)
    changes = versions.merge(given, loaded, versions.settings_of(project))
    return settings.change_settings(project, **changes)


# Labels ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class LabelEdit:
    """One row of a label form; without stamps, its values are taken as they are."""

    id: int
    given: Mapping[str, str]
    is_removed: bool
    loaded: Stamps

    def merged(self, label: Label | None) -> LabelSpec | None:
        """Return the label to store, or None to remove it; EditConflict if that is ambiguous."""
        if label is None:
            return self._of_a_removed_one()
        now = label_values(label)
        if self.is_removed:
            self._refuse_unseen(now)
            return None
        return {"id": self.id, **now, **versions.merge(self.given, self.loaded, now)}

    def _of_a_removed_one(self) -> LabelSpec | None:
        if not self.loaded:
            raise Invalid("unknown_label", message="label_not_there", field="labels")
        if self.is_removed or self._is_untouched():
            return None
        if self.loaded.get("remove") != versions.stamp(True):
            raise EditConflict([Clash("remove", True, False)])
        # The user has seen that it was removed, and keeps it.
        return dict(self.given)

    def _is_untouched(self) -> bool:
        seen_removed = self.loaded.get("remove") == versions.stamp(True)
        same = (self.loaded.get(name) == versions.stamp(self.given[name]) for name in self.given)
        return not seen_removed and all(same)

    def _refuse_unseen(self, now: Mapping[str, str]) -> None:
        """Refuse to remove a label that another user has just changed."""
        if any(self.loaded.get(name, own) != own for name, own in versions.stamps(now).items()):
            raise EditConflict([Clash("remove", False, True)])


def label_values(label: Label) -> dict[str, Any]:
    """Return the editable fields of a label."""
    return label_set.values_of(label)


@transaction.atomic
def edit_labels(
    project: Project,
    rows: Sequence[LabelEdit],
    added: Sequence[LabelSpec],
    order: Sequence[int] = (),
) -> list[Label]:
    """Store the changed rows and the added labels; labels without a row stay unchanged.

    `order` has the ids of labels in a new order. The fields of an EditConflict are named
    `<label id>.<field>`.
    """
    versions.hold(project)
    naming.forget(project)
    kept = {label.pk: label for label in naming.labels_of(project)}
    merged = _merged(rows, kept)
    known = {row.id for row in rows}
    stay = [
        merged[pk] if pk in known else {"id": pk, **label_values(label)}
        for pk, label in _in_order(kept, order).items()
    ]
    back = [spec for pk, spec in merged.items() if pk not in kept]
    return label_set.change_labels(project, [spec for spec in [*stay, *back, *added] if spec])


def _in_order(kept: Mapping[int, Label], order: Sequence[int]) -> dict[int, Label]:
    """Return the labels in another order; those that it does not name stay behind the others."""
    places = {pk: place for place, pk in enumerate(order)}
    return dict(sorted(kept.items(), key=lambda each: places.get(each[0], len(places))))


def _merged(rows: Sequence[LabelEdit], kept: Mapping[int, Label]) -> dict[int, LabelSpec | None]:
    merged: dict[int, LabelSpec | None] = {}
    clashes = []
    for row in rows:
        try:
            merged[row.id] = row.merged(kept.get(row.id))
        except EditConflict as refusal:
            clashes += [Clash(f"{row.id}.{c.field}", c.theirs, c.yours) for c in refusal.clashes]
    if clashes:
        raise EditConflict(clashes)
    return merged


# Members -----------------------------------------------------------------------------------------


@transaction.atomic
def add_member(project: Project, username: str, role: str) -> Membership:
    """Add a member; Conflict names the role of an existing one."""
    versions.hold(project)
    member = Membership.objects.filter(project=project, user__username=username).first()
    if member is not None:
        role_name = member.get_role_display()
        raise Conflict("member_already", field="username", name=username, role=role_name)
    return members.add_member(project, username, role)


@transaction.atomic
def change_role(project: Project, user: User, role: str, loaded: Stamps) -> None:
    """Change a member's role; EditConflict if it was changed in the meantime."""
    versions.hold(project)
    if versions.merge({"role": role}, loaded, {"role": members.role_of(project, user)}):
        members.add_member(project, user.username, role)


@transaction.atomic
def remove_member(project: Project, user: User, loaded: Stamps) -> None:
    """Remove a member; EditConflict if their role was changed in the meantime."""
    versions.hold(project)
    versions.merge({"role": None}, loaded, {"role": members.role_of(project, user)})
    members.remove_member(project, user)
