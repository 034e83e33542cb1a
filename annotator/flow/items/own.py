"""An annotator's own labels, searched; what a lead sent back."""

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce

from annotator.flow.items.conditions import holds_word
from annotator.i18n import folding
from annotator.models import Annotation, AnnotationLabel, Item, Project, User


def labels(
    project: Project, user: User, q: str = "", label: int | None = None
) -> QuerySet[Annotation]:
    """Return the user's annotations that stand, the newest first, of items that match."""
    rows = Annotation.objects.filter(project=project, user=user, withdrawn_at=None)
    rows = rows.exclude(item__state=Item.State.REMOVED)
    words = folding.words(q.replace("\x00", "")[:500])
    if words:
        items = Item.objects.filter(pk=OuterRef("item"))
        items = items.alias(searched=Coalesce(F("folded"), F("text")))
        for word in words:
            items = items.filter(holds_word(word))
        rows = rows.filter(Q(Exists(items)))
    if label is not None:
        given = AnnotationLabel.objects.filter(annotation=OuterRef("pk"), label=label)
        rows = rows.filter(Exists(given))
    rows = rows.select_related("item", "user", "lease", "corrected_by")
    return rows.prefetch_related("given__label").order_by("-pk")
