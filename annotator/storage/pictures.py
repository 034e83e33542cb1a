"""Stored pictures and their smaller copies, as files that belong together."""

import logging
from collections.abc import Iterable

from django.core.files.storage import default_storage

from annotator.storage import thumbnails

log = logging.getLogger(__name__)


def delete(names: Iterable[str]) -> None:
    """Delete pictures with all their copies; one that is not there any more is no error."""
    for name in names:
        for each in (name, *thumbnails.copies(name)):
            try:
                default_storage.delete(each)
            except OSError:
                log.exception("The picture %s could not be deleted", each)
