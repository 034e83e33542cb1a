"""Forms that several users may edit at once: each carries stamps of the values that it showed."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from annotator.flow.projects import versions
from annotator.flow.projects.versions import Clash

# The button that chooses which version of a field to keep: "mine:name" or "theirs:name".
KEEP = "keep"


@dataclass(frozen=True)
class ShownClash:
    """A field that two users changed, worded."""

    name: str
    title: str
    theirs: str
    yours: str

    @property
    def keep_theirs(self) -> str:
        """Return the data of the button that keeps the stored version."""
        return f"theirs:{self.name}"

    @property
    def keep_mine(self) -> str:
        """Return the data of the button that keeps the typed version."""
        return f"mine:{self.name}"


class SharedForm(forms.BaseForm):
    """A form that knows which fields its user changed, and shows other users' changes to them.

    Subclasses return the edited values in `stored`. If two users changed a field, the form is shown
    again with both versions and a button for each; nothing is stored until all are decided.
    """

    data: Any
    _errors: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.clashes: list[ShownClash] = []
        self._seen: dict[str, str] = {}

    def stored(self) -> Mapping[str, Any]:
        """Return the current values of the fields."""
        raise NotImplementedError

    # Stamps --------------------------------------------------------------------------------------

    @property
    def loaded(self) -> dict[str, str]:
        """Return the stamps of the values shown; none if the form was sent without them."""
        return self._stamps("loaded") if self.is_bound else versions.stamps(self.stored())

    def stamps_input(self) -> SafeString:
        """Return the hidden fields with the stamps."""
        shown = self._hidden("loaded", self.loaded)
        return shown + self._hidden("seen", self._seen) if self._seen else shown

    def _hidden(self, name: str, stamps: Mapping[str, str]) -> SafeString:
        return format_html(
            '<input type="hidden" name="{}" value="{}" data-{}>',
            self.add_prefix(name),
            json.dumps(stamps, separators=(",", ":")),
            name,
        )

    def _stamps(self, name: str) -> dict[str, str]:
        try:
            sent = json.loads(self.data.get(self.add_prefix(name)) or "{}")
        except ValueError:
            return {}
        return {str(k): str(v) for k, v in sent.items()} if isinstance(sent, dict) else {}

    # Changes --------------------------------------------------------------------------------------

    def full_clean(self) -> None:
        """Validate; errors in fields that the user did not change are not theirs."""
        if self.is_bound and self.data.get(KEEP):
            self._decide(str(self.data[KEEP]))
        super().full_clean()
        for name in list(self._errors):
            if name in self.fields and self._is_untouched(name):
                del self._errors[name]

    def _is_untouched(self, name: str) -> bool:
        sent = self.loaded.get(name)
        return sent is not None and versions.stamp(self[name].data) == sent

    # Conflicts ------------------------------------------------------------------------------------

    def add_clashes(self, clashes: list[Clash]) -> None:
        """Show other users' changes to these fields beside the submitted values."""
        order = list(self.fields)
        for each in sorted(clashes, key=lambda clash: order.index(clash.field)):
            self._seen[each.field] = versions.stamp(each.theirs)
            self.clashes.append(self._shown(each))

    def _shown(self, clash: Clash) -> ShownClash:
        theirs, yours = (self.in_words(clash.field, v) for v in (clash.theirs, clash.yours))
        return ShownClash(self.add_prefix(clash.field), self.title_of(clash.field), theirs, yours)

    def title_of(self, name: str) -> str:
        """Return a field's title."""
        return str(self.fields[name].label)

    def in_words(self, name: str, value: Any) -> str:
        """Return a field's value as text."""
        field = self.fields[name]
        if value is None or value == "" or value == []:
            return _("(empty)")
        if isinstance(value, bool):
            return _("yes") if value else _("no")
        if isinstance(value, list):
            return ", ".join(map(str, value))
        titles = {str(key): str(title) for key, title in _choices(field)}
        shown = str(field.prepare_value(value))
        return titles.get(shown, shown)

    def _decide(self, said: str) -> None:
        """Apply a button: "theirs" replaces the submitted value, "mine" overrides theirs."""
        version, _colon, html_name = said.partition(":")
        names = [name for name in self.fields if self.add_prefix(name) == html_name]
        if names and version in ("mine", "theirs"):
            self.data = self.data.copy()
            loaded = self.loaded | self.take(version, names[0])
            self.data[self.add_prefix("loaded")] = json.dumps(loaded)

    def take(self, version: str, name: str) -> dict[str, str]:
        """Return the stamps that apply once `version` of the field is chosen."""
        if version == "mine":
            seen = self._stamps("seen")
            return {name: seen[name]} if name in seen else {}
        self._type(name, self.get_initial_for_field(self.fields[name], name))
        return {name: versions.stamp(self.stored()[name])}

    def _type(self, name: str, value: Any) -> None:
        """Replace the submitted value by the stored one."""
        data, field = self.data, self.fields[name]
        shown = field.prepare_value(value)
        if isinstance(shown, list):
            data.setlist(self.add_prefix(name), [str(each) for each in shown])
        elif isinstance(shown, bool):
            data.setlist(self.add_prefix(name), ["on"] if shown else [])
        else:
            data[self.add_prefix(name)] = "" if shown is None else str(shown)


def _choices(field: forms.Field) -> Iterator[tuple[Any, Any]]:
    yield from getattr(field, "choices", ())
