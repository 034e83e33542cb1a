"""Sentences of what cannot be predicted."""

from django.utils.translation import gettext_noop

PREDICTIONS = {
    "predict_unknown_item": gettext_noop("Item %(item)d isn't in this project."),
    "predict_pictures": gettext_noop(
        'Send pictures as files of a form, in “items”, or name items of the project: {"item": 17}.'
    ),
    "predict_bad_picture": gettext_noop(
        "A file can't be read as a picture. Send formats that can be imported, such as PNG or JPEG."
    ),
    "predict_json": gettext_noop("This project has no pictures. Send its items as JSON."),
}
