"""Sentences of the errors of resumable uploads, by code."""

from django.utils.translation import gettext_noop

UPLOADS = {
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
