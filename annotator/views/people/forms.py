"""Forms for accounts, invitations and the search of a list of people."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from annotator.models import Role
from annotator.views.people.text import STATES


class _NameForm(forms.Form):
    """The name of a user who has no account yet."""

    username = forms.CharField(label=gettext_lazy("Username"), max_length=150)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].widget.attrs.update(
            autocomplete="off", autocapitalize="none", spellcheck="false"
        )


class UserForm(_NameForm):
    """A new user; without a password they get an invitation."""

    email = forms.EmailField(
        label=gettext_lazy("E-mail"),
        required=False,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    password = forms.CharField(
        label=gettext_lazy("Password"),
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=gettext_lazy("Leave empty to create an invitation link instead."),
    )


class InviteForm(_NameForm):
    """A new user who becomes a member of a project."""

    role = forms.ChoiceField(label=gettext_lazy("Role"), choices=Role.choices)
    email = forms.EmailField(
        label=gettext_lazy("E-mail"),
        required=False,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )


class SearchForm(forms.Form):
    """Search in a list of people."""

    q = forms.CharField(
        label=gettext_lazy("Search"),
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"type": "search"}),
    )
    state = forms.ChoiceField(
        label=gettext_lazy("Status"),
        required=False,
        choices=[("", gettext_lazy("all")), *STATES.items()],
    )
