"""The owner's session, for every test of the editor."""

from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.engines.browser import sign_in
from tests.engines.installation import Installation


@pytest.fixture(scope="session")
def owner_cookies(site: Installation, browser: Browser) -> list[Any]:
    """The owner's session, signed in once: each test here starts with it."""
    context = browser.new_context()
    sign_in(context.new_page(), site)
    cookies: list[Any] = context.cookies()
    context.close()
    return cookies


@pytest.fixture
def signed_in(context: BrowserContext, page: Page, owner_cookies: list[Any]) -> Page:
    context.add_cookies(owner_cookies)
    return page
