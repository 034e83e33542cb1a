"""Labelling preferences: keys and habits."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from annotator.errors import Invalid
from annotator.flow.projects import preferences as desk_preferences
from annotator.flow.projects import shortcuts
from annotator.flow.projects.versions import EditConflict
from annotator.i18n import shortcut_texts
from annotator.models import User
from annotator.views import partials
from annotator.views.access import Request, signed_in
from annotator.views.form_errors import add_refusal
from annotator.views.versioned_forms import SharedForm

READING_SIZES = {
    "s": gettext_lazy("small"),
    "m": gettext_lazy("medium"),
    "l": gettext_lazy("large"),
}


class DeskForm(SharedForm, forms.Form):
    """A new key for any action, if one is typed, and the user's habits."""

    submit_at_once = forms.BooleanField(
        label=gettext_lazy("Save as soon as a label is chosen"),
        help_text=gettext_lazy("In projects with one label per item. If off, press Enter to save."),
        required=False,
    )
    reading_size = forms.ChoiceField(
        label=gettext_lazy("Text size"), choices=list(READING_SIZES.items())
    )
    dark_surround = forms.BooleanField(
        label=gettext_lazy("Dark surround for images"), required=False
    )
    break_minutes = forms.IntegerField(
        label=gettext_lazy("Break reminder (minutes)"),
        help_text=gettext_lazy("0 for no reminder, otherwise 15 to 240."),
        min_value=0,
        max_value=desk_preferences.LONGEST_BREAK,
    )
    ahead = forms.IntegerField(
        label=gettext_lazy("Prefetched items"),
        help_text=gettext_lazy("More items help on a slow network. They are reserved for you."),
        min_value=desk_preferences.FEWEST_AHEAD,
        max_value=desk_preferences.MOST_AHEAD,
    )
    spares = forms.IntegerField(
        label=gettext_lazy("Offline buffer (items)"),
        help_text=gettext_lazy("The number of items you can label without a connection."),
        min_value=0,
        max_value=desk_preferences.MOST_SPARES,
    )

    HABITS = tuple(desk_preferences.RULES)

    def __init__(self, user: User, data: QueryDict | None = None) -> None:
        self.habits_now = desk_preferences.habits_of(user)
        super().__init__(data, initial=self.habits_now)
        self.keys_now = desk_preferences.keys_of(user)
        for name, action in shortcuts.ACTIONS.items():
            self.fields[name] = forms.CharField(
                label=str(action.title), required=False, max_length=40, widget=KeyInput
            )

    def stored(self) -> dict[str, Any]:
        """Return the habits as they are stored."""
        return self.habits_now

    def groups(self) -> Iterator[tuple[str, list[tuple[forms.BoundField, list[str]]]]]:
        """Return the actions by what they are for, each with the caps of its keys."""
        for group, title in shortcut_texts.GROUPS.items():
            names = [each.name for each in shortcuts.ACTIONS.values() if each.group == group]
            yield str(title), [(self[name], self._caps(name)) for name in names]

    def _caps(self, name: str) -> list[str]:
        return [shortcuts.cap(key) for key in self.keys_now[name]]

    def habits(self) -> list[forms.BoundField]:
        """Return the fields other than keys."""
        return [self[name] for name in self.base_fields]

    def changes(self) -> dict[str, Any]:
        """Return the changes for flow; an empty key field changes nothing."""
        given = self.cleaned_data
        typed = {name: given[name].split() for name in shortcuts.ACTIONS if given[name]}
        habits = {name: given[name] for name in self.HABITS if name in given}
        return {"keys": typed, "loaded": self.loaded, **habits}


class KeyInput(forms.TextInput):
    """An input that records the pressed key; without a script, the key's name is typed."""

    def __init__(self) -> None:
        super().__init__(
            {
                "autocomplete": "off",
                "autocapitalize": "none",
                "spellcheck": "false",
                "data-key-input": True,
                "placeholder": gettext_lazy("new key"),
            }
        )


@require_http_methods(["GET", "POST"])
@signed_in
def preferences(request: Request) -> HttpResponse:
    """Show and change the labelling preferences."""
    form = DeskForm(request.user, partials.post_data(request))
    if request.method == "POST" and form.is_valid():
        try:
            desk_preferences.change_preferences(request.user, **form.changes())
        except EditConflict as conflict:
            form.add_clashes(conflict.clashes)
            return _show(request, form, conflict.status)
        except Invalid as refusal:
            add_refusal(form, refusal)
        else:
            messages.success(
                request, _("Preferences saved. They apply when a page is opened or reloaded.")
            )
            return redirect("desk_preferences")
    return _show(request, form, 422 if form.errors else 200)


def _show(request: Request, form: DeskForm, status: int) -> HttpResponse:
    context = {
        "form": form,
        "named_keys": {key: shortcuts.cap(key) for key in shortcuts.NAMED_KEYS},
    }
    return render(request, "account/preferences.html", context, status=status)


@require_POST
@signed_in
def reset_keys(request: Request) -> HttpResponse:
    """Reset all actions to their default keys."""
    desk_preferences.reset_keys(request.user)
    messages.success(request, _("Default keys restored."))
    return redirect("desk_preferences")
