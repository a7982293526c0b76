"""The page of a run where everything takes seconds on its way."""

from collections.abc import Callable

from playwright.sync_api import BrowserContext, expect

from tests.browser.conftest import Studio
from tests.engines.browser import sign_in
from tests.engines.slow_link import slow_link
from tests.fakes.model_server import Reply, Rule
from tests.integration.runs.documents import steps


def test_a_slow_link_is_not_a_lost_one(
    studio: Studio, new_context: Callable[..., BrowserContext]
) -> None:
    studio.models.rules = [Rule(latency_ms=3_000, reply=Reply(text="Done."))]
    run = studio.start(steps(4))
    with slow_link() as link:
        proxy = {"server": f"http://127.0.0.1:{link.port}", "bypass": "<-loopback>"}
        page = new_context(proxy=proxy).new_page()
        sign_in(page, studio.site)
        link.delay_s = 1.0
        page.goto(f"{studio.site.url}/runs/{run}/")
        expect(page.locator('.cs-node[data-state="running"]')).to_have_count(1, timeout=30_000)
        lost = page.get_by_text("Connection lost — reconnecting…")
        expect(lost).to_have_count(0)
        page.evaluate(
            """() => new MutationObserver(() => {
              window.lost ||= document.body.innerText.includes("Connection lost");
            }).observe(document.body, { childList: true, subtree: true })"""
        )
        finished = page.locator(".run-marks .status").first
        expect(finished).to_have_text("Finished", timeout=60_000)
        assert not page.evaluate("window.lost")
        assert link.tunnels == 1
        page.context.close()
