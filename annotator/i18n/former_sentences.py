"""Sentences that earlier versions stored and that the code no longer contains.

Database rows still contain them. Listed here, they stay in the catalogue, so that `stored_messages`
translates them. Move a stored sentence here when you reword it.
"""

from django.utils.translation import gettext_noop

# Why an item was selected or reviewed, and what the model predicts instead.
REASONS = (
    gettext_noop("Somebody took it out of a page that was confirmed in bulk."),
    gettext_noop("Among those that the model is surest of."),
    gettext_noop("Drawn at random from what is unread, to prove how many are found."),
    gettext_noop("A near-copy of this item is labelled otherwise."),
    gettext_noop("The model says “%(instead)s” (%(sure)d %%), not “%(given)s” (%(left)d %%)."),
    gettext_noop("The model sees no reason for “%(label)s” (%(sure)d %%)."),
    gettext_noop("The model misses “%(label)s” (%(sure)d %%)."),
    gettext_noop("Drawn at random, for when the connection is lost."),
    gettext_noop("Asked again, to see how steady labels are."),
    gettext_noop("A typical example of a group of similar items."),
    gettext_noop("Unlike anything labelled so far."),
    gettext_noop("Unlike what is labelled so far."),
    gettext_noop("Doubtful in its own way."),
    gettext_noop("Would pull the model in its own direction."),
    gettext_noop("The most doubtful of a group of similar items."),
    gettext_noop("Models trained on different labels disagree here."),
    gettext_noop("Its label would change the model a lot."),
    gettext_noop("Similar to one that was found."),
    gettext_noop("Drawn at random, doubtful items more often."),
    gettext_noop("Picked by %(reason)s (score %(score)s)."),
)

# Why a file or a row was rejected.
IMPORTS = (
    gettext_noop("The file is no UTF-8; it was read as Windows-1252."),
    gettext_noop("The id “%(id)s” is taken by an item with other content."),
    gettext_noop("“%(name)s” is no label of this project."),
    gettext_noop("This project takes one label for an item."),
    gettext_noop("The ZIP file holds no pictures (PNG, JPEG, WebP, GIF or BMP)."),
    gettext_noop("The file is no ZIP file, or is cut off: %(problem)s."),
    gettext_noop("The ZIP file holds more than 200,000 files."),
    gettext_noop(
        "The ZIP file holds names that point outside of it: %(names)s. Pack it again from inside "
        "its folder."
    ),
    gettext_noop("The ZIP file is encrypted; pack it without a password."),
    gettext_noop("Files in the ZIP overlap; it was not made honestly."),
    gettext_noop("labels.csv needs the columns filename and label. It has: %(there)s."),
    gettext_noop("labels.csv cannot be read: %(problem)s."),
    gettext_noop("it is packed in a way that cannot be read here."),
    gettext_noop("it cannot be unpacked: %(problem)s."),
    gettext_noop("it is not as large as the ZIP file says."),
    gettext_noop("it is no PNG, JPEG, WebP, GIF or BMP picture."),
    gettext_noop("it cannot be read to the end: %(problem)s."),
    gettext_noop("it is %(width)d × %(height)d pixels; 8 is the least."),
    gettext_noop("it is %(width)d × %(height)d pixels, too long to show."),
    gettext_noop("The file has a header, but no data rows."),
    gettext_noop("There is no column for the text. The columns are: %(there)s."),
    gettext_noop("There is no column for the label. The columns are: %(there)s."),
    gettext_noop("There is no column for the id. The columns are: %(there)s."),
    gettext_noop("There is no column “%(name)s”. The columns are: %(there)s."),
    gettext_noop("The header line cannot be read: %(problem)s."),
    gettext_noop("The column “%(name)s” is there twice."),
    gettext_noop("A quotation mark that opens at line %(line)d is never closed."),
    gettext_noop("The line is no JSON object."),
    gettext_noop("The line holds bytes that are no UTF-8."),
    gettext_noop("The line is no JSON: %(problem)s."),
    gettext_noop("Write one JSON object a line for more than 50 MB."),
    gettext_noop("The file is no JSON: %(problem)s."),
    gettext_noop("A label must be a text, or a list of texts."),
    gettext_noop("“%(name)s” is missing or no text."),
    gettext_noop("An id is a text of at most %(most)d characters."),
    gettext_noop("The text holds a NUL byte."),
    gettext_noop("The text holds bytes that are no UTF-8."),
)

# Notes and failures of simulations.
SIMULATIONS = (
    gettext_noop("%(n)d rows that cannot be read left out"),
    gettext_noop("%(n)d repeats left out"),
    gettext_noop("The file holds more than %(most)d MB; a part of it tells as much."),
    gettext_noop("No row has a label. If there is a column for it, give its name (label_column)."),
    gettext_noop("The file has no row that can be used."),
    gettext_noop("%(n)d items drawn at random are held out to measure on"),
    gettext_noop("A trial needs more than %(n)d labelled items."),
    gettext_noop("%(n)d test items that are in the pool, too, left out"),
    gettext_noop("Every item of the test file is in the pool, too."),
    gettext_noop("All items have the label “%(name)s”: there is nothing to learn."),
    gettext_noop("No item of the pool has the label “%(name)s”."),
    gettext_noop("The test file has labels that the pool lacks: %(names)s."),
    gettext_noop("One of the files holds texts, the other one pictures."),
    gettext_noop("The items are still being prepared for the model."),
    gettext_noop(
        "The project's own labels: items that a strategy chose are harder than the others"
    ),
)

# Why a job failed or was repeated.
JOBS = (
    gettext_noop("The feature encoder was damaged; a new one is made."),
    gettext_noop("Its features were not in the backup; the next round has new ones."),
    gettext_noop("What was found in shard %(n)d was damaged; it is being scored again."),
    gettext_noop("The model was damaged (%(reason)s). The next round makes a new one."),
    gettext_noop("Shard %(n)d of the features was damaged; it is being computed again."),
    gettext_noop("The feature encoder was damaged; it is being made again."),
    gettext_noop(
        "The database cannot be reached just now. Try again in a moment: nothing is lost."
    ),
    gettext_noop(
        "The storage is full. An admin of this installation has to make room where its data "
        "lies; then it goes on by itself."
    ),
    gettext_noop("The worker died %(n)d times at this, perhaps for want of memory."),
)
