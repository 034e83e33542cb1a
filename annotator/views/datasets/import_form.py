"""Upload form for imports."""

from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from annotator.formats import registry
from annotator.models import Import

VECTOR_FIELDS = ("vector_column", "vectors", "vector_ids")


class ImportForm(forms.ModelForm):  # type: ignore[type-arg]
    """A file on its way into the pool, and where in it the texts and labels are."""

    file = forms.FileField(label=gettext_lazy("File"), allow_empty_file=True)
    format = forms.ChoiceField(
        label=gettext_lazy("Format"),
        choices=registry.choices,
        required=False,
    )

    class Meta:
        model = Import
        fields = (
            "labels_are",
            "format",
            "text_column",
            "label_column",
            "id_column",
            "vector_column",
        )
        labels = {
            "labels_are": gettext_lazy("Use labels in the file as"),
            "text_column": gettext_lazy("Text column"),
            "label_column": gettext_lazy("Label column"),
            "id_column": gettext_lazy("ID column"),
            "vector_column": gettext_lazy("Vector column"),
        }
        help_texts = {
            "vector_column": gettext_lazy(
                "Numbers of your own encoder, one list per item. They are used instead of one that "
                "is installed here."
            ),
        }

    vectors = forms.FileField(
        label=gettext_lazy("Vectors (.npy)"),
        help_text=gettext_lazy("A table with one row of numbers for each item of the file."),
        required=False,
    )
    vector_ids = forms.FileField(
        label=gettext_lazy("IDs of the vectors"),
        help_text=gettext_lazy(
            "A text file with one ID per line. Without it, the vectors are in the file's order."
        ),
        required=False,
    )

    field_order = ("file", *Meta.fields, "vectors", "vector_ids")

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
        """Return the fields that are only needed when the columns cannot be found by name."""
        return [self[name] for name in ("text_column", "label_column", "id_column")]

    def vector_fields(self) -> list[forms.BoundField]:
        """Return the fields for vectors that come with the items."""
        return [self[name] for name in VECTOR_FIELDS]

    @property
    def has_vector_errors(self) -> bool:
        """Tell whether something is wrong with the vectors."""
        return any(name in self.errors for name in VECTOR_FIELDS)
