"""A game that agents made in a sandbox without network is played in the browser."""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import _CALL
from tests.engines.browser import axe_violations, sign_in
from tests.engines.installation import Installation
from tests.engines.processes import free_port

pytestmark = pytest.mark.usefixtures("docker_client")


@pytest.fixture
def arcade(new_installation: Callable[..., Installation]) -> Iterator[Installation]:
    made = new_installation(CALLSHEET_REHEARSAL_PACE="0", CALLSHEET_PREVIEW_PORT=str(free_port()))
    made.start()
    yield made
    made.stop()


def test_lunar_lander_is_really_played(arcade: Installation, page: Page) -> None:
    sign_in(page, arcade)
    crew = _call(page, "/templates/lunar-lander/use", {})["id"]
    task = {"crew": crew, "task": "Lunar Lander", "rehearse": True}
    page.goto(f"{arcade.url}/runs/{_call(page, '/runs', task)['id']}/")
    link = page.get_by_role("link", name="Open preview: Lunar Lander")
    expect(link).to_be_visible(timeout=90_000)
    expect(page.locator(".run-marks .status").first).to_have_text("Finished", timeout=60_000)
    assert axe_violations(page) == []
    game = _opened(page.context, link.click)
    assert urlsplit(game.url).hostname != "127.0.0.1"
    _play(game)
    _is_apart(game, arcade)


def _call(page: Page, path: str, body: Any) -> Any:
    return page.evaluate(_CALL, ["POST", path, body])


def _opened(context: BrowserContext, click: Callable[[], None]) -> Page:
    with context.expect_page() as opened:
        click()
    opened.value.wait_for_load_state()
    return opened.value


def _play(game: Page) -> None:
    """Burn, and see that it changes something; then let it fall."""
    expect(game.locator("canvas")).to_be_visible()
    expect(game.locator("body")).to_have_attribute("data-state", "falling")
    expect(game.locator("#fuel")).to_have_text("100")
    game.keyboard.down("ArrowUp")
    expect(game.locator("body")).to_have_attribute("data-state", "burning")
    expect(game.locator("#fuel")).not_to_have_text("100")
    game.keyboard.up("ArrowUp")
    expect(game.get_by_role("status")).to_contain_text("Crashed", timeout=60_000)
    game.keyboard.press("Space")
    expect(game.locator("#fuel")).to_have_text("100")


def _is_apart(game: Page, arcade: Installation) -> None:
    """The game sees neither the app's cookies nor the app, and cannot reach past its origin."""
    assert game.evaluate("document.cookie") == ""
    assert game.evaluate("window.opener") is None
    assert game.evaluate(_REACHES, arcade.url + "/api/v1/runs") == "refused"
    assert game.evaluate(_FRAMES, arcade.url + "/") == "refused"


_REACHES = """async (url) => {
  try { await fetch(url, {mode: "no-cors"}); return "reached"; } catch { return "refused"; }
}"""
_FRAMES = """(url) => new Promise((done) => {
  const frame = document.createElement("iframe");
  document.addEventListener("securitypolicyviolation", () => done("refused"));
  frame.onload = () => done("loaded");
  frame.src = url;
  document.body.append(frame);
})"""
