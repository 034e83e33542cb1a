"""The browser of the tests that do what a page says."""

from tests.browser import browser_type_launch_args

__all__ = ["browser_type_launch_args"]
