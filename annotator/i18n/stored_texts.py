"""Sentences stored in English and translated when they are read.

`stored_messages` recognises them again. What is worded anew moves to `former_sentences`.
"""

from django.utils.translation import gettext_noop

# Why an item came to be labelled.
WHY_AUDIT = gettext_noop("Drawn at random, to measure the model.")
WHY_RANDOM = gettext_noop("Drawn at random.")
WHY_DRAWN = WHY_RANDOM
WHY_VARIED = gettext_noop("A typical example of a group of similar texts.")
WHY_UNSURE_SPANS = gettext_noop("The model is unsure where spans begin and end in this text.")
WHY_BUFFERED = gettext_noop("Drawn at random for the offline buffer.")
WHY_ASSIGNED = gettext_noop("Assigned to you.")
WHY_SENT_BACK = gettext_noop("Sent back by a lead.")
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
SPAN_MISSED = gettext_noop(
    "The model sees “%(quote)s” as “%(label)s” (%(sure)d%%); nobody marked it."
)
SPAN_RELABELLED = gettext_noop(
    "The model sees “%(quote)s” as “%(label)s” (%(sure)d%%); it is marked as “%(given)s”."
)
SPAN_UNTAGGED = gettext_noop(
    "“%(quote)s” is “%(label)s” in %(sure)d%% of its places; here, nobody marked it."
)
SPAN_OTHERWISE = gettext_noop(
    "“%(quote)s” is “%(label)s” in %(sure)d%% of its places; here, it is marked as “%(given)s”."
)

# What an import noted.
READ_AS_CP1252 = gettext_noop("The file isn't UTF-8. It was read as Windows-1252.")
ITEMS_WITHOUT_VECTOR = gettext_noop(
    "%(n)d items have no vector. The vectors are used once all items have one."
)
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

# Why a job of an archived project ended.
ARCHIVED_MEANWHILE = gettext_noop("The project was archived while this was under way.")

# Why a round failed.
FEATURES_NOT_IN_BACKUP = gettext_noop(
    "Its features were not in the backup. The next round computes new ones."
)
