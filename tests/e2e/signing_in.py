"""Signing in to a running Winnow by keyboard."""

from typing import Any

from playwright.sync_api import Page

from tests import servers


def sign_in(page: Page, running: Any) -> None:
    page.goto(f"{running.address}/login")
    page.keyboard.type(servers.ADMIN)
    page.keyboard.press("Tab")
    page.keyboard.type(servers.PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{running.address}/projects/")
