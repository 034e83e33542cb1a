"""Search form."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from annotator import tasktypes
from annotator.flow.datasets import search
from annotator.flow.labels import naming
from annotator.models import Project


class FindForm(forms.Form):
    """Search criteria: text, state, label, similar item, and the position to continue from."""

    q = forms.CharField(required=False, max_length=500)
    by = forms.ChoiceField(required=False)
    state = forms.ChoiceField(required=False)
    label = forms.ChoiceField(required=False)
    like = forms.IntegerField(required=False, min_value=0, widget=forms.HiddenInput)
    after = forms.IntegerField(required=False, min_value=0, widget=forms.HiddenInput)

    def __init__(self, data: Any, project: Project) -> None:
        known = naming.by_name(project)
        if data.get("label") in known:
            # A URL may be older than a rename.
            data = {**data.dict(), "label": known[data["label"]].name}
        super().__init__(data)
        q, state, label = (self.fields[name] for name in ("q", "state", "label"))
        q.label, state.label = _("Text or ID"), _("Status")
        label.label = pgettext("noun", "Label")
        q.widget = forms.TextInput(attrs={"type": "search", "autocomplete": "off", "dir": "auto"})
        by = self.fields["by"]
        by.label = _("Search by")
        by.choices = [(search.WORDS, _("words")), (search.MEANING, _("meaning"))]  # type: ignore[attr-defined]
        if not search.reads_meaning(project):
            del self.fields["by"]
        names = [each.name for each in project.labels.all()]
        titled = zip(names, tasktypes.titles(project, names), strict=True)
        label.choices = [("", _("any label")), *titled]  # type: ignore[attr-defined]
        states = [(name, state.label) for name, state in search.STATES.items()]
        state.choices = [("", _("any status")), *states]  # type: ignore[attr-defined]
