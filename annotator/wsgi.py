"""WSGI entry point for gunicorn and other servers."""

import gc
import os

from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.urls import get_resolver, reverse

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "annotator.settings")
application = get_wsgi_application()

from annotator import USUAL_THRESHOLD  # noqa: E402
from annotator.celery import app  # noqa: E402
from annotator.server import optional_packages  # noqa: E402

optional_packages.load_without(uses_postgresql=connection.vendor == "postgresql")
# Import all pages now, not with the first request: before processes fork, and before anyone waits.
_ = get_resolver().url_patterns
# The first link of each process would build the table of all addresses.
reverse("projects")
# The same for the client of the broker, which the first saved label would import in each process.
with app.connection_for_write() as broker:
    _ = broker.transport
gc.set_threshold(*USUAL_THRESHOLD)
