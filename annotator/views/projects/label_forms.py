"""Forms for the labels of a project."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from annotator.flow.labels import naming
from annotator.flow.projects import edits, versions
from annotator.flow.projects.versions import Clash
from annotator.models import Label, Project
from annotator.views.form_fields import LabelLinesField
from annotator.views.versioned_forms import SharedForm

# Characters; a description is meant to be one sentence.
DESCRIPTION_LINE = 60
# With more labels, a choice among all of them in each row would weigh megabytes.
MANY = 60
BLANK: dict[str, Any] = {
    **dict.fromkeys(edits.LABEL_FIELDS, ""),
    "parent": None,
    "retired": False,
}


class LabelForm(SharedForm, forms.Form):
    """An existing label: to rename, describe, give another key, or remove."""

    id = forms.IntegerField(widget=forms.HiddenInput)
    name = forms.CharField(label=gettext_lazy("Name"), max_length=200)
    hotkey = forms.CharField(label=gettext_lazy("Shortcut"), max_length=1, required=False)
    description = forms.CharField(
        label=gettext_lazy("Description"), max_length=2000, required=False
    )
    examples = forms.CharField(
        label=gettext_lazy("Examples"),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    color = forms.ChoiceField(
        label=gettext_lazy("Color"),
        choices=[("", gettext_lazy("none")), *Label.Color.choices],
        required=False,
    )
    parent = forms.TypedChoiceField(
        label=gettext_lazy("Group"), required=False, coerce=int, empty_value=None
    )
    place = forms.IntegerField(
        label=gettext_lazy("Place"),
        required=False,
        min_value=1,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )
    retired = forms.BooleanField(label=gettext_lazy("Retired"), required=False)
    remove = forms.BooleanField(label=gettext_lazy("Remove"), required=False)

    def __init__(
        self,
        *args: Any,
        labels: dict[int, dict[str, Any]],
        parents: list[tuple[str, str]],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._labels = labels
        own = str(self.label_id or self.initial.get("id", ""))
        others = [each for each in parents if each[0] != own]
        self.fields["parent"].choices = [("", "–"), *others]  # type: ignore[attr-defined]
        if self.is_bound:
            # By the submitted id, because rows may have been added or removed before it.
            self.initial = labels.get(self.label_id, {})
        if _needs_lines(str(self["description"].value() or "")):
            self.fields["description"].widget = forms.Textarea(attrs={"rows": 2})
        for name, field in self.fields.items():
            # In a table, the column title is the visible label, but a screen reader needs one per
            # row.
            field.widget.attrs["aria-label"] = self.title_of(name)
            # Drafts are stored by label, whatever its row.
            field.widget.attrs["data-draft"] = f"label-{self.label_id}-{name}"
            field.widget.attrs["data-field"] = name

    def title_of(self, name: str) -> str:
        """Return a field's title with its label's name."""
        words = (self.fields[name].label, self.initial.get("name", ""))
        return ": ".join(str(each) for each in words if each)

    @property
    def label_id(self) -> int:
        """Return the id of the row's label, 0 without one."""
        sent = str(self["id"].value() or "")
        return int(sent) if sent.isascii() and sent.isdigit() and len(sent) < 19 else 0

    def stored(self) -> dict[str, Any]:
        """Return the label as stored now; a deleted one counts as removed."""
        label = self._labels.get(self.label_id)
        values = {name: (label or BLANK)[name] for name in edits.LABEL_FIELDS}
        return {**values, "remove": label is None}

    def edit(self) -> edits.LabelEdit:
        """Return the validated row for flow."""
        given = {name: self.cleaned_data[name] for name in self._given()}
        return edits.LabelEdit(self.label_id, given, self.cleaned_data["remove"], self.loaded)

    def _given(self) -> list[str]:
        # A client may leave out what it does not know; a box that is not ticked is not sent.
        known = [name for name in edits.LABEL_FIELDS if name in self.cleaned_data]
        return [name for name in known if name == "retired" or self.add_prefix(name) in self.data]

    def add_clashes(self, clashes: list[Clash]) -> None:
        """Show the edit conflicts; deciding on a removed label implies having seen its fields."""
        super().add_clashes(clashes)
        if any(each.field == "remove" for each in clashes):
            self._seen |= versions.stamps(self.stored())

    def in_words(self, name: str, value: Any) -> str:
        """Return a value as text; for a label that is kept, all of its fields."""
        if name != "remove":
            return super().in_words(name, value)
        if value:
            return _("removed")
        is_stored = not self.stored()["remove"]
        label = self.stored() if is_stored else self.cleaned_data
        return "\n".join(str(label[each]) for each in edits.LABEL_FIELDS if label.get(each))

    def take(self, version: str, name: str) -> dict[str, str]:
        """Return the stamps that apply once a version is chosen; for a removal, all of them."""
        if name != "remove":
            return super().take(version, name)
        if version == "mine":
            return self._stamps("seen")
        now = self.stored()
        for each in edits.LABEL_FIELDS:
            self._type(each, now[each])
        self._type("remove", now["remove"])
        return versions.stamps(now)


def _needs_lines(description: str) -> bool:
    """Return whether a description does not fit in one line; an input would drop line breaks."""
    return len(description) > DESCRIPTION_LINE or len(description.splitlines()) > 1


LabelRows = forms.formset_factory(LabelForm, extra=0, max_num=500, absolute_max=500)


class NewLabelsForm(forms.Form):
    """Labels to add."""

    labels = LabelLinesField(
        label=gettext_lazy("New labels"),
        required=False,
        help_text=gettext_lazy("One per line. Add a shortcut after a bar: “spam | s”."),
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
    )


def label_rows(project: Project, data: Any = None) -> Any:
    """Return the project's labels as editable rows."""
    naming.forget(project)
    labels = naming.labels_of(project)
    rows = [
        {"id": label.pk, "place": number, **edits.label_values(label)}
        for number, label in enumerate(labels, 1)
    ]
    by_id = {row["id"]: row for row in rows}
    options = {"labels": by_id, "parents": _parents(labels)}
    return LabelRows(data, prefix="row", initial=rows, form_kwargs=options)


def _parents(labels: list[Label]) -> list[tuple[str, str]]:
    """Return the labels that may have a group: with very many labels, those that have one."""
    taken = {label.parent_id for label in labels}
    few = len(labels) <= MANY
    found = [each for each in labels if each.parent_id is None and (few or each.pk in taken)]
    return [(str(label.pk), label.name) for label in found]


def order_of(rows: Any) -> list[int]:
    """Return the ids of the labels in the typed order; empty if nothing was moved."""
    places = [(row.label_id, row.cleaned_data.get("place"), n) for n, row in enumerate(rows, 1)]
    if all(place in (None, number) for _pk, place, number in places):
        return []
    # A label that moves up comes before the one whose place it takes, one that moves down after.
    found = sorted(
        places, key=lambda each: ((each[1] or each[2]), _way(each[1] or each[2], each[2]))
    )
    return [pk for pk, _place, _number in found]


def _way(place: int, number: int) -> int:
    return (place > number) - (place < number)


def add_label_clashes(rows: Any, clashes: list[Clash]) -> None:
    """Show each conflict at the row of its label."""
    for row in rows:
        # The id is validated, so no other row has this prefix.
        own = f"{row.label_id}."
        row.add_clashes(
            [
                Clash(each.field.removeprefix(own), each.theirs, each.yours)
                for each in clashes
                if each.field.startswith(own)
            ]
        )
