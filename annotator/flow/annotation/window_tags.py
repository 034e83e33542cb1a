"""The auto-tag: what a labelling window itself suggested, from what was just answered in it."""

from typing import Any

from annotator import tasktypes
from annotator.errors import Invalid
from annotator.flow.labels import naming
from annotator.models import Lease
from annotator.tasktypes.marks import ANY, Mark, MarkRules


def parse_tags(held: Lease, tagged: Any) -> list[Mark]:
    """Return the marks that a window suggested by itself; Invalid for anything else."""
    if not tagged:
        return []
    project = held.project
    known = {label.pk for label in naming.labels_of(project)}
    if not isinstance(tagged, list) or not all(map(_is_tag, tagged)):
        raise Invalid("tagged_form", field="tagged")
    rules = MarkRules(ANY)
    marks = [mark for each in tagged if (mark := naming.into(project, Mark(*each))).label in known]
    return tasktypes.of(project).answer.marks(marks, held.item.text, rules) or []


def _is_tag(given: Any) -> bool:
    is_triple = isinstance(given, list) and len(given) == 3
    return is_triple and all(type(part) is int for part in given)
