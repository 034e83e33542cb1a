"""Browser for tests of the docs' instructions."""

import os

from tests.browser import browser_type_launch_args

__all__ = ["browser_type_launch_args"]

# Playwright runs an event loop in the test thread, in which Django refuses database access.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
