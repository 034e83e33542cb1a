"""The labels of a project."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from annotator.flow import setup
from annotator.forms.fields import LabelLinesField
from annotator.models import Project


class LabelForm(forms.Form):
    """One label that is there: renamed, described, given another key, or taken out."""

    id = forms.IntegerField(widget=forms.HiddenInput)
    name = forms.CharField(label=gettext_lazy("Name"), max_length=200)
    hotkey = forms.CharField(label=gettext_lazy("Key"), max_length=1, required=False)
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

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            # In a table the column's title is the label, which a screen reader needs on each row.
            words = (field.label, self.initial.get("name", ""))
            field.widget.attrs["aria-label"] = ": ".join(str(each) for each in words if each)


LabelRows = forms.formset_factory(LabelForm, extra=0, max_num=500, absolute_max=500)


class NewLabelsForm(forms.Form):
    """Labels that are to be added."""

    labels = LabelLinesField(
        label=gettext_lazy("New labels"),
        required=False,
        help_text=gettext_lazy("One per line; a key may follow after a bar: “spam | s”."),
    )


def label_rows(project: Project, data: Any = None) -> Any:
    """Return the project's labels as rows to edit."""
    fields = ("id", "name", *setup.REST)
    return LabelRows(data, prefix="row", initial=list(project.labels.values(*fields)))


def label_specs(rows: Any, added: NewLabelsForm) -> list[dict[str, Any]]:
    """Return the labels as flow takes them, from checked forms."""
    kept = [row.cleaned_data for row in rows if not row.cleaned_data["remove"]]
    fields = ("id", "name", *setup.REST)
    new: list[dict[str, Any]] = added.cleaned_data["labels"]
    return [{field: row[field] for field in fields} for row in kept] + new
