"""Attributes of marks that are stored by name, whatever the project's list has become."""

from collections.abc import Sequence
from typing import Any

from annotator.models import Annotation, Item, Project, Revision
from annotator.projectsettings.marking import mark_rules
from annotator.tasktypes.marks import Mark, MarkRules, QuotedMark, as_refs


def rules_for(item: Item, project: Project, marks: Sequence[Any]) -> MarkRules:
    """Return what marks of an item may be: it keeps attributes that the list no longer has.

    Otherwise an answer could not be corrected, or put back, once an attribute has another name.
    """
    rules = mark_rules(project)
    # What is no mark is refused where marks are checked.
    named = {each.attribute for each in marks if isinstance(each, (Mark, QuotedMark))}
    missing = named - {"", *rules.attributes}
    if not missing:
        return rules
    given = Annotation.objects.filter(item=item).values_list("value", flat=True)
    former = Revision.objects.filter(annotation__item=item).values_list("labels", flat=True)
    stored = {mark.attribute for refs in (*given, *former) for mark in as_refs(refs or ())}
    return rules._replace(attributes=(*rules.attributes, *sorted(missing & stored)))
