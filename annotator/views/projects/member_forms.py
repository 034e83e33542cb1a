"""Forms for members and roles."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from annotator.models import Membership, Role
from annotator.views.versioned_forms import KEEP, SharedForm


class MemberForm(forms.Form):
    """A user and the role to give."""

    username = forms.CharField(label=gettext_lazy("Username"), max_length=150)
    role = forms.ChoiceField(label=gettext_lazy("Role"), choices=Role.choices)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].widget.attrs.update(
            autocomplete="off", autocapitalize="none", spellcheck="false"
        )


class RoleForm(SharedForm, forms.Form):
    """A member's role, which another admin may change at the same time."""

    role = forms.ChoiceField(label=gettext_lazy("Role"), choices=Role.choices)

    def __init__(self, member: Membership, data: Any = None) -> None:
        super().__init__(data, initial={"role": member.role}, auto_id=f"%s-{member.user_id}")
        self.member = member
        name = member.user.username
        words = _("Role of %(name)s") % {"name": name}
        self.fields["role"].widget.attrs["aria-label"] = words

    def stored(self) -> dict[str, str]:
        """Return the member's role as stored now."""
        return {"role": self.member.role}


class RemovalForm(SharedForm, forms.Form):
    """Removal of a member, with the role shown when the page was loaded."""

    role = forms.CharField(label=gettext_lazy("Role"), required=False)

    def __init__(self, member: Membership, data: Any = None) -> None:
        super().__init__(data, initial={"role": member.role})
        self.member = member

    def stored(self) -> dict[str, str]:
        """Return the member's role as stored now."""
        return {"role": self.member.role}

    @property
    def is_kept(self) -> bool:
        """Return whether the user has seen the other's change to the member and keeps it."""
        return bool(self.data.get(KEEP) == "theirs:role")

    def in_words(self, name: str, value: Any) -> str:
        """Return a role as text; None is none."""
        return str(Role(value).label) if value else _("removed")
