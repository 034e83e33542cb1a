"""Sentences of why a file of an archive, or a picture, cannot be used, by code.

They follow the name of the file: “scan.tif: it is larger than 100 MB.”
"""

from django.utils.translation import gettext_noop

PICTURES = {
    # Unpack it
    "unreadable": gettext_noop("it can't be read: %(problem)s."),
    "gone_from_bucket": gettext_noop("it was changed or removed in the bucket meanwhile."),
    "larger_than": gettext_noop("it is larger than %(n)d MB."),
    "bad_zip_entry": gettext_noop("it can't be unpacked: %(problem)s."),
    "tar_entry_incomplete": gettext_noop("it is incomplete."),
    "zip_entry_size": gettext_noop("its size differs from what the ZIP file states."),
    "zip_method": gettext_noop("its compression method isn't supported."),
    "zip_bomb": gettext_noop("it unpacks to more than 200 times its size."),
    # Decode it
    "image_broken": gettext_noop("it is damaged: %(problem)s."),
    "image_incomplete": gettext_noop("it is incomplete: %(problem)s."),
    "image_not_finite": gettext_noop("its values aren't finite numbers."),
    "image_too_large": gettext_noop("it has more than 50 million pixels."),
    "image_too_small": gettext_noop(
        "it has %(width)d × %(height)d pixels; at least 8 × 8 are needed."
    ),
    "image_too_long": gettext_noop(
        "it has %(width)d × %(height)d pixels, which is too long to display."
    ),
    "unsupported_image": gettext_noop(
        "it isn't a PNG, JPEG, WebP, GIF, BMP, TIFF, AVIF or HEIC image."
    ),
    "dicom_missing": gettext_noop("DICOM files need the package pydicom on the server."),
    "bad_dicom": gettext_noop("its DICOM picture can't be read: %(problem)s."),
    "dicom_without_picture": gettext_noop("it is a DICOM file without a picture."),
    "dicom_frames": gettext_noop("it has several frames; only single pictures are read."),
    # Pass it over
    "unread_kind": gettext_noop("This kind of file isn't read."),
    "several_texts_wanted": gettext_noop("This project has more than one text per item."),
    "system_files": gettext_noop(
        "Hidden files, and those that the system left in the archive: %(n)d."
    ),
    "row_of_several": gettext_noop(
        "Row %(n)d of %(table)s names this picture as well as “%(name)s”."
    ),
    "first_frame": gettext_noop("Only the first of its %(n)d pictures was taken."),
    "zip_duplicate_name": gettext_noop("%(n)d files of the archive have this name."),
    "no_text_file": gettext_noop("Row %(n)d of %(table)s names no text of the archive."),
    "no_picture": gettext_noop("Row %(n)d of %(table)s names no picture of the archive."),
}
