"""Who works on a project."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from annotator.models import Role


class MemberForm(forms.Form):
    """A person and the role they get."""

    username = forms.CharField(label=gettext_lazy("Username"), max_length=150)
    role = forms.ChoiceField(label=gettext_lazy("Role"), choices=Role.choices)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].widget.attrs.update(
            autocomplete="off", autocapitalize="none", spellcheck="false"
        )
