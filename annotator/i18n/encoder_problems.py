"""Sentences of what is wrong with an encoder, by reason (`selection.encoders.UnusableEncoder`)."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext, gettext_noop

TEXTS = {
    "missing_file": gettext_noop(
        "The file %(file)s is missing. Put it back, or add the encoder again."
    ),
    "no_sum": gettext_noop(
        "encoder.json has no SHA-256 of %(file)s. Add the folder with “manage.py encoders add”, "
        "which takes it."
    ),
    "changed_file": gettext_noop(
        "The file %(file)s is not the one that encoder.json describes: its SHA-256 differs. "
        "Restore the file, or correct encoder.json if the change is meant."
    ),
    "damaged_model": gettext_noop(
        "The model file %(file)s is damaged or of another kind (%(problem)s). Get it again."
    ),
    "damaged_tokenizer": gettext_noop(
        "The tokenizer file %(file)s is damaged (%(problem)s). Get it again."
    ),
    "wrong_tokenizer": gettext_noop(
        "The tokenizer knows more tokens than the model has vectors for. They do not "
        "belong together."
    ),
    "wrong_dimension": gettext_noop(
        "encoder.json says %(expected)s dimensions, but the model gives %(found)s. Correct "
        "“dimensions” there."
    ),
    "wrong_inputs": gettext_noop(
        "The model takes other inputs than an encoder of this kind: %(found)s."
    ),
    "wrong_output": gettext_noop("The model's output has a shape that is no vector: %(shape)s."),
    "not_finite": gettext_noop(
        "The model gives numbers that are not finite. It is damaged, or does not run here."
    ),
    "failed_run": gettext_noop("The model does not run (%(problem)s)."),
    "unknown_kind": gettext_noop("“%(kind)s” is no kind of encoder."),
    "bad_manifest": gettext_noop("encoder.json has a wrong value for %(field)s: %(value)s."),
    "not_installed": gettext_noop(
        "These packages are missing: %(packages)s. Install them with "
        "“pip install --require-hashes -r requirements.txt”."
    ),
    "unknown_encoder": gettext_noop("There is no encoder %(name)s here."),
    "already_there": gettext_noop("There is an encoder %(name)s already. Remove it first."),
    "kept_by_package": gettext_noop(
        "%(name)s comes with a Python package (%(place)s). Uninstall it, or set "
        "WINNOW_ENCODERS=none to use no encoder at all."
    ),
    "kept_by_folder": gettext_noop(
        "%(name)s lies in the folder of WINNOW_ENCODERS. Remove it there: %(place)s."
    ),
    "no_hub": gettext_noop("%(address)s is no address of a hub."),
    "no_download": gettext_noop(
        "%(address)s cannot be fetched (%(problem)s). Try again, or fetch the files on another "
        "machine and add their folder."
    ),
    "other_download": gettext_noop(
        "%(file)s is not the file that Winnow knows: its size or SHA-256 differs. Nothing was kept."
    ),
}


def text(reason: str, values: Mapping[str, Any]) -> str:
    """Say what is wrong, and what to do."""
    return gettext(TEXTS[reason]) % values
