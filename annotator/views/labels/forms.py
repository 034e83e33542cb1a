"""Forms to merge and to split labels."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from annotator.flow.items.criteria import NAMES
from annotator.flow.labels import naming
from annotator.models import Project
from annotator.views.form_fields import LabelLinesField


def _choices(project: Project) -> list[tuple[str, str]]:
    labels = [(str(label.pk), label.name) for label in naming.labels_of(project)]
    return [("", "–"), *labels]


def _chosen(prefix: str, given: Any) -> dict[str, str]:
    """Return what was chosen so far, by field."""
    start = f"{prefix}-"
    return {k.removeprefix(start): v for k, v in (given or {}).items() if k.startswith(start)}


class MergeForm(forms.Form):
    """Two labels; the first goes into the second."""

    source = forms.TypedChoiceField(label=gettext_lazy("Merge"), coerce=int)
    target = forms.TypedChoiceField(label=gettext_lazy("into"), coerce=int)

    def __init__(self, project: Project, data: Any = None, *, chosen: Any = None) -> None:
        super().__init__(data, prefix="merge", initial=_chosen("merge", chosen))
        for field in self.fields.values():
            field.choices = _choices(project)  # type: ignore[attr-defined]

    def pair(self) -> dict[str, int]:
        """Return the ids of both labels."""
        return {name: self.cleaned_data[name] for name in ("source", "target")}


class SplitForm(forms.Form):
    """A label, the names of the new ones, and which of its items are asked again."""

    # What it would touch is shown before the new labels are named.
    use_required_attribute = False

    label = forms.TypedChoiceField(label=gettext_lazy("Split"), coerce=int)
    names = LabelLinesField(
        label=gettext_lazy("New labels, one per line"),
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
    )
    q = forms.CharField(
        label=gettext_lazy("Only items with these words"), max_length=500, required=False
    )
    retire = forms.BooleanField(
        label=gettext_lazy("Retire the old label"), required=False, initial=True
    )

    def __init__(self, project: Project, data: Any = None, *, chosen: Any = None) -> None:
        super().__init__(data, prefix="split", initial=_chosen("split", chosen))
        self._given = data or chosen or {}
        self.fields["label"].choices = _choices(project)  # type: ignore[attr-defined]

    @property
    def more(self) -> list[tuple[str, str]]:
        """Return the filters of the item list that came along."""
        there = ((name, self._given.get(name, "")) for name in NAMES if name not in ("q", "label"))
        return [(name, value) for name, value in there if value]

    def filter(self) -> dict[str, str]:
        """Return the filter of the item list that chooses the items."""
        kept = dict(self.more)
        words = self.cleaned_data.get("q", "")
        return {**kept, "q": words} if words else kept

    def asked(self) -> dict[str, Any]:
        """Return the arguments of `label_split.start`."""
        return {
            "label": self.cleaned_data["label"],
            "names": [each["name"] for each in self.cleaned_data["names"]],
            "filter": self.filter(),
            "retire": self.cleaned_data["retire"],
        }
