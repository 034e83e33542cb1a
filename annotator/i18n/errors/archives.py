"""Sentences of the errors of project archives, by code."""

from django.utils.translation import gettext_noop

ARCHIVES = {
    "archive_foreign": gettext_noop(
        "This file isn't a project archive of Winnow. Choose a file that “Archive the project” "
        "or export_project has written. Other data is imported into a project."
    ),
    "archive_in_bucket": gettext_noop(
        "An archive can't be opened in a bucket. Copy it into the folder on the server, or upload "
        "it."
    ),
    "archive_incomplete": gettext_noop(
        "The end of the archive is missing. Download or copy it again, and compare the sizes."
    ),
    "archive_damaged": gettext_noop(
        "The archive is damaged: %(part)s isn't what was written. Nothing was stored. Download or "
        "copy it again."
    ),
    "archive_newer": gettext_noop(
        "A newer version of Winnow has written this archive. Update this installation, then open "
        "it again."
    ),
    "archive_room": gettext_noop(
        "The archive needs %(need)d MB, and %(free)d MB are free. Ask an installation admin to "
        "free space in the data directory."
    ),
    "archive_bomb": gettext_noop(
        "%(part)s would unpack to far more than an archive holds. Nothing was stored."
    ),
    "archive_value": gettext_noop(
        "%(part)s has a value in line %(line)d that isn't possible for %(column)s. Nothing was "
        "stored. The file was changed after it was written; write it again."
    ),
    "archive_reference": gettext_noop(
        "%(part)s refers in line %(line)d with %(column)s to something that isn't in the archive. "
        "Nothing was stored. The file was changed after it was written; write it again."
    ),
    "archive_file": gettext_noop(
        "%(part)s isn't a file that an archive can hold. Nothing was stored. The file was changed "
        "after it was written; write it again."
    ),
    "archive_contradicts": gettext_noop(
        "Parts of the archive contradict each other. Nothing was stored. The file was changed "
        "after it was written; write it again."
    ),
    "archive_changed": gettext_noop(
        "Files of the project were replaced while it was read. Try again when no round is running."
    ),
    "archive_unfinished": gettext_noop("This archive isn't written yet."),
    "unknown_archive": gettext_noop("Archive job not found."),
    "unknown_archive_file": gettext_noop(
        "This file is gone. Archives are kept for %(days)d days; write a new one."
    ),
    "archives_for_admins": gettext_noop("Only installation admins can open archives."),
    "clone_labels": gettext_noop("Annotations can only be copied together with the items."),
}
