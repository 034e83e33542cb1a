"""WSGI entry point for gunicorn and other servers."""

import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "annotator.settings")
application = get_wsgi_application()
# Import all pages now, not with the first request: before processes fork, and before anyone waits.
_ = get_resolver().url_patterns
