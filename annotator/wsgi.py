"""WSGI entry point for gunicorn and other servers."""

import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "annotator.settings")
application = get_wsgi_application()
# Every page is loaded now, not with the first request: before a process forks, and before somebody
# waits for it.
_ = get_resolver().url_patterns
