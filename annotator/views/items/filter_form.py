"""Filter bar of the item list."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy

from annotator import tasktypes
from annotator.flow.items import criteria, likeness
from annotator.flow.labels import naming
from annotator.models import Annotation, Project, Source, User

FLAG_TITLES = {
    "unsure": gettext_lazy("unsure"),
    "has_note": gettext_lazy("with a note"),
    "disagreed": gettext_lazy("disagreement"),
    "suspect": gettext_lazy("suspected label error"),
    "corrected": gettext_lazy("corrected"),
    "skipped": gettext_lazy("skipped"),
    "gold": gettext_lazy("gold item"),
}
SORT_TITLES = {
    "position": gettext_lazy("imported first"),
    "-position": gettext_lazy("imported last"),
    "newest": gettext_lazy("newest annotation"),
    "key": gettext_lazy("ID"),
    "-key": gettext_lazy("ID, descending"),
    "confidence": gettext_lazy("least certain prediction"),
    "-confidence": gettext_lazy("most certain prediction"),
}
TABLE, GRID = "table", "grid"
COLUMNS = {
    "label": pgettext_lazy("noun", "Label"),
    "annotator": gettext_lazy("Annotator"),
    "predicted": gettext_lazy("Prediction"),
    "state": gettext_lazy("Status"),
    "at": gettext_lazy("Annotated"),
    "remarks": gettext_lazy("Notes and skips"),
    "key": gettext_lazy("ID"),
}
MORE = ("source", "from", "to", *FLAG_TITLES)


class FilterForm(forms.Form):
    """Criteria, order and looks of the list, by the names of the parameters."""

    q = forms.CharField(required=False, max_length=500)
    by = forms.ChoiceField(required=False)
    label = forms.ChoiceField(required=False)
    predicted = forms.ChoiceField(required=False)
    annotator = forms.ChoiceField(required=False)
    state = forms.ChoiceField(required=False)
    source = forms.ChoiceField(required=False)
    sort = forms.ChoiceField(required=False)
    view = forms.ChoiceField(required=False)
    columns = forms.MultipleChoiceField(required=False, widget=forms.CheckboxSelectMultiple)
    like = forms.IntegerField(required=False, min_value=0, widget=forms.HiddenInput)
    ids = forms.CharField(required=False, widget=forms.HiddenInput)
    after = forms.IntegerField(required=False, min_value=0, widget=forms.HiddenInput)

    def __init__(self, data: Any, project: Project) -> None:
        self._project = project
        super().__init__(_renamed(project, data))
        for name, words in (("from", _("Annotated from")), ("to", _("Annotated until"))):
            day = forms.DateInput(attrs={"type": "date"})
            self.fields[name] = forms.CharField(label=words, widget=day, required=False)
        for name, title in FLAG_TITLES.items():
            self.fields[name] = forms.BooleanField(required=False, label=title)
            self.fields[name].widget = forms.CheckboxInput(attrs={"value": "1"})
        self.fields["q"].widget = forms.TextInput(
            attrs={"type": "search", "autocomplete": "off", "dir": "auto"}
        )
        self.fields["q"].label = _("Text or ID")
        self._say_choices()
        if not likeness.reads_meaning(project):
            del self.fields["by"]

    def _say_choices(self) -> None:
        project = self._project
        names = [each.name for each in naming.labels_of(project)]
        labels = list(zip(names, tasktypes.titles(project, names), strict=True))
        states = [(name, state.label) for name, state in criteria.STATES.items()]
        told = {
            "by": (_("Search by"), [("words", _("words")), ("meaning", _("meaning"))]),
            "label": (pgettext("noun", "Label"), [("", _("any label")), *labels]),
            "predicted": (_("Prediction"), [("", _("any prediction")), *labels]),
            "annotator": (_("Annotator"), [("", _("anybody")), *_people(project)]),
            "state": (_("Status"), [("", _("any status")), *states]),
            "source": (_("Selected as"), [("", _("any reason")), *Source.choices]),
            "sort": (_("Sort by"), list(SORT_TITLES.items())),
            "view": (_("View"), [(TABLE, _("table")), (GRID, _("grid"))]),
            "columns": (_("Columns"), list(COLUMNS.items())),
        }
        for name, (title, choices) in told.items():
            self.fields[name].label = title
            self.fields[name].choices = choices  # type: ignore[attr-defined]

    @property
    def always(self) -> list[Any]:
        """Return the fields that are always in reach."""
        names = ("by", "label", "predicted", "annotator", "state")
        return [self[name] for name in names if name in self.fields]

    @property
    def more(self) -> list[Any]:
        """Return the selects and days that are folded."""
        return [self[name] for name in ("source", "from", "to")]

    @property
    def flags(self) -> list[Any]:
        """Return the boxes to tick."""
        return [self[name] for name in FLAG_TITLES]

    @property
    def has_more(self) -> bool:
        """Tell whether a folded criterion applies."""
        return any(self.data.get(name) for name in MORE)


def _renamed(project: Project, data: Any) -> Mapping[str, Any]:
    """Return the parameters with the labels' current names: an address may be older."""
    known, data = naming.by_name(project), data.copy()
    for name in ("label", "predicted"):
        if data.get(name) in known:
            data[name] = known[data[name]].name
    return data  # type: ignore[no-any-return]


def _people(project: Project) -> list[tuple[str, str]]:
    answered = Annotation.objects.filter(project=project)
    users = User.objects.filter(memberships__project=project).values_list("username", flat=True)
    authors = answered.exclude(author="").order_by().values_list("author", flat=True).distinct()
    return [(name, name) for name in sorted({*users, *authors[:50]}, key=str.lower)]
