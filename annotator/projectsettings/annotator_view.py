"""What annotators see beside the item."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from annotator.errors import Invalid
from annotator.projectsettings.base import Group, Setting, When

MOST_SHOWN = 10
LONGEST_NAME = 200


def check_shown_fields(given: Any) -> None:
    """Raise Invalid unless these are names that fields of items can have, each there once."""
    if not isinstance(given, list) or not all(map(_may_be_a_field, given)):
        words = _("A field name must have between 1 and %d characters.") % LONGEST_NAME
        raise Invalid("field_name", words, field="shown_fields")
    if len(given) > MOST_SHOWN:
        words = _("At most %(most)d fields can be shown, not %(n)d.")
        numbers = {"most": MOST_SHOWN, "n": len(given)}
        raise Invalid("too_many", words % numbers, field="shown_fields")
    twice = next((name for name in given if given.count(name) > 1), None)
    if twice is not None:
        words = _("The field %s appears twice.") % twice
        raise Invalid("duplicate_name", words, field="shown_fields")


def _may_be_a_field(name: Any) -> bool:
    return (
        isinstance(name, str)
        and 1 <= len(name) <= LONGEST_NAME
        and bool(name.strip())
        and "\x00" not in name
    )


SETTINGS = (
    Setting(
        "shown_fields",
        gettext_lazy("Fields shown with each item"),
        gettext_lazy("Columns of your files shown beside the item; at most ten."),
        Group.ANNOTATOR_VIEW,
        When.RELOAD,
        check=check_shown_fields,
    ),
)
