"""What annotators see beside the item."""

from typing import Any

from django.utils.translation import gettext_lazy

from annotator.errors import Invalid
from annotator.projectsettings.base import Group, Setting, When

MOST_SHOWN = 10
LONGEST_NAME = 200


def check_shown_fields(given: Any) -> None:
    """Raise Invalid unless these are valid, distinct field names."""
    if not isinstance(given, list) or not all(map(_may_be_a_field, given)):
        raise Invalid("field_name", field="shown_fields", most=LONGEST_NAME)
    if len(given) > MOST_SHOWN:
        raise Invalid("too_many", field="shown_fields", most=MOST_SHOWN, n=len(given))
    twice = next((name for name in given if given.count(name) > 1), None)
    if twice is not None:
        raise Invalid("duplicate_name", field="shown_fields", name=twice)


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
