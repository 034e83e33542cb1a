"""Sentences of the errors about deliveries, by code."""

from django.utils.translation import gettext_noop

DELIVERIES = {
    "share_out_of_range": gettext_noop("%(name)s must lie between %(least)s and %(most)s."),
    "not_a_number": gettext_noop("Give a number."),
    "one_promise_only": gettext_noop(
        "Items of this project can have several labels, so that one promise is for all of them."
    ),
    "delivery_under_way": gettext_noop(
        "Another delivery of this project is under way. Freeze it or give it up first."
    ),
    "no_attempt_left": gettext_noop(
        "Earlier attempts used up the error probability of this confidence. Choose a lower one."
    ),
    "delivery_ended": gettext_noop("This delivery has ended."),
    "delivery_not_proven": gettext_noop(
        "This delivery is not proven. Only what is proven can be frozen."
    ),
    "nothing_proven_yet": gettext_noop("Nothing is proven yet, so the proof goes on."),
    "delivery_not_frozen": gettext_noop("This delivery is not frozen, so there is no file yet."),
    "delivery_being_frozen": gettext_noop("This delivery is being frozen. Wait for its end."),
    "attempt_counts": gettext_noop(
        "What this attempt used up of the error probability counts for the next one. It can be "
        "deleted once a later delivery is frozen."
    ),
    "delivery_went_out": gettext_noop(
        "Somebody downloaded this delivery. Add force=1 to delete it all the same."
    ),
    "delivery_without_model": gettext_noop("The trained model of this delivery was not kept."),
    "unknown_delivery": gettext_noop("Delivery not found."),
    "no_delivery_before": gettext_noop("There is no earlier delivery to compare with."),
}
