"""Sentences of the errors that `flow`, pages and API raise, by code.

Whoever raises an error names what happened and the values; only here it becomes a sentence in the
reader's language. A code whose sentence depends on the field, or on where it is raised, has an
entry for each. What depends on a number, or lists things, is worded by a function.
"""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

from django.utils.functional import Promise
from django.utils.text import get_text_list
from django.utils.translation import gettext, gettext_noop, ngettext

from annotator.i18n.errors.archives import ARCHIVES
from annotator.i18n.errors.bulk_edits import BULK_EDITS
from annotator.i18n.errors.deliveries import DELIVERIES
from annotator.i18n.errors.files import FILES, KINDS_OF_FILES
from annotator.i18n.errors.jobs import JOBS
from annotator.i18n.errors.label_sets import LABEL_SETS
from annotator.i18n.errors.pictures import PICTURES
from annotator.i18n.errors.predictions import PREDICTIONS
from annotator.i18n.errors.rows import ROWS
from annotator.i18n.errors.spans import SPANS
from annotator.i18n.errors.uploads import UPLOADS
from annotator.i18n.errors.vectors import VECTORS

TEXTS = {
    # Save a label
    "required": gettext_noop("This field is required."),
    "client_id": gettext_noop("client_id must be a UUID."),
    "client_id_reused": gettext_noop("This client_id was already used for another annotation."),
    "label_type": gettext_noop("Labels must be a list of names."),
    "label_twice": gettext_noop("Give each label once."),
    "unknown_label": gettext_noop(
        "“%(name)s” isn't a label in this project. Its labels are: %(names)s."
    ),
    **SPANS,
    "note.nul_byte": gettext_noop("A note can't contain a NUL byte."),
    "note_too_long": gettext_noop("A note can have at most %(most)s characters."),
    "already_labelled": gettext_noop(
        "You have already labelled this item. Correct that annotation instead."
    ),
    "seed_already_labelled": gettext_noop(
        "This item is already labelled. Correct its label instead."
    ),
    "stored_as_extra": gettext_noop(
        "Another annotator labelled this item in the meantime. Your annotation is kept as well."
    ),
    # Change it
    "already_withdrawn": gettext_noop("This annotation was already undone."),
    "not_undoable": gettext_noop("You can only undo your own annotations."),
    "not_revertible": gettext_noop("There is no correction of yours to undo here."),
    "label_gone": gettext_noop("A label that it had before was removed. Choose another label."),
    "corrected_by_lead": gettext_noop(
        "%(name)s corrected this annotation to “%(labels)s”. Ask them if that is wrong."
    ),
    "unknown_annotation": gettext_noop("Annotation not found."),
    "no_seed": gettext_noop("You have not given this item a seed label."),
    # Leases
    "unknown_lease": gettext_noop("This item isn't leased to you."),
    "lease_lost": gettext_noop("This item is no longer leased to you."),
    "item_removed": gettext_noop("This item was removed from the project. Nothing was saved."),
    "undone_already": gettext_noop("This import was already undone, or is being undone."),
    "too_many_leases": gettext_noop("Label the items leased to you before requesting more."),
    "not_skipped": gettext_noop("This skip was already undone."),
    # Bulk pages
    "unknown_page": gettext_noop("This page isn't leased to you."),
    "labels_changed": gettext_noop("Nothing was saved: the project's labels have changed."),
    "page_not_undone": gettext_noop(
        "Nothing was undone: the project is paused. Undo the page when the project is resumed."
    ),
    # Disagreements
    "unknown_state": gettext_noop("The state must be one of %(names)s."),
    "too_many_ids": gettext_noop("At most %(most)d ids fit into an address. Choose fewer items."),
    "bad_ids": gettext_noop("ids takes the ids of items with points between, as 4.17."),
    "unknown_sort": gettext_noop("Sort by one of %(names)s."),
    "unknown_search": gettext_noop("Search by one of %(names)s."),
    "no_meaning": gettext_noop("Only texts can be searched by meaning. Search by words instead."),
    "unknown_disagreement": gettext_noop("There is no disagreement about this item."),
    "not_decided": gettext_noop("This disagreement has no decision."),
    "item_changed": gettext_noop(
        "This item has changed in the meantime. See its annotations, and answer again if your "
        "answer still holds."
    ),
    "decided_meanwhile": gettext_noop(
        "%(name)s decided “%(labels)s” in the meantime. Decide again to replace it."
    ),
    # Encoders
    "encoder_in_use": gettext_noop(
        "%(names)s uses this encoder. Choose other features in its settings first."
    ),
    "encoder_being_added": gettext_noop("%(name)s is already being added."),
    "no_folder": gettext_noop("There is no folder %(folder)s on the server."),
    # Pause
    "reason.nul_byte": gettext_noop("A reason can't contain a NUL byte."),
    "reason.too_long": gettext_noop("A reason can have at most %(most)d characters."),
    # Accounts and members
    "username_taken": gettext_noop("This username is taken. Choose another one."),
    "invitation": gettext_noop("This link has expired or was already used. Ask for a new one."),
    "unknown_invitation": gettext_noop("Invitation not found."),
    "invitation_ended": gettext_noop("This invitation was already used or withdrawn."),
    "account_off": gettext_noop("The account of %(name)s is deactivated. Activate it first."),
    "last_installation_admin": gettext_noop(
        "An installation needs at least one active admin. Make another user an admin first."
    ),
    "no_user": gettext_noop("User not found."),
    "unknown_session": gettext_noop("Session not found. It may have ended."),
    "unknown_token": gettext_noop("Token not found. It may have been revoked."),
    "wrong_password": gettext_noop("Incorrect username or password."),
    "unknown_language": gettext_noop("Unknown language."),
    "unknown_role": gettext_noop("The role must be annotator, lead or admin."),
    "unknown_user": gettext_noop("There is no user called %s."),
    "deactivated_user": gettext_noop(
        "The account %(name)s is deactivated. An installation admin can activate it again."
    ),
    "unknown_member": gettext_noop("This user isn't a member of the project."),
    "member_already": gettext_noop(
        "%(name)s is already a member, with the role %(role)s. Change the role in the list."
    ),
    "last_admin": gettext_noop(
        "A project needs at least one admin. Make another member an admin first."
    ),
    "another_person": gettext_noop("Another user is signed in now."),
    # What a role allows
    "forbidden": gettext_noop("Your role in this project doesn't allow this."),
    "for_admins": gettext_noop("Only installation admins can do this."),
    "page_for_admins": gettext_noop("This page is for installation admins."),
    "projects_for_admins": gettext_noop("Only installation admins can create projects."),
    # Projects and their settings
    "unknown_project": gettext_noop("Project not found."),
    "edit_conflict": gettext_noop(
        "Someone else changed this while you were editing. Choose which version to keep."
    ),
    "stale_version": gettext_noop(
        "The project has changed since you read it. Read it again and repeat your change on the "
        "current version."
    ),
    "invalid": gettext_noop("Some settings are invalid."),
    "unknown_field": gettext_noop("Unknown setting %s."),
    "not_finite": gettext_noop("This must be a finite number."),
    "guidelines.too_long": gettext_noop("The guidelines are too long."),
    "field_name": gettext_noop("A field name must have between 1 and %d characters."),
    "shown_fields.too_many": gettext_noop("At most %(most)d fields can be shown, not %(n)d."),
    "shown_fields.duplicate_name": gettext_noop("The field %s appears twice."),
    "unknown_task": gettext_noop("There is no task “%(name)s”. There are: %(names)s."),
    "several_answers": gettext_noop("Projects of this type take one answer for an item."),
    # Preferences
    "ahead.invalid": gettext_noop("Choose between 1 and 10 prefetched items."),
    "spares.invalid": gettext_noop("Choose between 0 and 40 items for the offline buffer."),
    "break_minutes.invalid": gettext_noop("Enter 0 for no reminder, or 15 to 240 minutes."),
    "submit_at_once.invalid": gettext_noop("This must be on or off."),
    "reading_size.invalid": gettext_noop("The size must be small, medium or large."),
    "unknown_action": gettext_noop("Unknown action %s."),
    "key_count": gettext_noop("An action needs between 1 and %d keys."),
    "no_key": gettext_noop(
        "This isn't a key. Press the key here, or type one character, Space, Enter or Left."
    ),
    "digit": gettext_noop("Digits choose labels. Use a letter or a symbol."),
    "key_twice": gettext_noop(
        "%(key)s is already the key for “%(other)s”. Choose another key, or change both."
    ),
    "key_of_a_label": gettext_noop(
        "%(key)s chooses the label “%(label)s” in the project “%(project)s”. Choose another key."
    ),
    # Datasets
    "unknown_import": gettext_noop("Import not found."),
    "unknown_item": gettext_noop("Item not found."),
    "labels_are": gettext_noop("labels_are must be seed, gold, suggestion or ignore."),
    "file.too_large": gettext_noop("The file is larger than the limit of %d MB."),
    "text_column": gettext_noop(
        "“%(name)s” isn't a text of this project's items. Their texts: %(names)s."
    ),
    "no_report": gettext_noop("Every row of this import became an item as it stood."),
    "unknown_upload": gettext_noop(
        "Upload not found. Uploads are kept for 24 hours, and can be imported once."
    ),
    **UPLOADS,
    **FILES,
    **PICTURES,
    **ROWS,
    **ARCHIVES,
    **BULK_EDITS,
    "no_room": gettext_noop(
        "The server has no room for this file. Ask an installation admin to free space in the "
        "data directory."
    ),
    "choice": gettext_noop("%(name)s must be one of: %(names)s."),
    "delimiter": gettext_noop("The delimiter must be a comma, a semicolon, a tab or a bar."),
    "encoding": gettext_noop(
        "“%(name)s” is no text encoding. Use a name such as utf-8, windows-1252 or gb18030."
    ),
    "label_map": gettext_noop(
        "label_map must be an object of at most %(most)d names of labels in the file, each with "
        "the name of a label in the project."
    ),
    "not_running": gettext_noop("This import has ended; there is nothing to cancel."),
    "like": gettext_noop("like is the id of an item."),
    "unknown_format": gettext_noop("Unknown export format “%(name)s”. Choose one of: %(names)s."),
    "unknown_include": gettext_noop(
        "An export can't include “%(name)s”. It can include: %(names)s."
    ),
    "unknown_annotator": gettext_noop("Nobody called “%(name)s” has labelled in this project."),
    "bad_moment": gettext_noop(
        "“%(name)s” is no date. Write a day such as 2026-01-31, or a time such as "
        "2026-01-31T12:00Z."
    ),
    "format_missing": gettext_noop(
        "%(name)s files need the package %(package)s on the server: install it with "
        "pip install %(package)s, or choose another format."
    ),
    "unknown_export": gettext_noop(
        "Export not found. Files of exports are kept for %(days)s days."
    ),
    "export_unfinished": gettext_noop("This export has no file."),
    **DELIVERIES,
    # Features, rounds and predictions
    "unknown_features": gettext_noop(
        "There are no features “%(name)s” for these items. There are: %(names)s."
    ),
    "no_descriptions": gettext_noop("No label has a description yet. Describe the labels first."),
    "encoder_not_ready": gettext_noop(
        "Descriptions are read by an encoder of texts, which has not read the items of this "
        "project yet. The dashboard shows how far it is."
    ),
    "encoder_not_answering": gettext_noop("The encoder does not answer. Try again in a moment."),
    "no_features": gettext_noop(
        "The features of the items are still being computed. Try again later."
    ),
    "no_features_of_item": gettext_noop(
        "The features of this item are still being computed. Try again in a moment."
    ),
    "damaged_features": gettext_noop("%(problem)s Try again in a moment."),
    "features_changed": gettext_noop("The feature encoder was damaged. It is being rebuilt."),
    "round_running": gettext_noop("A round is already running."),
    "no_model": gettext_noop("There is no model yet. Label some items first."),
    **PREDICTIONS,
    # Encoders and vectors
    **VECTORS,
    # Recall samples
    "no_rare_label": gettext_noop("Choose a rare label in the settings first."),
    "sample_size": gettext_noop("A sample can have between %(least)d and %(most)d items."),
    "sample_waits": gettext_noop("Finish the previous sample first."),
    "nothing_unread": gettext_noop("All items have been read."),
    # Simulations
    "unknown_simulation": gettext_noop("Simulation not found."),
    "running": gettext_noop("A simulation is already running."),
    "strategies.strategy": gettext_noop("Choose at least one strategy."),
    "labels.labels": gettext_noop("Choose between 1 and %d labels."),
    "seeds.seeds": gettext_noop("Choose between 1 and %d repeats."),
    "seeds.too_much": gettext_noop(
        "This would be %(runs)d runs; %(most)d are allowed. Choose fewer strategies or repeats."
    ),
    "file.too_few": gettext_noop(
        "The project has fewer than %d labelled items. Upload a labelled file instead."
    ),
    "too_few": gettext_noop("A simulation needs more than %(n)d labelled items."),
    "data_too_large": gettext_noop("The file is larger than %(most)d MB. Use a part of it."),
    "no_labels": gettext_noop(
        "No row has a label. If there is a label column, enter its name (label_column)."
    ),
    "no_spans": gettext_noop(
        "No text has a span, so there is nothing to learn. Marked texts are needed."
    ),
    "no_rows": gettext_noop("The file has no usable rows."),
    "test_in_pool": gettext_noop("Every item of the test file is also in the pool."),
    "one_class": gettext_noop(
        "All items have the label “%(name)s”. At least two labels are needed."
    ),
    "label_not_in_pool": gettext_noop("No item in the pool has the label “%(name)s”."),
    "labels_not_in_pool": gettext_noop(
        "The test file has labels that are not in the pool: %(names)s."
    ),
    "two_media": gettext_noop("One file contains texts, the other images. Use the same data type."),
    # Requests
    "unknown_parameter": gettext_noop("Unknown query parameter. This call takes: %(names)s."),
    "page_size": gettext_noop("A page has from 1 to %(most)d entries."),
    "too_large": gettext_noop("The request is too large."),
    "nul_byte_in_body": gettext_noop("This contains a NUL byte."),
    "out_of_range": gettext_noop("This number is too large."),
    "cursor": gettext_noop("Invalid cursor."),
    "lease_action": gettext_noop("A lease can be skipped, released or extended."),
    "form_incomplete": gettext_noop("The form was incomplete. Please choose again."),
    "image_size": gettext_noop("Unknown size. Choose one of: %(sizes)s."),
    # Background jobs
    **JOBS,
    **LABEL_SETS,
    # Outages
    "damaged": gettext_noop("A file was damaged: %(reason)s."),
    "database_away": gettext_noop(
        "The database is unavailable. Nothing is lost; try again in a moment."
    ),
    "storage_full": gettext_noop(
        "The storage is full. An installation admin must free space in the data directory; "
        "work then resumes automatically."
    ),
    "busy": gettext_noop("Too many people are signing in right now. Try again in a few seconds."),
}


