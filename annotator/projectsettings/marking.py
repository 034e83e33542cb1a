"""What marks in a text may look like."""

import unicodedata
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy

from annotator.errors import Invalid
from annotator.models import Project
from annotator.projectsettings.base import Group, Setting, When
from annotator.tasktypes.marks import ANY, NESTED, NONE, MarkRules

# What becomes an item of a long text.
WHOLE, PARAGRAPHS, LINES = "whole", "paragraphs", "lines"
MOST_ATTRIBUTES, LONGEST_ATTRIBUTE = 20, 40


def check_attributes(given: Any) -> None:
    """Raise Invalid unless these are distinct, short names between commas."""
    names = attribute_names(given)
    is_long = any(len(name) > LONGEST_ATTRIBUTE for name in names)
    if is_long or any(unicodedata.category(each)[0] == "C" for each in str(given or "")):
        raise Invalid("attribute_name", field="span_attributes", most=LONGEST_ATTRIBUTE)
    if len(names) > MOST_ATTRIBUTES:
        raise Invalid("too_many", field="span_attributes", most=MOST_ATTRIBUTES, n=len(names))
    folded = [name.casefold() for name in names]
    twice = next((name for name in names if folded.count(name.casefold()) > 1), None)
    if twice is not None:
        raise Invalid("duplicate_name", field="span_attributes", name=twice)


def attribute_names(given: Any) -> tuple[str, ...]:
    """Return the names between commas."""
    return tuple(name for each in str(given or "").split(",") if (name := each.strip()))


OVERLAPPING_SPANS = Setting(
    "overlapping_spans",
    gettext_lazy("Overlapping spans"),
    gettext_lazy("Whether spans may overlap, and one stretch may carry several labels."),
    Group.QUALITY_CONTROL,
    When.RELOAD,
    models.CharField(
        max_length=8,
        default=NONE,
        choices=[
            (NONE, gettext_lazy("not allowed")),
            (NESTED, gettext_lazy("one within another")),
            (ANY, gettext_lazy("any")),
        ],
    ),
    needs="marks",
    # A yes or no, for programs that know no more.
    spelled={NONE: False, ANY: True},
)
SPAN_ATTRIBUTES = Setting(
    "span_attributes",
    gettext_lazy("Attributes of spans"),
    gettext_lazy(
        "A span may carry one of them beside its label. Separate them by commas: negated, uncertain"
        ". Spans keep a name that is taken off the list or changed here; new ones cannot have it."
    ),
    Group.QUALITY_CONTROL,
    When.RELOAD,
    models.CharField(max_length=1000, default="", blank=True),
    check=check_attributes,
    needs="marks",
    in_api={"allow_blank": True},
)
DOCUMENT_PARTS = Setting(
    "document_parts",
    gettext_lazy("Long documents"),
    gettext_lazy(
        "Later imports keep each text whole, or make an item of each paragraph; annotators see "
        "what stands around it."
    ),
    Group.QUALITY_CONTROL,
    When.AT_ONCE,
    models.CharField(
        max_length=12,
        default=WHOLE,
        choices=[
            (WHOLE, gettext_lazy("whole")),
            (PARAGRAPHS, gettext_lazy("paragraphs, between blank lines")),
            (LINES, gettext_lazy("lines")),
        ],
    ),
    needs="marks",
)
SETTINGS = (OVERLAPPING_SPANS, SPAN_ATTRIBUTES, DOCUMENT_PARTS)


def mark_rules(project: Project) -> MarkRules:
    """Return what marks of a project may be."""
    attributes = attribute_names(SPAN_ATTRIBUTES.value(project))
    return MarkRules(OVERLAPPING_SPANS.value(project), attributes)
