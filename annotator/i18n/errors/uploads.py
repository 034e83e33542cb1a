"""Sentences of the errors of resumable uploads, by code."""

from django.utils.translation import gettext_noop

UPLOADS = {
    "no_import_folder": gettext_noop(
        "This installation has no folder to import from. An installation admin can name one in "
        "WINNOW_IMPORT_FOLDER."
    ),
    "unknown_server_file": gettext_noop("There is no file “%(name)s” in the folder on the server."),
    "server_path_too_long": gettext_noop(
        "The path of the file has more than %(most)d characters. Put it into a folder with a "
        "shorter name."
    ),
    "unknown_bucket_file": gettext_noop(
        "There is nothing at “%(name)s”. Choose one of the buckets, folders and files of the list."
    ),
    "bucket_credentials": gettext_noop(
        "The store of the bucket “%(bucket)s” doesn't accept the credentials of this installation. "
        "An installation admin can check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
    ),
    "bucket_denied": gettext_noop(
        "The credentials of this installation may not read the bucket “%(bucket)s”. Its owner can "
        "allow them to list and get objects."
    ),
    "bucket_missing": gettext_noop(
        "The store has no bucket “%(bucket)s”. An installation admin can check its name in "
        "WINNOW_IMPORT_BUCKETS."
    ),
    "bucket_away": gettext_noop(
        "The store of the bucket “%(bucket)s” doesn't answer. Try again in a moment; otherwise an "
        "installation admin can check its address in WINNOW_IMPORT_BUCKETS."
    ),
    "bucket_strange": gettext_noop(
        "What answers for the bucket “%(bucket)s” isn't an S3-compatible store, or another region. "
        "An installation admin can check WINNOW_IMPORT_BUCKETS and AWS_DEFAULT_REGION."
    ),
    "bucket_gone": gettext_noop(
        "The file isn't in the bucket “%(bucket)s” any more. Choose it again."
    ),
    "bucket_changed": gettext_noop(
        "The file in the bucket “%(bucket)s” was changed while it was fetched. Choose it again."
    ),
    "bucket_too_many": gettext_noop(
        "The folder in the bucket has more than %(most)d files. Import its folders one by one."
    ),
    "bucket_too_large": gettext_noop(
        "The files in the bucket have more than %(most)d GB. Import its folders one by one."
    ),
    "bucket_under_way": gettext_noop(
        "The bucket holds more than can be fetched at once: %(done)d of %(total)d files, "
        "%(megabytes)d MB so far. Check again to go on, or import: then a worker fetches the rest."
    ),
    "no_items_in_file": gettext_noop("No row of this file can become an item."),
    "unfinished_upload": gettext_noop("This upload is not complete. Send the rest of the file."),
    "upload_length": gettext_noop("Upload-Length must be the size of the file in bytes."),
    "upload_offset": gettext_noop(
        "The next byte must be number %(have)d. Ask for the offset, and go on from there."
    ),
    "upload_busy": gettext_noop("A chunk of this upload is being received. Try again in a moment."),
    "chunk_too_large": gettext_noop("A chunk can have at most %(most)d MB. Send smaller ones."),
    "chunk_too_long": gettext_noop("The chunk goes beyond the length of the upload."),
    "chunk_type": gettext_noop("A chunk must be sent as application/offset+octet-stream."),
    "checksum": gettext_noop("The chunk was damaged on its way. Send it again."),
    "checksum_form": gettext_noop(
        "Upload-Checksum must be the name of one of these algorithms, a space, and the checksum "
        "in Base64: %(names)s."
    ),
    "upload_metadata": gettext_noop(
        "Upload-Metadata must be pairs of a name and a value in Base64, separated by commas."
    ),
    "tus_version": gettext_noop("Send the header Tus-Resumable: %(version)s."),
    "too_many_uploads": gettext_noop(
        "You have %(most)d unfinished uploads. Finish or remove one of them first."
    ),
}
