"""Forms of archives: what a clone takes along, and which file is opened."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from annotator.flow.archiving import jobs
from annotator.models import Project

SETTINGS, ITEMS, ALL = "settings", "items", "all"
SCOPES = [
    (SETTINGS, gettext_lazy("labels, settings and guidelines")),
    (ITEMS, gettext_lazy("the items as well, without annotations")),
    (ALL, gettext_lazy("everything, with annotations, rounds and models")),
]


class CloneForm(forms.Form):
    """A new project like this one."""

    name = forms.CharField(label=gettext_lazy("Name of the clone"), max_length=200)
    scope = forms.ChoiceField(label=gettext_lazy("What goes along"), choices=SCOPES)

    def __init__(self, project: Project, data: Any = None) -> None:
        copied = _("Copy of %(name)s") % {"name": project.name}
        super().__init__(data, prefix="clone", initial={"name": copied[:200]})

    def wanted(self) -> dict[str, Any]:
        """Return the choices for flow."""
        given = self.cleaned_data
        return {
            "name": given["name"],
            "items": given["scope"] != SETTINGS,
            "labels": given["scope"] == ALL,
        }


class OpenForm(forms.Form):
    """An archive: a file, one that was sent in chunks, or one on the server."""

    file = forms.FileField(label=gettext_lazy("Archive"), required=False)
    # Required unless it was sent before.
    file.is_expected = True  # type: ignore[attr-defined]
    upload = forms.CharField(required=False, widget=forms.HiddenInput(), max_length=60)
    server_file = forms.CharField(
        label=gettext_lazy("Archive on the server"), required=False, max_length=2000, strip=False
    )
    name = forms.CharField(
        label=gettext_lazy("Name of the project"),
        required=False,
        max_length=200,
        help_text=gettext_lazy("Leave it empty to keep the archive's."),
    )

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        found = [(each.path, each.name) for each in jobs.on_server()]
        if found:
            choices = [("", _("None")), *found]
            self.fields["server_file"].widget = forms.Select(choices=choices)

    @property
    def has_server_files(self) -> bool:
        """Return whether there are archives on the server to choose from."""
        return isinstance(self.fields["server_file"].widget, forms.Select)

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        named = any(given.get(name) for name in ("file", "upload", "server_file"))
        if not named and "file" not in self.errors:
            self.add_error("file", _("Choose an archive."))
        return given
