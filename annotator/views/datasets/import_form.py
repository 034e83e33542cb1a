"""Upload form for imports."""

from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from annotator import tasktypes
from annotator.formats import TEXT, Part
from annotator.messages.datasets import imports as import_messages
from annotator.models import Import, Project

VECTOR_FIELDS = ("vector_column", "vectors", "vector_ids")
# How the texts of a file may be written; the first one is found by itself.
ENCODINGS = (
    "utf-8",
    "windows-1252",
    "windows-1250",
    "windows-1251",
    "utf-16",
    "gb18030",
    "big5",
    "shift_jis",
    "euc-jp",
    "euc-kr",
)
# What is chosen for an unknown label, besides a label of the project.
CREATE, LEAVE_OUT = "=create", "=leave-out"
MAPPED = "map:"


class SeveralFiles(forms.ClearableFileInput):
    """A field for one or several files."""

    allow_multiple_selected = True

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        """Return one of them; `clean_file` reads them all."""
        return files.get(name)


class ImportForm(forms.ModelForm):  # type: ignore[type-arg]
    """A file to import, and its columns."""

    file = forms.FileField(
        label=gettext_lazy("File"), allow_empty_file=True, required=False, widget=SeveralFiles()
    )
    # Required unless it was sent for the preview.
    file.is_expected = True  # type: ignore[attr-defined]
    upload = forms.CharField(required=False, widget=forms.HiddenInput())
    server_file = forms.CharField(required=False, max_length=2000, strip=False)
    encoding = forms.ChoiceField(
        label=gettext_lazy("Encoding"),
        choices=[("", gettext_lazy("Detect")), *((name, name) for name in ENCODINGS)],
        required=False,
    )
    delimiter = forms.ChoiceField(
        label=gettext_lazy("Delimiter"),
        choices=[
            ("", gettext_lazy("Detect")),
            (",", gettext_lazy("Comma")),
            (";", gettext_lazy("Semicolon")),
            ("tab", gettext_lazy("Tab")),
            ("|", gettext_lazy("Vertical bar")),
        ],
        required=False,
    )
    format = forms.ChoiceField(
        label=gettext_lazy("Format"),
        choices=import_messages.formats,
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
            "ignore_ids",
            "existing",
            "same_id",
            "unknown_labels",
        )
        labels = {
            "ignore_ids": gettext_lazy("The IDs are row numbers: leave them out"),
            "existing": gettext_lazy("Labels for items that are there already"),
            "same_id": gettext_lazy("Other texts or metadata for IDs that are there already"),
            "unknown_labels": gettext_lazy("Labels that the project does not have"),
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
            "A text file with one ID per line. Without it, the vectors are in the file's order. "
            "With it and without a file above, items that are there get the vectors."
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
        for name in ("existing", "same_id", "unknown_labels"):
            # What is left out has its default.
            self.fields[name].required = False
        for name in self.column_names():
            self.fields[name].widget.attrs["list"] = "columns-there"

    def _meant_for_others(self) -> list[str]:
        """Return the fields that mean nothing for items of this kind."""
        if not self._parts:
            return ["text_column", "label_column", "id_column", "delimiter", "ignore_ids"]
        return [] if any(part.name == TEXT.name for part in self._parts) else ["text_column"]

    def clean_file(self) -> Any:
        files = self.files.getlist("file") if hasattr(self.files, "getlist") else []
        size: int = sum(file.size or 0 for file in files)
        if size > settings.MAX_UPLOAD_MB << 20:
            raise ValidationError(
                _(
                    "The file is larger than the limit of %(most)s MB. Split it, or ask an "
                    "installation admin to raise the limit."
                )
                % {"most": settings.MAX_UPLOAD_MB}
            )
        return files

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        sent = any(given.get(name) for name in ("file", "upload", "server_file", "vectors"))
        if not sent and "file" not in self.errors:
            self.add_error("file", _("Choose a file."))
        return given

    def choices(self) -> list[forms.BoundField]:
        """Return the fields for rows that do not simply fit."""
        names = ("unknown_labels", "existing", "same_id", "ignore_ids")
        return [self[name] for name in names if name in self.fields]

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
        given["label_map"] = self._label_map()
        others = [part for part in self._parts if part.name != TEXT.name]
        given["part_columns"] = {part.name: given.pop(column_field(part)) for part in others}
        return given

    def _label_map(self) -> dict[str, str]:
        """Return what was chosen for the labels that the project does not have."""
        chosen = {
            field.removeprefix(MAPPED): str(value)
            for field, value in self.data.items()
            if field.startswith(MAPPED) and value
        }
        special = {CREATE: None, LEAVE_OUT: ""}
        meant = {name: special.get(value, value) for name, value in chosen.items()}
        return {name: name if value is None else value for name, value in meant.items()}


def column_field(part: Part) -> str:
    """Return the name of the field for the column of a part."""
    return f"{part.name}_column"
