"""Sentences stored in English and translated when they are read.

`stored_messages` recognises them again. What is worded anew moves to `former_sentences`.
"""

from django.utils.translation import gettext_noop

# Why an item came to be labelled.
WHY_AUDIT = gettext_noop("Drawn at random, to measure the model.")
WHY_RANDOM = gettext_noop("Drawn at random.")
WHY_BUFFERED = gettext_noop("Drawn at random for the offline buffer.")
WHY_REPEATED = gettext_noop("Repeated to measure self-consistency.")
WHY_CONFIDENT = gettext_noop("One of the items with the highest confidence.")
WHY_RECALL_SAMPLE = gettext_noop("Drawn at random from the unread items, to estimate recall.")
TAKEN_OUT_OF_PAGE = gettext_noop("Unmarked by an annotator on a page confirmed in bulk.")

# Why a label is in doubt.
COPY_DIFFERS = gettext_noop("A near-duplicate of this item has a different label.")
PREDICTS_ANOTHER = gettext_noop(
    "The model predicts “%(instead)s” (%(sure)d%%), not “%(given)s” (%(left)d%%)."
)
PREDICTS_NOT = gettext_noop("The model doesn't predict “%(label)s” (%(sure)d%%).")
PREDICTS_TOO = gettext_noop("The model also predicts “%(label)s” (%(sure)d%%).")

# What an import noted, and why it rejected a row.
READ_AS_CP1252 = gettext_noop("The file isn't UTF-8. It was read as Windows-1252.")
ID_TAKEN = gettext_noop("ID “%(id)s” already belongs to a different item.")
UNKNOWN_LABEL = gettext_noop("“%(name)s” isn't a label in this project.")
DID_YOU_MEAN = gettext_noop("Did you mean “%(name)s”?")
ONE_LABEL = gettext_noop("This project allows one label per item.")
NO_VECTOR = gettext_noop("There is no vector for it.")
NO_ITEM = gettext_noop("No item has the ID “%(id)s”.")
ITEMS_WITHOUT_VECTOR = gettext_noop(
    "%(n)d items have no vector. The vectors are used once all items have one."
)
VECTOR_DIMENSIONS = gettext_noop(
    "The vector has %(found)d numbers; those of the other items have %(wanted)d."
)

# What became of a row of an import that is no new item as it stood.
DUPLICATE = gettext_noop("Its content is that of item “%(id)s”.")
DUPLICATE_TEXT = gettext_noop("Its content is that of item “%(id)s”; ID “%(other)s” was not taken.")
META_NOT_TAKEN = gettext_noop(
    "Its content is that of item “%(id)s”, which has other metadata; these were not taken."
)
LABEL_CONFLICT = gettext_noop("Item “%(id)s” has the label %(old)s; %(new)s was not taken.")
LABELS_NOT_TAKEN = gettext_noop(
    "Item “%(id)s” was there already without a label; %(new)s was not taken. Labels for existing "
    "items are taken if you choose to add them."
)
LABELS_ADDED = gettext_noop("Its labels were added to item “%(id)s”.")
LABELS_CHANGED = gettext_noop("Its labels replaced those of item “%(id)s”.")
ITEM_UPDATED = gettext_noop("Item “%(id)s” was updated.")
VECTOR_STAYS = gettext_noop(
    "Item “%(id)s” came with a vector of its own, which would not fit another text."
)
LABEL_LEFT_OUT = gettext_noop("Its label was left out, as chosen.")
SKIP_LEFT_OUT = gettext_noop("It was skipped where the file comes from; it has no label here.")
CONFIDENCE_RANGE = gettext_noop(
    "The confidence %(value)s is out of range: it must lie between 0 and 1. It was left out."
)
SECOND_GOLD = gettext_noop("It has several gold answers; the first one was taken.")
SECOND_SUGGESTION = gettext_noop("It has several suggestions; the first one was taken.")
ID_CUT = gettext_noop("Its ID is longer than %(most)d characters; the end of it was kept.")
NOT_STORED = gettext_noop("The database can't store it: %(problem)s.")
CANCELLED_IMPORT = gettext_noop("Cancelled by %(name)s. The rows read so far were imported.")

# What a simulation noted, and why it ended.
UNREADABLE_ROWS = gettext_noop("%(n)d unreadable rows left out")
UNLABELLED_ROWS = gettext_noop("%(n)d rows without a label left out")
DUPLICATE_ROWS = gettext_noop("%(n)d duplicates left out")
ITEMS_DRAWN = gettext_noop("%(n)d of %(all)d items are used, drawn at random")
HELD_OUT = gettext_noop("%(n)d random items are held out as the test set")
TEST_ITEMS_IN_POOL = gettext_noop("%(n)d test items that are also in the pool left out")
OWN_LABELS = gettext_noop(
    "The project's own labels: items selected by a strategy are harder than average"
)
STOPPED = gettext_noop("Stopped by %(name)s.")

# Why a round failed.
FEATURES_NOT_IN_BACKUP = gettext_noop(
    "Its features were not in the backup. The next round computes new ones."
)
