"""The settings of a project, and its end."""

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
        gettext_lazy("What is asked next"),
        ("strategy", "batch_size", "retrain_every", "retrain_seconds", "rare_label", "features"),
    ),
    (
        gettext_lazy("How it is checked"),
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
        gettext_lazy("When it is enough"),
        ("budget", "target_metric", "target_value", "hourly_rate", "auto_stop"),
    ),
    (gettext_lazy("What annotators see"), ("shown_fields",)),
    (gettext_lazy("Repeating it"), ("seed",)),
)


TITLES = {
    "name": gettext_lazy("Name"),
    "task": gettext_lazy("What is labelled"),
    "multi_label": gettext_lazy("An item may have several labels"),
    "guidelines": gettext_lazy("Guidelines"),
    "strategy": gettext_lazy("Strategy"),
    "batch_size": gettext_lazy("Items per round"),
    "retrain_every": gettext_lazy("Labels before a new round"),
    "retrain_seconds": gettext_lazy("Seconds before a new round"),
    "overlap": gettext_lazy("Labels wanted per item"),
    "audit_share": gettext_lazy("Random audit, %"),
    "gold_share": gettext_lazy("Hidden checks, %"),
    "gold_feedback": gettext_lazy("Tell the known answer after a wrong one"),
    "second_share": gettext_lazy("Second looks, %"),
    "lease_seconds": gettext_lazy("Seconds an item is held"),
    "budget": gettext_lazy("Budget, labels"),
    "target_metric": gettext_lazy("Goal is measured as"),
    "target_value": gettext_lazy("Goal, %"),
    "hourly_rate": gettext_lazy("Cost of an hour"),
    "show_suggestions": gettext_lazy("Show the model's suggestion"),
    "bulk_desk": gettext_lazy("Confirm sure items in bulk"),
    "rare_label": gettext_lazy("Rare label to look for"),
    "auto_stop": gettext_lazy("Pause when it is enough"),
    "features": gettext_lazy("Features"),
    "seed": gettext_lazy("Seed"),
    "shown_fields": gettext_lazy("Fields shown with an item"),
}


HELP = {
    "guidelines": gettext_lazy("What each label means; one key away while labelling."),
    "strategy": gettext_lazy("How the next items are chosen from the pool."),
    "batch_size": gettext_lazy("How many items a round puts into the queue."),
    "retrain_every": gettext_lazy("A round starts after so many new labels."),
    "retrain_seconds": gettext_lazy("Or after so long, if there is at least one new label."),
    "overlap": gettext_lazy(
        "How many people label each item, so that they can be compared. Raised later, it holds "
        "for items that are not finished; for the others this page offers to ask."
    ),
    "audit_share": gettext_lazy(
        "How many of the served items are random ones; accuracy is only ever measured on these."
    ),
    "gold_share": gettext_lazy("How many served items have a known answer and check attention."),
    "gold_feedback": gettext_lazy("Once it is saved. Otherwise only that it was a hidden check."),
    "second_share": gettext_lazy(
        "How many served items are labelled already, and doubtful; only where there are such."
    ),
    "lease_seconds": gettext_lazy("After this an untouched item goes back to the others."),
    "budget": gettext_lazy("How many labels may be spent; empty for no limit."),
    "target_metric": gettext_lazy("What the goal is about."),
    "target_value": gettext_lazy("When the lower end of the interval reaches this, it is enough."),
    "hourly_rate": gettext_lazy(
        "With the time that was spent it gives the cost; in your currency."
    ),
    "show_suggestions": gettext_lazy("Never on audit items, and never on as many others."),
    "bulk_desk": gettext_lazy(
        "Pages of items that the model is sure of; only where suggestions are shown, never audits."
    ),
    "rare_label": gettext_lazy(
        "What “Find a rare class” looks for; the dashboard tells how much of it is found."
    ),
    "auto_stop": gettext_lazy(
        "Nobody gets another item once the budget is spent or the goal is proven."
    ),
    "features": gettext_lazy("What the model sees of an item: quick ones first, then better ones."),
    "seed": gettext_lazy("Everything random follows from it: same seed, same picks."),
    "shown_fields": gettext_lazy("Columns of your files, at most ten, in small type by the item."),
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
        """Return what was typed beside the ticks, for a form that is shown again."""
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

    name = forms.CharField(label=gettext_lazy("Type the project's name"))

    def __init__(self, project: Project, data: Any = None) -> None:
        super().__init__(data, prefix="delete")
        self.project = project
        self.fields["name"].widget.attrs["autocomplete"] = "off"

    def clean_name(self) -> str:
        typed: str = self.cleaned_data["name"]
        if typed != self.project.name:
            raise ValidationError(_("That is not this project's name; nothing was deleted."))
        return typed
