"""Sentences of why a file cannot be read, by code."""

from django.utils.translation import gettext_noop

FILES = {
    # What it is
    "wrong_content": gettext_noop(
        "This is a file of the kind %(kind)s, which can't be read as this format."
    ),
    "content_is_workbook": gettext_noop(
        "This is an %(kind)s workbook. Import it as one, or save it as CSV UTF-8."
    ),
    "content_is_text": gettext_noop("This is a text file, which can't be read as this format."),
    "unknown_encoding": gettext_noop(
        "“%(name)s” is no encoding that Winnow knows. Try utf-8 or windows-1252."
    ),
    "no_bytes": gettext_noop("The file is empty."),
    "empty_file": gettext_noop("The file has no data rows."),
    "no_image_file": gettext_noop(
        "This is no image (%(kinds)s) and no archive of images, whatever its name says."
    ),
    "no_rows_after_header": gettext_noop("The file has a header but no data rows."),
    "line_of_no_text_file": gettext_noop("A line is longer than 10 MB; is this a text file?"),
    # Its columns
    "no_text_column": gettext_noop("No text column found. The columns are: %(there)s."),
    "no_file_column": gettext_noop(
        "A table of labels needs the columns filename and label. It has: %(there)s."
    ),
    "missing_column": gettext_noop("Column “%(name)s” not found. The columns are: %(there)s."),
    "same_column": gettext_noop(
        "Two texts can't come from the same column (%(names)s). Name one column for each."
    ),
    "duplicate_column": gettext_noop("The column “%(name)s” appears twice."),
    "unknown_delimiter": gettext_noop("A delimiter is one of: comma, semicolon, tab, bar."),
    "bad_header": gettext_noop("The header line can't be read: %(problem)s."),
    "header_wanted": gettext_noop(
        "The file seems to have no header line. Add one that names the columns."
    ),
    # JSON
    "bad_json": gettext_noop("The file isn't valid JSON: %(problem)s."),
    "json_ends_early": gettext_noop("The file isn't valid JSON: it ends too early."),
    "json_after_end": gettext_noop(
        "The file isn't valid JSON: something follows the end of the list: “%(text)s”."
    ),
    "too_deep": gettext_noop("It is nested more deeply than can be read."),
    "too_large_object": gettext_noop(
        "A JSON object over 50 MB can't be read. Write JSON Lines: one record per line."
    ),
    # Workbooks and Parquet
    "workbook_without_rows": gettext_noop("The workbook has no rows."),
    "workbook_too_large": gettext_noop(
        "The workbook takes too much memory or time. Save it as CSV UTF-8."
    ),
    "workbook_unpacks_to_much": gettext_noop(
        "The workbook unpacks to too much. Save it as CSV UTF-8."
    ),
    "workbook_encrypted": gettext_noop("The workbook has a password. Save it without one."),
    "bad_workbook": gettext_noop("The workbook is damaged: %(problem)s."),
    "parquet_missing": gettext_noop(
        "Parquet files need the package pyarrow on the server. Save the file as CSV."
    ),
    "not_parquet": gettext_noop("This isn't a complete Parquet file: %(problem)s."),
    "parquet_unpacks_to_much": gettext_noop(
        "The Parquet file unpacks to too much. Save it in smaller parts."
    ),
    # Plain texts and CoNLL
    "one_text": gettext_noop("Plain text has one text per item. Use a table for this project."),
    "no_tags": gettext_noop("No column of tags such as B-PER or O was found in this file."),
    # Spans
    "no_standoff": gettext_noop(
        "The archive has no texts (.txt) with annotations of brat (.ann) beside them."
    ),
    "standoff_far_apart": gettext_noop(
        "Pack each text beside its annotations; too many wait for the other one."
    ),
    "spacy_missing": gettext_noop(
        "DocBin files need spaCy on the server: install it with pip install spacy."
    ),
    "not_docbin": gettext_noop("This isn't a complete DocBin of spaCy: %(problem)s."),
    "docbin_unpacks_to_much": gettext_noop(
        "The file unpacks to too much. Save it in smaller parts."
    ),
    # Archives and folders
    "empty_zip": gettext_noop("The ZIP file is empty."),
    "empty_archive": gettext_noop("The archive is empty."),
    "empty_folder": gettext_noop("The folder is empty."),
    "archive_holds": gettext_noop("It contains (%(n)d): %(names)s."),
    "no_tables": gettext_noop("The archive contains no tables and no texts."),
    "no_images": gettext_noop("The ZIP file contains no images (%(kinds)s)."),
    "folder_without_images": gettext_noop("The folder contains no images (%(kinds)s)."),
    "bad_zip": gettext_noop("The file isn't a ZIP file or is incomplete: %(problem)s."),
    "bad_tar": gettext_noop("The archive is damaged or incomplete: %(problem)s."),
    "bad_gzip": gettext_noop("The gzip file is damaged or incomplete: %(problem)s."),
    "zip_too_many": gettext_noop("The ZIP file contains more than 200,000 files. Split it."),
    "tar_too_many": gettext_noop("The archive contains more than 200,000 files. Split it."),
    "folder_too_many": gettext_noop("The folder contains more than 200,000 files. Split it."),
    "zip_too_large": gettext_noop("The ZIP file unpacks to more than 20 GB."),
    "tar_too_large": gettext_noop("The archive unpacks to too much."),
    "zip_unsafe_name": gettext_noop(
        "The ZIP file contains paths that point outside of it: %(names)s. Pack it again from "
        "inside its folder."
    ),
    "tar_unsafe_name": gettext_noop(
        "The archive contains links or paths that point outside of it: %(names)s."
    ),
    "zip_encrypted": gettext_noop("The ZIP file is encrypted. Pack it without a password."),
    "zip_overlap": gettext_noop("Files in the ZIP overlap. Pack it again with another program."),
    "bad_labels": gettext_noop("%(name)s can't be read: %(problem)s"),
}

# What people call the files of the import formats.
KINDS_OF_FILES = {
    "csv": gettext_noop("CSV files"),
    "jsonl": gettext_noop("JSON and JSON Lines files"),
    "xlsx": gettext_noop("Excel and OpenDocument workbooks"),
    "parquet": gettext_noop("Parquet files"),
    "text": gettext_noop("plain text files"),
    "archive": gettext_noop("ZIP, tar and gzip files of these"),
    "zip": gettext_noop("images and ZIP or tar files of images"),
    "conll": gettext_noop("CoNLL files"),
    "spacy": gettext_noop("spaCy files"),
    "brat": gettext_noop("ZIP files of brat"),
}
