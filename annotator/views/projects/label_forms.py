"""Forms for the labels of a project."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from annotator.flow.projects import edits, versions
from annotator.flow.projects.versions import Clash
from annotator.models import Project
from annotator.views.form_fields import LabelLinesField
from annotator.views.versioned_forms import SharedForm

# Characters; a description is meant to be one sentence.
DESCRIPTION_LINE = 60


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
    remove = forms.BooleanField(label=gettext_lazy("Remove"), required=False)

    def __init__(self, *args: Any, labels: dict[int, dict[str, Any]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._labels = labels
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
        values = {name: (label or {}).get(name, "") for name in edits.LABEL_FIELDS}
        return {**values, "remove": label is None}

    def edit(self) -> edits.LabelEdit:
        """Return the validated row for flow."""
        given = {name: self.cleaned_data[name] for name in self._given()}
        return edits.LabelEdit(self.label_id, given, self.cleaned_data["remove"], self.loaded)

    def _given(self) -> list[str]:
        return [name for name in edits.LABEL_FIELDS if name in self.cleaned_data]

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
    )


def label_rows(project: Project, data: Any = None) -> Any:
    """Return the project's labels as editable rows."""
    rows = list(project.labels.values("id", *edits.LABEL_FIELDS))
    by_id = {row["id"]: row for row in rows}
    return LabelRows(data, prefix="row", initial=rows, form_kwargs={"labels": by_id})


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
