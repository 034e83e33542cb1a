"""Names of the strategies, and what each one does."""

from django.utils.translation import gettext as _

from annotator.flow.projects import settings


def choices() -> list[tuple[str, str, str]]:
    """Return (name, title, one sentence) of every strategy that a project may use."""
    found = settings.strategies().items()
    return [(name, _(each.title), _(each.description)) for name, each in found]


def titles() -> dict[str, str]:
    """Return the title of every strategy, by its name."""
    return {name: title for name, title, _sentence in choices()}
