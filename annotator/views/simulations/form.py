"""Simulation form."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from annotator import projectsettings
from annotator.flow.simulation import job
from annotator.models import Project
from annotator.projectsettings.item_selection import AUTO


class SimulationForm(forms.Form):
    """Settings of a simulation: strategies, labelled data, labels and repeats."""

    file = forms.FileField(
        label=gettext_lazy("Labelled file"), required=False, allow_empty_file=True
    )
    strategies = forms.MultipleChoiceField(
        label=gettext_lazy("Strategies"), widget=forms.CheckboxSelectMultiple, initial=["auto"]
    )
    features = forms.MultipleChoiceField(
        label=gettext_lazy("Features"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Each strategy runs with each of them, and the chart shows all."),
    )
    labels = forms.IntegerField(
        label=gettext_lazy("Labels per run"),
        min_value=1,
        max_value=job.MOST_LABELS,
        initial=300,
        help_text=gettext_lazy("Includes the labels of audit items."),
    )
    seeds = forms.IntegerField(
        label=gettext_lazy("Repeats"),
        min_value=1,
        max_value=job.MOST_SEEDS,
        initial=5,
        help_text=gettext_lazy("Independent runs; the interval reflects their spread."),
    )
    text_column = forms.CharField(label=gettext_lazy("Text column"), max_length=200, required=False)
    label_column = forms.CharField(
        label=gettext_lazy("Label column"), max_length=200, required=False
    )

    def __init__(self, project: Project, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._offer_features(project)
        field = self.fields["strategies"]
        assert isinstance(field, forms.MultipleChoiceField)
        # Random is always included, as the reference.
        field.choices = [
            (name, title)
            for name, title in job.strategy_choices(project).items()
            if name != job.RANDOM
        ]
        if job.marks(project):
            self.fields["labels"].label = gettext_lazy("Texts per run")
            self.fields["labels"].help_text = gettext_lazy("Includes those of audits.")
            del self.fields["label_column"]

    def _offer_features(self, project: Project) -> None:
        there = job.feature_choices(project)
        if len(there) == 1:
            del self.fields["features"]
            return
        field = self.fields["features"]
        assert isinstance(field, forms.MultipleChoiceField)
        titles = projectsettings.feature_titles(project)
        field.choices = [(name, titles[name]) for name in there]
        field.initial = [AUTO]

    def columns(self) -> list[forms.BoundField]:
        """Return the fields only needed if columns cannot be found by name."""
        return [self[name] for name in ("text_column", "label_column") if name in self.fields]
