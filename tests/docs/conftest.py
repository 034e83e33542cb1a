"""The browser of the tests that do what a page says."""

import os

from tests.browser import browser_type_launch_args

__all__ = ["browser_type_launch_args"]

# Playwright runs a loop in the thread of the tests, in which Django would refuse the database.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
