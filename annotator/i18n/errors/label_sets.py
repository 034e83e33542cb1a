"""Sentences about the labels of a project, by code."""

from django.utils.translation import gettext_noop

LABEL_SETS = {
    "label_not_there": gettext_noop("This label doesn't exist in this project."),
    "label_count": gettext_noop(
        "A project needs between %(least)d and %(most)d labels, not %(n)d."
    ),
    "label_form": gettext_noop(
        "A label must be a name, or an object with name, hotkey, description and examples."
    ),
    "new_label_with_id": gettext_noop("A new label can't have an id."),
    "duplicate_id": gettext_noop("A label appears twice."),
    "labels.duplicate_name": gettext_noop("The label %s appears twice."),
    "duplicate_hotkey": gettext_noop(
        "%(key)s is the shortcut of both “%(one)s” and “%(other)s”. Change one of them."
    ),
    "hotkey": gettext_noop(
        "The shortcut of “%s” must be one letter, digit or symbol, except ? and /."
    ),
    "label_description": gettext_noop("A description can have at most 2,000 characters."),
    "label_examples": gettext_noop(
        "Examples must be a string of at most 2,000 characters, one example per line."
    ),
    "label_color": gettext_noop("A color must be one of: %(names)s."),
    "label_parent": gettext_noop(
        "Groups have two levels: a label in a group can't have labels itself."
    ),
    "label_parent_unknown": gettext_noop("The parent isn't a label of this project."),
    "name_type": gettext_noop("A name must be a string."),
    "name_length": gettext_noop("A name must have between 1 and 200 characters."),
    "name_characters": gettext_noop("A name can't contain control characters."),
}
