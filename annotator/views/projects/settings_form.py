"""Form for settings, and for the deletion of a project."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from annotator import tasktypes
from annotator.flow.projects import preferences, settings, versions
from annotator.models import Project
from annotator.views.form_fields import FieldNamesField, PercentField
from annotator.views.versioned_forms import SharedForm

GROUPS = (
    (
        gettext_lazy("Item selection"),
        ("strategy", "batch_size", "retrain_every", "retrain_seconds", "rare_label", "features"),
    ),
    (
        gettext_lazy("Quality control"),
        (
            "audit_share",
            "gold_share",
            "gold_feedback",
            "second_share",
            "overlap",
            "lease_seconds",
            "show_suggestions",
            "bulk_desk",
        ),
    ),
    (
        gettext_lazy("Stopping criteria"),
        ("budget", "target_metric", "target_value", "hourly_rate", "auto_stop"),
    ),
    (gettext_lazy("Annotator view"), ("shown_fields",)),
    (gettext_lazy("Reproducibility"), ("seed",)),
)


TITLES = {
    "name": gettext_lazy("Name"),
    "task": gettext_lazy("Data type"),
    "multi_label": gettext_lazy("Allow multiple labels per item"),
    "guidelines": gettext_lazy("Guidelines"),
    "strategy": gettext_lazy("Strategy"),
    "batch_size": gettext_lazy("Items per round"),
    "retrain_every": gettext_lazy("New labels per round"),
    "retrain_seconds": gettext_lazy("Round timeout (s)"),
    "overlap": gettext_lazy("Annotations per item"),
    "audit_share": gettext_lazy("Audit sample (%)"),
    "gold_share": gettext_lazy("Gold items (%)"),
    "gold_feedback": gettext_lazy("Show the correct answer after a wrong one"),
    "second_share": gettext_lazy("Re-annotation (%)"),
    "lease_seconds": gettext_lazy("Lease time (s)"),
    "budget": gettext_lazy("Label budget"),
    "target_metric": gettext_lazy("Target metric"),
    "target_value": gettext_lazy("Target (%)"),
    "hourly_rate": gettext_lazy("Hourly rate"),
    "show_suggestions": gettext_lazy("Show suggestions"),
    "bulk_desk": gettext_lazy("Bulk labelling of confident items"),
    "rare_label": gettext_lazy("Rare label"),
    "auto_stop": gettext_lazy("Pause when a stopping criterion is met"),
    "features": gettext_lazy("Features"),
    "seed": gettext_lazy("Random seed"),
    "shown_fields": gettext_lazy("Fields shown with each item"),
}


HELP = {
    "guidelines": gettext_lazy(
        "Instructions for annotators. They open them with one key while labelling."
    ),
    "strategy": gettext_lazy("Selects the next items from the pool."),
    "batch_size": gettext_lazy("The number of items that a round adds to the queue."),
    "retrain_every": gettext_lazy("A round starts after this many new labels."),
    "retrain_seconds": gettext_lazy("…or after this many seconds, if there are new labels."),
    "overlap": gettext_lazy(
        "The number of annotators per item; 2 or more measures agreement. A later increase "
        "applies to unfinished items; this page offers to request the missing annotations of the "
        "others."
    ),
    "audit_share": gettext_lazy(
        "Share of random items among the items served. Accuracy is measured only on these."
    ),
    "gold_share": gettext_lazy(
        "Share of items with a known answer among the items served. They measure annotators."
    ),
    "gold_feedback": gettext_lazy(
        "Shown after saving. If off, annotators only learn that it was a gold item."
    ),
    "second_share": gettext_lazy(
        "Share of likely label errors among the items served, annotated again by others."
    ),
    "lease_seconds": gettext_lazy(
        "An item that isn't labelled in this time is released to others."
    ),
    "budget": gettext_lazy("Maximum number of labels; empty for no limit."),
    "target_metric": gettext_lazy(
        "The metric that the target applies to. For the recall of the rare label, “Automatic” "
        "searches for that label."
    ),
    "target_value": gettext_lazy("Met when the lower end of the interval reaches this value."),
    "hourly_rate": gettext_lazy(
        "In your currency. Multiplied by annotation time, it gives the cost."
    ),
    "show_suggestions": gettext_lazy("Hidden on audit items and an equal number of other items."),
    "bulk_desk": gettext_lazy(
        "Confirm confident predictions page by page. Needs suggestions; never includes audit items."
    ),
    "rare_label": gettext_lazy(
        "The label to search for. “Automatic” searches for it once the target is its recall; “Find "
        "a rare class” always does. The dashboard shows the recall."
    ),
    "auto_stop": gettext_lazy(
        "No new items are served once the budget is spent or the target is proven."
    ),
    "features": gettext_lazy("Features that the model uses: fast ones first, then better ones."),
    "seed": gettext_lazy("The same seed gives the same selection."),
    "shown_fields": gettext_lazy("Columns of your files shown beside the item; at most ten."),
}


class SettingsForm(SharedForm, forms.ModelForm):  # type: ignore[type-arg]
    """Every setting of a project, each with its reason in one sentence."""

    audit_share = PercentField(min_value=0, max_value=0.5)
    gold_share = PercentField(min_value=0, max_value=0.5)
    second_share = PercentField(min_value=0, max_value=0.5)
    target_value = PercentField(required=False, min_value=0.01, max_value=0.999)

    class Meta:
        model = Project
        fields = ("name", *Project.SETTINGS)
        widgets = {"guidelines": forms.Textarea(attrs={"rows": 8})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        # Without an instance a model form does not fill in defaults for fields declared above.
        kwargs.setdefault("instance", Project())
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.label = TITLES.get(name, field.label)
            field.help_text = HELP.get(name, field.help_text)
        self.strategies = settings.strategy_choices()
        self.fields["strategy"] = forms.ChoiceField(
            label=TITLES["strategy"],
            help_text=HELP["strategy"],
            choices=[(name, title) for name, title, _words in self.strategies],
        )
        self.fields["features"] = forms.ChoiceField(
            label=TITLES["features"],
            help_text=HELP["features"],
            choices=settings.feature_choices(self.instance if self.instance.pk else None),
        )
        self.fields["shown_fields"] = FieldNamesField(
            label=TITLES["shown_fields"],
            help_text=HELP["shown_fields"],
            choices=[(name, name) for name in self._known_fields()],
            required=False,
        )
        self._limit_rare_label()
        for name in tasktypes.lacking_settings(self.instance) & set(self.fields):
            del self.fields[name]

    def stored(self) -> dict[str, Any]:
        """Return the settings as they are stored now."""
        return versions.settings_of(self.instance)

    def _known_fields(self) -> list[str]:
        """Return the fields that the items have, and those that are shown already."""
        seen = preferences.field_names(self.instance) if self.instance.pk else []
        return list(dict.fromkeys([*self.instance.shown_fields, *seen]))

    def typed_fields(self) -> str:
        """Return the field names typed beside the checkboxes, to show the form again."""
        known = {str(box.data["value"]) for box in self["shown_fields"]}
        typed = self["shown_fields"].value() or []
        return ", ".join(name for name in typed if name and name not in known)

    def _limit_rare_label(self) -> None:
        if not self.instance.pk:
            del self.fields["rare_label"]
            return
        field = self.fields["rare_label"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = self.instance.labels.all()
        field.empty_label = _("none")

    def groups(self) -> Iterator[tuple[str, list[forms.BoundField]]]:
        """Return the settings by what they are for."""
        for title, names in GROUPS:
            yield str(title), [self[name] for name in names if name in self.fields]

    def changes(self) -> dict[str, Any]:
        """Return the settings that were typed in, as flow takes them."""
        return {name: value for name, value in self.cleaned_data.items() if name != "labels"}

    def _post_clean(self) -> None:
        # A model form writes into its instance before anything is checked; flow does that, after.
        return


class DeleteForm(forms.Form):
    """Deleting asks for the project's name, so that no stray click does it."""

    name = forms.CharField(label=gettext_lazy("Project name to confirm"))

    def __init__(self, project: Project, data: Any = None) -> None:
        super().__init__(data, prefix="delete")
        self.project = project
        self.fields["name"].widget.attrs["autocomplete"] = "off"

    def clean_name(self) -> str:
        typed: str = self.cleaned_data["name"]
        if typed != self.project.name:
            raise ValidationError(
                _("Nothing was deleted: the name doesn't match. Type the project's name.")
            )
        return typed
