"""Sentences of the errors of bulk edits, and of what was sent back, by code."""

from django.utils.translation import gettext_noop

BULK_EDITS = {
    "answered_since": gettext_noop("The item was labelled again, or is being labelled."),
    "unknown_sent_back": gettext_noop("There is no such request."),
    "bulk_nothing": gettext_noop("No items match. Nothing was changed."),
    "bulk_too_many": gettext_noop("At most %(most)s items at once. Narrow the filters."),
    "bulk_unknown": gettext_noop("There is no such bulk edit."),
    "bulk_not_undoable": gettext_noop("This can't be undone."),
    "bulk_which": gettext_noop("Name the items, or a filter."),
    "label_edit_unknown": gettext_noop("There is no such change of the labels."),
    "label_edit_not_undoable": gettext_noop("This can't be undone."),
    "label_edit_newer_first": gettext_noop("Undo the newer changes of these labels first."),
    "labels_same": gettext_noop("Choose two different labels."),
    "labels_moving": gettext_noop("The labels are being changed. Wait until that is done."),
    "labels_importing": gettext_noop("An import is running. Wait until it is done."),
    "labels_delivering": gettext_noop(
        "A delivery is being proven with these labels. Freeze it or give it up first."
    ),
    "guidelines_unknown": gettext_noop("There is no such version of the guidelines."),
    "guidelines_picture": gettext_noop("This file isn't a picture that can be shown."),
    "guidelines_picture_large": gettext_noop("A picture can have at most 10 MB."),
    "guidelines_pictures": gettext_noop("The guidelines can have at most %(most)d pictures."),
    "split_names": gettext_noop("Name the labels that the items may get."),
    "by_unknown": gettext_noop("“%(name)s” is no active member of this project."),
    "assigned_to_nobody": gettext_noop("Name at least one member."),
    "assigned_until": gettext_noop("The end must be in the future."),
    "assigned_share": gettext_noop(
        "The share must be above 0%%, and at most what the other assignments leave: %(left)d%%."
    ),
    "view_name": gettext_noop("Enter a name with at most 60 characters."),
    "view_name_taken": gettext_noop("You have a view with this name. Choose another one."),
    "view_too_many": gettext_noop("At most %(most)d saved views per person. Delete one first."),
    "view_too_long": gettext_noop("These filters are too long to be saved. Shorten the text."),
    "unknown_view": gettext_noop("There is no such view."),
    "unknown_assignment": gettext_noop("There is no such assignment."),
}
