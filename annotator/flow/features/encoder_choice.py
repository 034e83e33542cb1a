"""Choice of the encoder that a project's vectors come from."""

from dataclasses import dataclass

from django.db.models.functions import Substr

from annotator import tasktypes
from annotator.models import Item, Project, VectorShard
from annotator.pool import pretrained, vector_store
from annotator.projectsettings.item_selection import AUTO, POOL

GIVEN = VectorShard.GIVEN


@dataclass(frozen=True)
class Goal:
    """The encoder whose vectors all items of a project are to have, as its files are now.

    `sha256` is empty for one that was never opened, and for vectors that came with the items.
    """

    encoder: str
    sha256: str

    @property
    def is_given(self) -> bool:
        """Tell whether the vectors came with the items, so that nothing can make more of them."""
        return self.encoder == GIVEN


def goal(project: Project) -> Goal | None:
    """Return the encoder that is asked for, or else the best; None where there is none to use."""
    medium = tasktypes.of(project).media.pretrained
    if not medium or project.features in pool_names(project):
        return None
    given = Goal(GIVEN, "")
    if project.features == GIVEN:
        return given
    if project.features == AUTO:
        if project.items and covered(project, given) == project.items:
            return given
        found = pretrained.best_for(medium, language(project))
    else:
        found = pretrained.find(medium, project.features)
    return None if found is None else Goal(found.name, found.sha256)


def covered(project: Project, wanted: Goal) -> int:
    """Return the number of items that have vectors of the encoder."""
    return vector_store.covered(project, wanted.encoder, wanted.sha256)


def pool_names(project: Project) -> set[str]:
    """Return the settings that leave encoders out: only what is learnt from the pool is used."""
    return {POOL, *tasktypes.of(project).media.encoders}


def language(project: Project) -> str:
    """Return the language of most of the texts (ISO 639-1); "" where it is not known."""
    from selection.core.language import CHARACTERS, TEXTS, guess_language

    if tasktypes.of(project).media.pretrained != "text":
        return ""
    items = Item.objects.present(project).order_by("-audit_key")
    # No more of a text than is looked at: some have a million letters.
    return guess_language(items.values_list(Substr("text", 1, CHARACTERS), flat=True)[:TEXTS])
