"""How rounds select items, and when they start."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from annotator import encoders, tasktypes
from annotator.models import Project, VectorShard
from annotator.projectsettings.base import Effect, Group, Refusal, Setting, When

AUTO, POOL = "auto", "pool"


def strategy_choices() -> list[tuple[str, str, str]]:
    """Return (name, title, one sentence) of every strategy that a project may use."""
    from selection.strategies.registry import STRATEGIES

    return [(name, _(each.title), _(each.description)) for name, each in STRATEGIES.items()]


def strategy_titles() -> dict[str, str]:
    """Return the title of every strategy, by its name."""
    return {name: title for name, title, _words in strategy_choices()}


def _strategies(_project: Project | None) -> list[tuple[str, str]]:
    return list(strategy_titles().items())


def feature_titles(project: Project) -> dict[str, str]:
    """Return the title of every value of `features` that the project may be set to."""
    return dict(_features(project))


def _features(project: Project | None) -> list[tuple[str, str]]:
    """Return what a project may be set to: also what it is set to, whatever is installed now."""
    if project is None:
        return [(AUTO, _("Automatic"))]
    recipes = tasktypes.of(project).media.encoders
    titles = {AUTO: _("Automatic"), POOL: _("Without an encoder"), **_encoders(project)}
    titles |= {name: str(title) for name, title in recipes.items()}
    titles.setdefault(project.features, project.features)
    return list(titles.items())


def _encoders(project: Project) -> dict[str, str]:
    medium = tasktypes.of(project).media.pretrained
    if not medium:
        return {}
    there = [each.name for each in encoders.available() if each.medium == medium]
    titles = {name: _("Encoder %(name)s") % {"name": name} for name in there}
    return {**titles, VectorShard.GIVEN: _("Vectors that came with the items")}


FINISH_ERROR = Setting(
    "finish_error",
    gettext_lazy("Finish mode: wrong labels (%)"),
    gettext_lazy(
        "A model is to label the rest, with at most so many wrong labels. Rounds then leave out "
        "what it may label, and “Automatic” selects items that are typical of the others. Empty "
        "for off."
    ),
    Group.ITEM_SELECTION,
    When.NEXT_ROUND,
    models.FloatField(
        null=True, blank=True, validators=[MinValueValidator(0.001), MaxValueValidator(0.5)]
    ),
    is_share=True,
    needs="deliver",
)

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
            "The label to search for. “Automatic” searches for it once the target is its recall; "
            "“Find a rare class” always does. The dashboard shows the recall."
        ),
        Group.ITEM_SELECTION,
        # Its report is made with a round, and so are the picks.
        When.NEXT_ROUND,
        effect=Effect.DROP_RECALL,
        needs="labels",
    ),
    FINISH_ERROR,
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
