"""The currency in which a project's costs are shown."""

from django.db import models
from django.utils.translation import gettext_lazy

from annotator.i18n import currencies
from annotator.models import Project
from annotator.projectsettings.base import Group, Refusal, Setting, When


def _choices(_project: Project | None) -> list[tuple[str, str]]:
    return [("", "–"), *((code, currencies.title(code)) for code in currencies.CODES)]


CURRENCY = Setting(
    "currency",
    gettext_lazy("Currency"),
    gettext_lazy("Shown with the hourly rate and all costs; empty for amounts without a sign."),
    Group.STOPPING_CRITERIA,
    When.AT_ONCE,
    models.CharField(max_length=3, default="", blank=True),
    choices=_choices,
    refusal=Refusal(
        "unknown_currency", gettext_lazy("Unknown currency. Use a code of ISO 4217 such as EUR.")
    ),
)
SETTINGS = (CURRENCY,)
