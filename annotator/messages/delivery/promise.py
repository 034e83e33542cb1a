"""Sentences about a promise: advice before it, its words, and why it was given up."""

import math

from django.utils.translation import gettext as _

from annotator.i18n import numbers
from annotator.models import Delivery
from annotator.tasktypes.base import FEATURES


def advice(code: str) -> str:
    """Return what to do about what could be delivered now."""
    sentences = {
        "ready": _("Start a delivery: checks of the model's labels prove the promise."),
        "costly": _(
            "Few labels may be wrong in so small a region, so that a proof is costly. People may "
            "label the rest sooner, or allow more errors."
        ),
        "too_small": _(
            "The region is too small to prove. Let people label it, or allow more errors."
        ),
        "nothing_sure": _(
            "The model is not sure enough of any label for this promise. More labels, or more "
            "allowed errors, would help."
        ),
        "no_attempt_left": _(
            "Earlier attempts used up the error probability of this confidence. Choose a lower one."
        ),
        "all_labelled": _("Every item is labelled, so that nothing is left to the model."),
        "no_model": _("There is no model yet. Label some items first."),
        "not_for_task": str(FEATURES["deliver"].refusal),
    }
    return sentences.get(code, "")


def reason(code: str) -> str:
    """Return why a delivery was given up."""
    sentences = {
        "nothing_sure_enough": advice("nothing_sure"),
        "too_many_wrong": _(
            "Too many of the checked labels were wrong to prove the promise within a sensible "
            "number of checks. All checks stay as annotations."
        ),
        "given_up": _("Somebody gave it up. All checks stay as annotations."),
        "failed": _("It could not be planned."),
    }
    return sentences.get(code, "")


def promise(delivery: Delivery) -> str:
    """Return the promise of a delivery in one sentence."""
    return _(
        "At most %(share)s of the labels that the model gave are wrong. A procedure that promises "
        "this breaks its promise in at most %(alpha)s of all deliveries."
    ) % {
        "share": share(float(delivery.max_error)),
        "alpha": share(1 - float(delivery.confidence)),
    }


def share(value: float) -> str:
    """Return a share in percent."""
    return numbers.with_percent_sign(numbers.number(value))


def at_most(bound: float) -> str:
    """Return an upper bound, rounded up so as not to promise more than was proven."""
    return share(math.ceil(1000 * bound - 1e-9) / 1000)
