"""What people type in: each form checks the shape, flow checks the meaning."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.password_validation import password_validators_help_texts
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from annotator.flow import desk, finding, setup, simulating
from annotator.flow.refusals import Refused
from annotator.models import Import, Project, Role


def add_refusal(form: forms.BaseForm, refusal: Refused) -> None:
    """Show each part of a refusal at the field that it is about."""
    for error in refusal.errors:
        field = error.get("field") or None
        form.add_error(field if field in form.fields else None, error["detail"])


# Labelling ---------------------------------------------------------------------------------------


class AnswerForm(forms.Form):
    """A decision on the item that is held; flow knows which labels there are."""

    lease = forms.UUIDField()
    client_id = forms.UUIDField()
    seconds = forms.FloatField(required=False, min_value=0, max_value=86_400)
    note = forms.CharField(required=False, max_length=2000)


class LeaseForm(forms.Form):
    """The item that is held, and perhaps why it is given back."""

    lease = forms.UUIDField()
    reason = forms.CharField(required=False, max_length=500)


class FindForm(forms.Form):
    """What is looked for: a text, a state, a label, what is like an item; and from where on."""

    q = forms.CharField(required=False, max_length=500)
    state = forms.ChoiceField(required=False)
    label = forms.ChoiceField(required=False)
    like = forms.IntegerField(required=False, min_value=0, widget=forms.HiddenInput)
    after = forms.IntegerField(required=False, min_value=0, widget=forms.HiddenInput)

    def __init__(self, data: Any, project: Project) -> None:
        super().__init__(data)
        q, state, label = (self.fields[name] for name in ("q", "state", "label"))
        q.label, state.label, label.label = _("Text or key"), _("What it is now"), _("Label")
        q.widget = forms.TextInput(attrs={"type": "search", "autocomplete": "off", "dir": "auto"})
        names = [(each.name, each.name) for each in project.labels.all()]
        label.choices = [("", _("any label")), *names]  # type: ignore[attr-defined]
        states = [(name, state.label) for name, state in finding.STATES.items()]
        state.choices = [("", _("anything")), *states]  # type: ignore[attr-defined]


class BulkForm(forms.Form):
    """A page that is confirmed; flow knows whose page it is, and which of its items are marked."""

    label = forms.CharField(max_length=200)
    seconds = forms.FloatField(required=False, min_value=0, max_value=86_400)


# Projects ----------------------------------------------------------------------------------------


class PageForm(forms.Form):
    """Which page is on the screen, or was; flow knows what it holds."""

    page = forms.CharField(max_length=60)


class PercentField(forms.FloatField):
    """A share that is kept as 0.15 and typed as 15."""

    def prepare_value(self, value: Any) -> Any:
        return f"{100 * value:g}" if isinstance(value, float) else value

    def to_python(self, value: Any) -> Any:
        typed = super().to_python(value)
        return None if typed is None else typed / 100

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return {"inputmode": "decimal", "step": "any", "min": 0, "max": 100}


class LabelLinesField(forms.CharField):
    """Labels, one per line; a key may follow after a bar, as in “spam | s”."""

    widget = forms.Textarea(attrs={"rows": 6, "spellcheck": "false"})

    def to_python(self, value: Any) -> list[dict[str, str]]:  # type: ignore[override]
        lines = (super().to_python(value) or "").splitlines()
        return [self._label(line) for line in lines if line.strip()]

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, list):
            return "\n".join(" | ".join(filter(None, each.values())) for each in value)
        return value

    def _label(self, line: str) -> dict[str, str]:
        name, bar, hotkey = line.rpartition("|")
        if not bar or len(hotkey.strip()) > 1:
            return {"name": line.strip(), "hotkey": ""}
        return {"name": name.strip(), "hotkey": hotkey.strip()}

    def validate(self, value: Any) -> None:
        if self.required and not value:
            raise ValidationError(self.error_messages["required"], code="required")

    def run_validators(self, value: Any) -> None:
        # A list is no text; flow checks the names, the keys and how many there are.
        return


class FieldNamesField(forms.MultipleChoiceField):
    """Names of metadata fields: ticked where they were seen, else typed with commas between."""

    widget = forms.CheckboxSelectMultiple

    def to_python(self, value: Any) -> list[str]:
        names: list[str] = []
        for given in super().to_python(value):
            # A field that was seen may have a comma in its name.
            names += [given] if super().valid_value(given) else _separated(given)
        return list(dict.fromkeys(names))

    def valid_value(self, value: str) -> bool:
        return True


def _separated(typed: str) -> list[str]:
    return [name.strip() for name in typed.split(",") if name.strip()]


GROUPS = (
    (
        gettext_lazy("What is asked next"),
        ("strategy", "batch_size", "retrain_every", "retrain_seconds", "rare_label", "features"),
    ),
    (
        gettext_lazy("How it is checked"),
        ("audit_share", "gold_share", "overlap", "lease_seconds", "show_suggestions", "bulk_desk"),
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
    "overlap": gettext_lazy("How many people label each item, so that they can be compared."),
    "audit_share": gettext_lazy(
        "How many of the served items are random ones; accuracy is only ever measured on these."
    ),
    "gold_share": gettext_lazy("How many served items have a known answer and check attention."),
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
    "rare_label": gettext_lazy("What “Find a rare class” looks for."),
    "auto_stop": gettext_lazy("Nobody gets another item once the advice is to stop."),
    "features": gettext_lazy("What the model sees of an item: quick ones first, then better ones."),
    "seed": gettext_lazy("Everything random follows from it: same seed, same picks."),
    "shown_fields": gettext_lazy("Columns of your files, at most ten, in small type by the item."),
}


class SettingsForm(forms.ModelForm):
    """Every setting of a project, each with its reason in one sentence."""

    audit_share = PercentField(min_value=0, max_value=0.5)
    gold_share = PercentField(min_value=0, max_value=0.5)
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
        self.strategies = setup.strategy_choices()
        self.fields["strategy"] = forms.ChoiceField(
            label=TITLES["strategy"],
            help_text=HELP["strategy"],
            choices=[(name, title) for name, title, _words in self.strategies],
        )
        self.fields["features"] = forms.ChoiceField(
            label=TITLES["features"],
            help_text=HELP["features"],
            choices=setup.feature_choices(self.instance if self.instance.pk else None),
        )
        self.fields["shown_fields"] = FieldNamesField(
            label=TITLES["shown_fields"],
            help_text=HELP["shown_fields"],
            choices=[(name, name) for name in self._known_fields()],
            required=False,
        )
        self._limit_rare_label()

    def _known_fields(self) -> list[str]:
        """Return the fields that the items have, and those that are shown already."""
        seen = desk.field_names(self.instance) if self.instance.pk else []
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


class ProjectForm(SettingsForm):
    """A new project; everything but the first five fields has a sound default."""

    labels = LabelLinesField(
        label=gettext_lazy("Labels"),
        help_text=gettext_lazy("One per line; a key may follow after a bar: “spam | s”."),
    )

    class Meta(SettingsForm.Meta):
        fields = ("name", "task", "multi_label", *Project.SETTINGS)

    FIRST = ("name", "task", "multi_label", "labels", "guidelines")

    def first(self) -> list[forms.BoundField]:
        """Return what has to be decided."""
        return [self[name] for name in self.FIRST]

    def has_hidden_errors(self) -> bool:
        """Tell whether something under “More settings” is wrong, so that it must be open."""
        return any(name not in self.FIRST for name in self.errors)


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


# Data and people ---------------------------------------------------------------------------------


class ImportForm(forms.ModelForm):
    """A file on its way into the pool, and where in it the texts and labels are."""

    file = forms.FileField(label=gettext_lazy("File"), allow_empty_file=True)

    class Meta:
        model = Import
        fields = ("labels_are", "format", "text_column", "label_column", "id_column")
        labels = {
            "labels_are": gettext_lazy("Labels in the file are"),
            "format": gettext_lazy("Format"),
            "text_column": gettext_lazy("Column of the text"),
            "label_column": gettext_lazy("Column of the label"),
            "id_column": gettext_lazy("Column of the id"),
        }

    field_order = ("file", "labels_are", "format", "text_column", "label_column", "id_column")

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > settings.MAX_UPLOAD_MB << 20:
            raise ValidationError(
                _("The file is larger than %(most)s MB, which is what this installation takes.")
                % {"most": settings.MAX_UPLOAD_MB}
            )
        return file

    def columns(self) -> list[forms.BoundField]:
        """Return the fields that are only needed when the columns cannot be found by name."""
        return [self[name] for name in ("text_column", "label_column", "id_column")]


class SimulationForm(forms.Form):
    """What is to be tried, on which labelled data, and how thoroughly."""

    file = forms.FileField(
        label=gettext_lazy("Labelled file"), required=False, allow_empty_file=True
    )
    strategies = forms.MultipleChoiceField(
        label=gettext_lazy("Strategies"), widget=forms.CheckboxSelectMultiple, initial=["auto"]
    )
    labels = forms.IntegerField(
        label=gettext_lazy("Labels to spend"),
        min_value=1,
        max_value=simulating.MOST_LABELS,
        initial=300,
        help_text=gettext_lazy("Every label is counted, those of audits included."),
    )
    seeds = forms.IntegerField(
        label=gettext_lazy("Repeats"),
        min_value=1,
        max_value=simulating.MOST_SEEDS,
        initial=5,
        help_text=gettext_lazy("Each begins anew; the interval comes from their spread."),
    )
    text_column = forms.CharField(
        label=gettext_lazy("Column of the text"), max_length=200, required=False
    )
    label_column = forms.CharField(
        label=gettext_lazy("Column of the label"), max_length=200, required=False
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["strategies"]
        assert isinstance(field, forms.MultipleChoiceField)
        # Random is always run along, as the others are compared with it.
        field.choices = [
            (name, title)
            for name, title, _words in setup.strategy_choices()
            if name != simulating.RANDOM
        ]

    def columns(self) -> list[forms.BoundField]:
        """Return the fields that are only needed when the columns cannot be found by name."""
        return [self[name] for name in ("text_column", "label_column")]


class MemberForm(forms.Form):
    """A person and the role they get."""

    username = forms.CharField(label=gettext_lazy("Username"), max_length=150)
    role = forms.ChoiceField(label=gettext_lazy("Role"), choices=Role.choices)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].widget.attrs.update(
            autocomplete="off", autocapitalize="none", spellcheck="false"
        )


class UserForm(forms.Form):
    """A new person; without a password they get an invitation."""

    username = forms.CharField(label=gettext_lazy("Username"), max_length=150)
    password = forms.CharField(
        label=gettext_lazy("Password"),
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=gettext_lazy("Leave it empty to get an invitation link instead."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].widget.attrs.update(
            autocomplete="off", autocapitalize="none", spellcheck="false"
        )


class InvitationForm(forms.Form):
    """The first password of somebody who was invited."""

    password = forms.CharField(
        label=gettext_lazy("Password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    again = forms.CharField(
        label=gettext_lazy("The same again"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password"].help_text = " ".join(password_validators_help_texts())

    def clean_again(self) -> str:
        again: str = self.cleaned_data["again"]
        if again != self.cleaned_data.get("password"):
            raise ValidationError(_("The two are not the same."))
        return again
