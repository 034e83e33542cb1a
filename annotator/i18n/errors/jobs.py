"""Sentences of background jobs, by code: damaged files, workers that crash, what happens next."""

from django.utils.translation import gettext_noop

JOBS = {
    "damaged_shard": gettext_noop("Feature shard %(n)d was damaged. It is being computed again."),
    "damaged_encoder": gettext_noop("The feature encoder was damaged. It is being fitted again."),
    "damaged_given_vectors": gettext_noop(
        "The vectors that came with items %(first)d to %(last)d were damaged. They are not "
        "used any more; import the file again as a new project, or restore a backup."
    ),
    "damaged_vectors": gettext_noop(
        "The vectors of items %(first)d to %(last)d were damaged. They are being computed again."
    ),
    "damaged_scores": gettext_noop(
        "The scores of shard %(n)d were damaged. They are being computed again."
    ),
    "damaged_model": gettext_noop(
        "The model was damaged (%(reason)s). The next round trains a new one."
    ),
    "out_of_memory": gettext_noop("The worker ran out of memory."),
    "worker_crashed": gettext_noop("The worker crashed %(n)d times, possibly out of memory."),
}