def text(key: str, field: str = "", values: Mapping[str, Any] = MappingProxyType({})) -> str:
    """Return the sentence of an error, preferably the one of its field."""
    if key in WORDED:
        return WORDED[key](**values)
    sentence = gettext(TEXTS.get(f"{field}.{key}") or TEXTS[key])
    if not values:
        return sentence
    # Where there is one value only, its place may have no name.
    return sentence % (values if "%(" in sentence else tuple(values.values()))


def somebody() -> str:
    """Return the placeholder name for a deleted user."""
    return gettext("Someone")


def invalid_token() -> str:
    """Return that nobody has this token, or no longer."""
    return gettext("Invalid token.")


# Worded by functions -----------------------------------------------------------------------------


def label_in_use(name: str, uses: Mapping[str, int]) -> str:
    """Return what keeps a label from being removed."""
    annotations, gold_items = uses["annotations"], uses["gold_items"]
    suggestions = uses["suggestions"]
    used = [
        (annotations, ngettext("%(n)d annotation", "%(n)d annotations", annotations)),
        (gold_items, ngettext("%(n)d gold item", "%(n)d gold items", gold_items)),
        (
            suggestions,
            ngettext("%(n)d imported suggestion", "%(n)d imported suggestions", suggestions),
        ),
    ]
    listed = get_text_list([words % {"n": n} for n, words in used if n], gettext("and"))
    told = gettext("“%(name)s” is used by %(uses)s. Rename it, or correct those first.")
    return told % {"name": name, "uses": listed}


