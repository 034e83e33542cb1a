"""What makes a run repeatable."""

from django.utils.translation import gettext_lazy

from annotator.projectsettings.base import Group, Setting, When

SETTINGS = (
    Setting(
        "seed",
        gettext_lazy("Random seed"),
        gettext_lazy("The same seed gives the same selection."),
        Group.REPRODUCIBILITY,
        When.NEXT_ROUND,
        # With the seed, an annotator could work out which items are audits.
        leads_only=True,
        in_api={"min_value": 0, "max_value": 2**31 - 1},
    ),
)
