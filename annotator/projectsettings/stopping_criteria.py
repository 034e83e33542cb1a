"""When a project has enough labels, and what they cost."""

from django.utils.translation import gettext_lazy

from annotator.projectsettings.base import Effect, Group, Setting, When

SETTINGS = (
    Setting(
        "budget",
        gettext_lazy("Label budget"),
        gettext_lazy("Maximum number of labels; empty for no limit."),
        Group.STOPPING_CRITERIA,
        When.AT_ONCE,
    ),
    Setting(
        "target_metric",
        gettext_lazy("Target metric"),
        gettext_lazy(
            "The metric that the target applies to. For the recall of the rare label, “Automatic” "
            "searches for that label."
        ),
        Group.STOPPING_CRITERIA,
        When.AT_ONCE,
        effect=Effect.RENEW_FORECAST,
    ),
    Setting(
        "target_value",
        gettext_lazy("Target (%)"),
        gettext_lazy("Met when the lower end of the interval reaches this value."),
        Group.STOPPING_CRITERIA,
        When.AT_ONCE,
        is_share=True,
        effect=Effect.RENEW_FORECAST,
    ),
    Setting(
        "hourly_rate",
        gettext_lazy("Hourly rate"),
        gettext_lazy("Multiplied by annotation time, it gives the cost."),
        Group.STOPPING_CRITERIA,
        When.AT_ONCE,
    ),
    Setting(
        "auto_stop",
        gettext_lazy("Pause when a stopping criterion is met"),
        gettext_lazy("No new items are served once the budget is spent or the target is proven."),
        Group.STOPPING_CRITERIA,
        When.AT_ONCE,
    ),
)
