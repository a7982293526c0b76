"""Headless Chromium for the tests, and the two questions asked of every page."""

import time
from typing import Any, Literal

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import ConsoleMessage, Page, Request

from tests.engines.installation import Installation

CHROMIUM_FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


class PageWatch:
    """Collects what a page must never do: script errors, CSP violations, requests elsewhere."""

    def __init__(self, page: Page) -> None:
        self.faults: list[str] = []
        page.on("pageerror", lambda error: self.faults.append(f"script error: {error}"))
        page.on("console", self._console)
        page.on("request", self._request)

    def _console(self, message: ConsoleMessage) -> None:
        # An HTTP error status is for the test to judge; a lost server is what some tests make.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.faults.append(f"console: {message.text}")

    def _request(self, request: Request) -> None:
        if not request.url.startswith(("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:")):
            self.faults.append(f"request to another host: {request.url}")


# Not waited for: what is folded away does not move on. The end of one change may begin another.
_SETTLE = """() => {
    for (let round = 0; round < 10; round++)
        document.getAnimations()
            .filter((each) => each.effect?.getComputedTiming().endTime < 5000)
            .forEach((each) => each.finish());
}"""
# What is told by colours alone; all else is the same in either scheme.
_COLOURS = "axe.run({runOnly: ['color-contrast', 'link-in-text-block']})"


def axe_violations(page: Page) -> list[str]:
    """Return what axe-core finds on the page, be it light or dark: one line per rule with the
    elements concerned."""
    _show(page, "dark")
    dark = Axe().run(page).response["violations"]
    _show(page, "light")
    light = page.evaluate(_COLOURS)["violations"]
    return [
        f"{scheme}: {violation['id']} ({violation['impact']}): {violation['help']}; "
        + "; ".join(node["html"][:160] for node in violation["nodes"][:5])
        for scheme, found in (("dark", dark), ("light", light))
        for violation in found
    ]


def _show(page: Page, scheme: Literal["dark", "light"]) -> None:
    page.emulate_media(color_scheme=scheme)
    # A colour in the middle of a change is neither of the two that are meant.
    page.evaluate(_SETTLE)


def scrolls_sideways(page: Page) -> bool:
    """Tell whether the page is wider than its window."""
    wide: bool = page.evaluate(
        "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    )
    return wide


# The owner's session at each address, and when it began: some pages want one that is young.
_sessions: dict[str, tuple[float, Any]] = {}
YOUNG_S = 200


def sign_in(page: Page, installation: Installation) -> None:
    """Sign the page in as the installation's owner: by the session of a test before while that is
    young, else by a fresh one-time link. Ends on the first page of the app."""
    begun, session = _sessions.get(installation.url, (0.0, None))
    if session and time.monotonic() - begun < YOUNG_S:
        page.context.add_cookies(session)
        page.goto(installation.url)
        if "/accounts/" not in page.url:
            return
    page.goto(installation.url + installation.sign_in_path())
    # The page sends its form by itself.
    page.wait_for_url(lambda url: "/sign-in/" not in url)
    session = [c for c in page.context.cookies() if c.get("name", "").startswith("sessionid")]
    _sessions[installation.url] = time.monotonic(), session
