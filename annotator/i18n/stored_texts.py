"""Sentences stored in English and translated when they are read.

`stored_messages` recognises them; this module has the reasons why an item was selected.
"""

from django.utils.translation import gettext_noop

WHY_AUDIT = gettext_noop("Drawn at random, to measure the model.")
WHY_RANDOM = gettext_noop("Drawn at random.")
WHY_BUFFERED = gettext_noop("Drawn at random for the offline buffer.")
WHY_REPEATED = gettext_noop("Repeated to measure self-consistency.")
WHY_CONFIDENT = gettext_noop("One of the items with the highest confidence.")
WHY_RECALL_SAMPLE = gettext_noop("Drawn at random from the unread items, to estimate recall.")
TAKEN_OUT_OF_PAGE = gettext_noop("Unmarked by an annotator on a page confirmed in bulk.")
COPY_DIFFERS = gettext_noop("A near-duplicate of this item has a different label.")