def wrong_type(task: str, kinds: Iterable[str], name: str) -> str:
    """Return which files a project takes."""
    told = gettext("A project of task %(task)s can't take “%(name)s”. It takes %(kinds)s.")
    listed = get_text_list(
        [gettext(KINDS_OF_FILES.get(kind, kind)) for kind in kinds], gettext("and")
    )
    return told % {"task": task, "kinds": listed, "name": name}


def too_many_attempts(seconds: int) -> str:
    """Return that it was tried too often, and when to try again."""
    return " ".join([gettext("Too many failed attempts."), try_again(seconds)])


def locked_out(seconds: int) -> str:
    """Return that a username was tried too often, and when to try again."""
    return " ".join([gettext("Too many failed attempts for this username."), try_again(seconds)])


def try_again(seconds: int) -> str:
    """Return in words when to try again."""
    if seconds < 60:
        words = ngettext("Try again in %(n)d second.", "Try again in %(n)d seconds.", seconds)
        return words % {"n": seconds}
    minutes = -(-seconds // 60)
    words = ngettext("Try again in %(n)d minute.", "Try again in %(n)d minutes.", minutes)
    return words % {"n": minutes}


def named(name: str, problem: str) -> str:
    """Return a problem behind the name of what has it."""
    return f"{name}: {problem}"


def part_missing(said: Promise, there: str) -> str:
    """Return in the words of its task type that a column is missing."""
    return str(said) % {"there": there}


WORDED: dict[str, Callable[..., str]] = {
    "label_in_use": label_in_use,
    "locked_out": locked_out,
    "named": named,
    "part_missing": part_missing,
    "too_many_attempts": too_many_attempts,
    "wrong_type": wrong_type,
}
