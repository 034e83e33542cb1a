"""Upload form for imports."""

from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from annotator import tasktypes
from annotator.formats import TEXT, Part, registry
from annotator.models import Import, Project

VECTOR_FIELDS = ("vector_column", "vectors", "vector_ids")


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

    def __init__(self, *args: Any, project: Project) -> None:
        super().__init__(*args)
        self._parts = tasktypes.of(project).media.parts
        for part in self._parts:
            name = column_field(part)
            self.fields.setdefault(name, forms.CharField(required=False, max_length=200))
            self.fields[name].label = part.title  # type: ignore[assignment]
        for name in self._meant_for_others():
            del self.fields[name]
        for name in self.column_names():
            self.fields[name].widget.attrs["list"] = "columns-there"

    def _meant_for_others(self) -> list[str]:
        """Return the fields that mean nothing for items of this kind."""
        if not self._parts:
            return ["text_column", "label_column", "id_column"]
        return [] if TEXT in self._parts else ["text_column"]

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

    def column_names(self) -> list[str]:
        """Return the names of the fields for columns, those of the content first."""
        if not self._parts:
            return []
        return [*map(column_field, self._parts), "label_column", "id_column"]

    def columns(self) -> list[forms.BoundField]:
        """Return the fields that are only needed when the columns cannot be found by name."""
        return [self[name] for name in self.column_names()]

    def vector_fields(self) -> list[forms.BoundField]:
        """Return the fields for vectors that come with the items."""
        return [self[name] for name in VECTOR_FIELDS if name in self.fields]

    def has_vector_errors(self) -> bool:
        """Tell whether something is wrong with the vectors."""
        return any(name in self.errors for name in VECTOR_FIELDS)

    def has_column_errors(self) -> bool:
        """Tell whether one of these, or the format, has to be named otherwise."""
        return any(name in self.errors for name in (*self.column_names(), "format"))

    def wanted(self) -> dict[str, Any]:
        """Return what was asked for as the import takes it."""
        given = dict(self.cleaned_data)
        others = [part for part in self._parts if part != TEXT]
        given["part_columns"] = {part.name: given.pop(column_field(part)) for part in others}
        return given


def column_field(part: Part) -> str:
    """Return the name of the field for the column of a part."""
    return f"{part.name}_column"
