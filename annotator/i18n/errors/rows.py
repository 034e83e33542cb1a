"""Sentences of why a row was rejected, or what became of it, by code."""

from django.utils.translation import gettext_noop

ROWS = {
    # Its line
    "bad_quote": gettext_noop("The quotation marks at line %(line)d do not match: %(problem)s."),
    "unclosed_quote": gettext_noop("The quotation mark opened at line %(line)d is never closed."),
    "line_lost": gettext_noop("With it, one more line wasn't read."),
    "header_again": gettext_noop("The line has the names of the columns again."),
    "duplicate_key": gettext_noop("A field appears twice in the record."),
    "bad_number": gettext_noop("A number in it has more than %(most)d digits."),
    "lines_lost": gettext_noop("With it, %(n)d more lines weren't read."),
    "column_count": gettext_noop("Expected %(expected)d columns, found %(found)d."),
    "line_too_long": gettext_noop("A line is longer than 10 MB."),
    "line_not_utf8": gettext_noop("The line isn't valid UTF-8."),
    "line_not_json": gettext_noop("The line isn't valid JSON: %(problem)s."),
    "not_an_object": gettext_noop("The record isn't a JSON object."),
    "uneven_columns": gettext_noop("The lines of this text have different numbers of columns."),
    "tokens_differ": gettext_noop("The tokens don't follow one another in the text “%(text)s”."),
    # Its cells
    "text_type": gettext_noop("“%(name)s” is missing or isn't a string."),
    "empty_text": gettext_noop("The text is empty."),
    "text_stands_for_nothing": gettext_noop(
        "The text is empty: “%(text)s” stands for a missing value."
    ),
    "text_too_long": gettext_noop("The text is longer than 1,000,000 characters."),
    "text_has_nul_byte": gettext_noop("The text contains a NUL byte."),
    "invalid_utf8": gettext_noop("The text isn't valid UTF-8."),
    "label_not_utf8": gettext_noop("The label isn't valid UTF-8."),
    "label_value": gettext_noop("A label must be a text, a number or a list of them."),
    "bad_id": gettext_noop("An id must be a string of at most %(most)d characters."),
    "bad_vector": gettext_noop("“%(name)s” isn't a list of finite numbers."),
    "meta_too_long": gettext_noop(
        "The other columns have more than %(most)d characters, most of them in “%(name)s”. "
        "Remove this column or shorten it."
    ),
    # Its spans
    "spans_no_list": gettext_noop("Spans must be a list."),
    "span_values": gettext_noop(
        "spans[%(number)d] must have whole numbers for start and end, and a label."
    ),
    "span_attribute_text": gettext_noop("spans[%(number)d]: “attribute” must be a text."),
    "tags_without_tokens": gettext_noop("There are not as many tags as tokens."),
    "no_text": gettext_noop("There is no text of this name (.txt)."),
    "tag_numbers": gettext_noop("The tags are numbers. Export them by name, such as B-person."),
    "standoff_line": gettext_noop(
        "Line %(number)d of the annotations must have a label, a start and an end."
    ),
    "span_pieces": gettext_noop(
        "%(id)s (“%(label)s”) has %(n)d pieces with words between them: no span holds it."
    ),
    "not_spans": gettext_noop("Only spans are taken. Left out: %(listed)s."),
    "span_crosses_parts": gettext_noop(
        "The span from %(start)d to %(end)d, “%(quote)s”, crosses the border of a paragraph. "
        "Import the text whole, or shorten the span."
    ),
    "span_widened": gettext_noop(
        "A span began or ended inside a visible character; it now covers all of it."
    ),
    "span_border": gettext_noop(
        "spans[%(number)d] begins or ends within a character, counted in %(unit)s."
    ),
    # Its labels
    "no_such_label": gettext_noop("“%(name)s” isn't a label in this project."),
    "labels_without_places": gettext_noop(
        "Its labels were left out: they don't say which part of the text they are about."
    ),
    "labels_full": gettext_noop("It can't be created: a project has at most %(most)d labels."),
    "did_you_mean": gettext_noop("Did you mean “%(name)s”?"),
    "one_label": gettext_noop("This project allows one label per item."),
    "label_left_out": gettext_noop("Its label was left out, as chosen."),
    "skip_left_out": gettext_noop(
        "It was skipped where the file comes from; it has no label here."
    ),
    "confidence_range": gettext_noop(
        "The confidence %(value)s is out of range: it must lie between 0 and 1. It was left out."
    ),
    "second_gold": gettext_noop("It has several gold answers; the first one was taken."),
    "second_suggestion": gettext_noop("It has several suggestions; the first one was taken."),
    # Its id and its vector
    "id_of_another": gettext_noop("ID “%(id)s” already belongs to a different item."),
    "id_cut": gettext_noop("Its ID is longer than %(most)d characters; the end of it was kept."),
    "no_vector": gettext_noop("There is no vector for it."),
    "duplicate_vector": gettext_noop(
        "An earlier row has a vector for ID “%(id)s”. The first one was taken."
    ),
    "no_item": gettext_noop("No item has the ID “%(id)s”."),
    "vector_of_other_size": gettext_noop(
        "The vector has %(found)d numbers; those of the other items have %(wanted)d."
    ),
    # An item that is there already
    "duplicate": gettext_noop("Its content is that of item “%(id)s”."),
    "duplicate_text": gettext_noop(
        "Its content is that of item “%(id)s”; ID “%(other)s” was not taken."
    ),
    "metadata_not_taken": gettext_noop(
        "Its content is that of item “%(id)s”, which has other metadata; these were not taken."
    ),
    "label_conflict": gettext_noop("Item “%(id)s” has the label %(old)s; %(new)s was not taken."),
    "nothing_given": gettext_noop("“no label”"),
    "labels_not_taken": gettext_noop(
        "Item “%(id)s” was there already without a label; %(new)s was not taken. Labels for "
        "existing items are taken if you choose to add them."
    ),
    "labels_added": gettext_noop("Its labels were added to item “%(id)s”."),
    "labels_replaced": gettext_noop("Its labels replaced those of item “%(id)s”."),
    "updated": gettext_noop("Item “%(id)s” was updated."),
    "spans_stay": gettext_noop(
        "The text of “%(id)s” was not changed: spans are marked in it. Withdraw its annotations "
        "first."
    ),
    "vector_stays": gettext_noop(
        "Item “%(id)s” came with a vector of its own, which would not fit another text."
    ),
    # The database
    "not_stored": gettext_noop("The database can't store it: %(problem)s."),
}
