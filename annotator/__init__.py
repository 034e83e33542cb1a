"""Winnow: annotate what is worth asking."""

import os

# Read once, when the maths libraries are loaded. Processes that each start one thread per core slow
# each other down: a fit of 6 s took 110 s on a busy machine.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

from annotator.celery import app as celery_app

__all__ = ["VERSION", "celery_app"]

VERSION = "0.1.0"
