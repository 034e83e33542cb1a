"""Sentences of the errors of spans, by code."""

from django.utils.translation import gettext_noop

SPANS = {
    "spans_form": gettext_noop("Spans must be a list of at most %(most)d objects."),
    "span_form": gettext_noop(
        "%(entry)s must be an object with “start” and “end”, which are whole numbers, and “label”."
    ),
    "span_field": gettext_noop("%(entry)s has the unknown field “%(name)s”. There are: %(names)s."),
    "span_empty": gettext_noop("%(entry)s is empty: it starts and ends at %(start)d."),
    "span_reversed": gettext_noop("%(entry)s ends at %(end)d, before it starts at %(start)d."),
    "span_range": gettext_noop(
        "%(entry)s, from %(start)d to %(end)d, is outside the text, which has %(length)d "
        "characters."
    ),
    "span_quote": gettext_noop(
        "%(entry)s says “%(quote)s”, but the text from %(start)d to %(end)d is “%(there)s”. "
        "Offsets count Unicode code points."
    ),
    "span_label": gettext_noop(
        "spans[%(entry)d]: “%(name)s” isn't a label in this project. Its labels are: %(names)s."
    ),
    "span_attribute": gettext_noop(
        "%(entry)s has the unknown attribute “%(name)s”. This project has: %(names)s."
    ),
    "span_attribute_none": gettext_noop(
        "%(entry)s has the attribute “%(name)s”, but this project has no attributes."
    ),
    "attribute_name": gettext_noop(
        "An attribute has at most %(most)d characters, and no line ends or control characters."
    ),
    "span_attributes.too_many": gettext_noop(
        "A project has at most %(most)d attributes, not %(n)d."
    ),
    "span_attributes.duplicate_name": gettext_noop("The attribute %(name)s appears twice."),
    "tagged_form": gettext_noop(
        "“tagged” must be a list of [start, end, label id], three whole numbers each."
    ),
    "span_twice": gettext_noop("%(entry)s repeats another span with the same label."),
    "spans_overlap": gettext_noop(
        "%(entry)s overlaps %(other)s. The settings of this project allow no overlapping spans."
    ),
    "spans_cross": gettext_noop(
        "%(entry)s crosses %(other)s. The settings of this project allow one span within another, "
        "not two that cross."
    ),
}
