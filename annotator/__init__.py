"""Winnow: annotate what is worth asking."""

import gc
import os

# Loading the app makes half a million objects that stay: looking for cycles every 700 took a
# fifth of a start. Web and workers go back to the usual number once they are loaded: at work, fewer
# looks gained nothing that could be measured, and each takes longer.
USUAL_THRESHOLD = gc.get_threshold()
gc.set_threshold(20_000)
# Read once, when the maths libraries are loaded. Processes that each start one thread per core slow
# each other down: a fit of 6 s took 110 s on a busy machine.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

from annotator.celery import app as celery_app

__all__ = ["USUAL_THRESHOLD", "VERSION", "celery_app"]

VERSION = "0.1.0"
