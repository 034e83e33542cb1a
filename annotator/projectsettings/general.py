"""Guidelines, which people read before anything else."""

from typing import Any

from django.utils.translation import gettext_lazy

from annotator.errors import Invalid
from annotator.projectsettings.base import Effect, Group, Setting, When

LONGEST_GUIDELINES = 20_000


def check_guidelines(given: Any) -> None:
    """Raise Invalid if the guidelines are too long."""
    if len(given or "") > LONGEST_GUIDELINES:
        raise Invalid("too_long", field="guidelines")


SETTINGS = (
    Setting(
        "guidelines",
        gettext_lazy("Guidelines"),
        gettext_lazy(
            "Instructions for annotators, in Markdown. They open them with one key while labelling."
        ),
        Group.GENERAL,
        When.AT_ONCE,
        check=check_guidelines,
        effect=Effect.KEEP_VERSION,
    ),
)
