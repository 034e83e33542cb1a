"""Forms of the setup: a file, the labels, the people."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from annotator import tasktypes
from annotator.models import Import, Role
from annotator.views.datasets.import_form import SeveralFiles
from annotator.views.form_fields import LabelLinesField

MOST_PEOPLE = 50


class DataForm(forms.Form):
    """The file that a project begins with."""

    file = forms.FileField(
        label=gettext_lazy("File"),
        help_text=gettext_lazy(
            "Texts: CSV, Excel, JSON Lines, Parquet or plain text. Images: a ZIP file, or several "
            "image files. Choose the file, or drop it here."
        ),
        widget=SeveralFiles(attrs={"multiple": True}),
    )
    name = forms.CharField(
        label=gettext_lazy("Project name"),
        help_text=gettext_lazy("Empty: the name of the file."),
        max_length=200,
        required=False,
    )
    task = forms.ChoiceField(label=gettext_lazy("Data type"), required=False)
    multi_label = forms.BooleanField(
        label=gettext_lazy("Allow multiple labels per item"), required=False
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        detect = ("", _("Detect from the file"))
        self.fields["task"].choices = [detect, *tasktypes.choices()]  # type: ignore[attr-defined]

    def clean_file(self) -> list[Any]:
        return self.files.getlist("file") if hasattr(self.files, "getlist") else []


class LabelsForm(forms.Form):
    """The labels of a project, and what those in its file are used for."""

    labels = LabelLinesField(
        label=gettext_lazy("Labels"),
        help_text=gettext_lazy("One per line. Add a shortcut after a bar: “spam | s”."),
        widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false"}),
    )
    labels_are = forms.ChoiceField(
        label=gettext_lazy("Use labels in the file as"),
        help_text=gettext_lazy(
            "Seed labels count as finished. Choose “ignored” to label every item anew."
        ),
        choices=Import.LabelUse.choices,
        initial=Import.LabelUse.SEED,
        required=False,
    )


class PeopleForm(forms.Form):
    """Usernames of people to add or invite, and their role."""

    names = forms.CharField(
        label=gettext_lazy("Usernames"),
        help_text=gettext_lazy(
            "One per line. Whoever has an account becomes a member at once; for the others you get "
            "an invitation link each."
        ),
        widget=forms.Textarea(
            attrs={"rows": 4, "spellcheck": "false", "autocapitalize": "none", "autofocus": True}
        ),
    )
    role = forms.ChoiceField(
        label=gettext_lazy("Role"), choices=Role.choices, initial=Role.ANNOTATOR
    )

    def clean_names(self) -> list[str]:
        lines = (line.strip() for line in self.cleaned_data["names"].splitlines())
        names = list(dict.fromkeys(filter(None, lines)))
        if len(names) > MOST_PEOPLE:
            raise ValidationError(
                _("At most %(most)s people at once.") % {"most": MOST_PEOPLE}, code="too_many"
            )
        return names
