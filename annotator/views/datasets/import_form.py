"""Upload form for imports."""

from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from annotator.formats import registry
from annotator.models import Import


class ImportForm(forms.ModelForm):  # type: ignore[type-arg]
    """A file to import, and its columns."""

    file = forms.FileField(label=gettext_lazy("File"), allow_empty_file=True)
    format = forms.ChoiceField(
        label=gettext_lazy("Format"),
        choices=registry.choices,
        required=False,
    )

    class Meta:
        model = Import
        fields = ("labels_are", "format", "text_column", "label_column", "id_column")
        labels = {
            "labels_are": gettext_lazy("Use labels in the file as"),
            "text_column": gettext_lazy("Text column"),
            "label_column": gettext_lazy("Label column"),
            "id_column": gettext_lazy("ID column"),
        }

    field_order = ("file", "labels_are", "format", "text_column", "label_column", "id_column")

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > settings.MAX_UPLOAD_MB << 20:
            raise ValidationError(
                _(
                    "The file is larger than the limit of %(most)s MB. Split it, or ask an "
                    "installation admin to raise the limit."
                )
                % {"most": settings.MAX_UPLOAD_MB}
            )
        return file

    def columns(self) -> list[forms.BoundField]:
        """Return the fields only needed if columns cannot be found by name."""
        return [self[name] for name in ("text_column", "label_column", "id_column")]
