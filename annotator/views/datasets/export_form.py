"""Form of what goes out."""

from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy

from annotator import tasktypes
from annotator.flow.datasets.outgoing.choices import units_of
from annotator.flow.labels import naming
from annotator.formats.base import LEAVE_OUT, SHRINK, WIDEN
from annotator.formats.registry import WRITERS
from annotator.models import Item, Project, Source

UNITS = [
    ("annotation", gettext_lazy("One row per annotation")),
    ("item", gettext_lazy("One row per item, with the label that counts")),
    ("document", gettext_lazy("One row per document, its paragraphs put together")),
]
UNALIGNED = [
    (WIDEN, gettext_lazy("widen to whole tokens")),
    (SHRINK, gettext_lazy("shrink to whole tokens")),
    (LEAVE_OUT, gettext_lazy("leave out")),
]
INCLUDES = [
    ("unlabelled", gettext_lazy("items without an annotation")),
    ("skipped", gettext_lazy("skips with their reasons")),
    ("predictions", gettext_lazy("predictions of the newest model")),
    ("withdrawn", gettext_lazy("withdrawn annotations")),
]


def _several(label: Any, choices: Any) -> forms.MultipleChoiceField:
    boxes = forms.CheckboxSelectMultiple()
    return forms.MultipleChoiceField(label=label, choices=choices, required=False, widget=boxes)


class ExportForm(forms.Form):
    """The format of an export, and what goes out."""

    format = forms.ChoiceField(
        label=gettext_lazy("Format"), choices=[(e.kind, e.title) for e in WRITERS.values()]
    )
    unit = forms.ChoiceField(label=gettext_lazy("Rows"), choices=UNITS, required=False)
    include = _several(gettext_lazy("Also include"), INCLUDES)
    label = _several(gettext_lazy("Only these labels"), ())
    state = _several(
        gettext_lazy("Only items that are"),
        [(state.name.lower(), state.label) for state in Item.State],
    )
    source = _several(gettext_lazy("Only by reason"), Source.choices)
    annotator = forms.CharField(
        label=gettext_lazy("Only by this annotator"), required=False, max_length=150
    )
    to = forms.DateField(
        label=gettext_lazy("Last day"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
    )
    unaligned = forms.ChoiceField(
        label=gettext_lazy("Spans that begin or end within a token"),
        choices=UNALIGNED,
        required=False,
        help_text=gettext_lazy("spaCy and Hugging Face hold whole tokens only."),
    )
    agreed = forms.BooleanField(
        label=gettext_lazy("Only complete items without an open disagreement"), required=False
    )

    def __init__(self, *args: Any, project: Project, **options: Any) -> None:
        super().__init__(*args, **options)
        names = [label.name for label in naming.labels_of(project)]
        titles = naming.titles(project, [label.pk for label in naming.labels_of(project)])
        if tasktypes.of(project).answer.of_classes:
            formats: Any = self.fields["format"]
            formats.choices = [(e.kind, e.title) for e in WRITERS.values() if not e.of_spans]
            del self.fields["unaligned"]
        there, units = units_of(project), cast(Any, self.fields["unit"])
        units.choices = [(value, title) for value, title in UNITS if value in there]
        choices: Any = self.fields["label"]
        choices.choices = list(zip(names, titles, strict=True))
        # No Python name.
        self.fields["from"] = forms.DateField(
            label=gettext_lazy("First day"),
            required=False,
            widget=forms.DateInput(attrs={"type": "date"}),
        )

    @property
    def basics(self) -> list[Any]:
        """Return the fields that everybody sees."""
        names = ("format", "unaligned", "unit", "agreed", "include")
        return [self[name] for name in names if name in self.fields]

    @property
    def filters(self) -> list[Any]:
        """Return the fields that leave something out."""
        names = ("label", "annotator", "from", "to", "state", "source")
        return [self[name] for name in names]

    def wanted(self) -> dict[str, Any]:
        """Return what was chosen, by the names of the parameters."""
        given = {name: value for name, value in self.cleaned_data.items() if value}
        given["annotator"] = [given["annotator"]] if "annotator" in given else []
        return given
