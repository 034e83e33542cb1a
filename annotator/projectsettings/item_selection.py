"""How rounds select items, and when they start."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from annotator import tasktypes
from annotator.models import Project
from annotator.projectsettings.base import Effect, Group, Refusal, Setting, When


def strategy_choices() -> list[tuple[str, str, str]]:
    """Return (name, title, one sentence) of every strategy that a project may use."""
    from selection.strategies.registry import STRATEGIES

    return [(name, _(each.title), _(each.description)) for name, each in STRATEGIES.items()]


def strategy_titles() -> dict[str, str]:
    """Return the title of every strategy, by its name."""
    return {name: title for name, title, _words in strategy_choices()}


def _strategies(_project: Project | None) -> list[tuple[str, str]]:
    return list(strategy_titles().items())


def _features(project: Project | None) -> list[tuple[str, str]]:
    recipes = tasktypes.of(project).media.encoders if project else {}
    return [("auto", _("Automatic")), *((name, str(title)) for name, title in recipes.items())]


SETTINGS = (
    Setting(
        "strategy",
        gettext_lazy("Strategy"),
        gettext_lazy("Selects the next items from the pool."),
        Group.ITEM_SELECTION,
        When.NEXT_ROUND,
        choices=_strategies,
        refusal=Refusal("unknown_strategy", gettext_lazy("Unknown strategy.")),
    ),
    Setting(
        "batch_size",
        gettext_lazy("Items per round"),
        gettext_lazy("The number of items that a round adds to the queue."),
        Group.ITEM_SELECTION,
        When.NEXT_ROUND,
    ),
    Setting(
        "retrain_every",
        gettext_lazy("New labels per round"),
        gettext_lazy("A round starts after this many new labels."),
        Group.ITEM_SELECTION,
        When.AT_ONCE,
    ),
    Setting(
        "retrain_seconds",
        gettext_lazy("Round timeout (s)"),
        gettext_lazy("…or after this many seconds, if there are new labels."),
        Group.ITEM_SELECTION,
        When.AT_ONCE,
    ),
    Setting(
        "rare_label",
        gettext_lazy("Rare label"),
        gettext_lazy(
            "The label that “Find a rare class” searches for. The dashboard shows its recall."
        ),
        Group.ITEM_SELECTION,
        # Its report is made with a round, and so are the picks.
        When.NEXT_ROUND,
        effect=Effect.DROP_RECALL,
        needs="labels",
    ),
    Setting(
        "features",
        gettext_lazy("Features"),
        gettext_lazy("Features that the model uses: fast ones first, then better ones."),
        Group.ITEM_SELECTION,
        When.NEXT_ROUND,
        choices=_features,
        refusal=Refusal("unknown_features", gettext_lazy("Unknown features.")),
        effect=Effect.MAKE_FEATURES,
    ),
)
