"""The live page of a run, in a real browser, against a fake model server."""

import gzip
import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import BrowserContext, Page, Response, Route, ViewportSize, expect

from tests.browser.conftest import Studio
from tests.engines.browser import axe_violations, scrolls_sideways, sign_in
from tests.engines.installation import Installation
from tests.fakes.model_server import Reply, Rule
from tests.integration.runs.documents import delegate, desk, model_role, steps

PHONE = ViewportSize(width=390, height=844)
HANG = Rule(fault="hang")
SAID = "The river flows at nine tenths of a metre per second, measured near Aswan. " * 3
ANSWER = "# Found\n\nIt is **0.9 m/s**.\n\n| where | m/s |\n|---|---|\n| Aswan | 0.9 |\n"


def talking(piece_ms: float = 60) -> list[Rule]:
    """A lead that delegates once; the coder speaks slowly; then the lead answers."""
    return [
        Rule(contains="The task", times=1, reply=Reply(tool_calls=(delegate("coder", "Measure"),))),
        Rule(contains="Measure", piece_ms=piece_ms, reply=Reply(text=SAID, pieces=30)),
        Rule(reply=Reply(text=ANSWER)),
    ]


def status(page: Page, word: str, seconds: float = 20) -> None:
    """Wait until the run's status is shown by this word."""
    expect(page.locator(".run-marks .status").first).to_have_text(word, timeout=seconds * 1000)


def asking(choices: list[str] | None = None) -> list[Rule]:
    asked = {"question": "May I?", **({"choices": choices} if choices else {})}
    call = {"name": "ask_human", "arguments": asked}
    return [
        Rule(contains="The task", times=1, reply=Reply(tool_calls=(call,))),
        Rule(reply=Reply(text="So be it.")),
    ]


def test_who_is_at_work_is_lit_and_writes_before_ones_eyes(studio: Studio) -> None:
    studio.models.rules = talking()
    page = studio.page
    studio.open(desk())
    coder = page.locator('.react-flow__node[data-id="coder"] .cs-node')
    lead = page.locator('.react-flow__node[data-id="lead"] .cs-node')
    expect(coder).to_have_attribute("data-state", "running", timeout=15_000)
    expect(lead).to_have_attribute("data-state", "idle")
    expect(page.locator('.cs-edge[data-lit="active"]')).to_have_count(1)
    expect(page.locator(".run-row-text.is-written")).to_contain_text("The river flows")
    status(page, "Finished")
    expect(coder).to_have_attribute("data-state", "done")
    expect(page.get_by_role("article", name="Answer").get_by_role("table")).to_contain_text("Aswan")
    expect(page.locator('.cs-edge[data-lit="active"]')).to_have_count(0)
    page.get_by_text("How the agents did").click()
    expect(page.get_by_text("the slowest")).to_be_visible()
    expect(page.get_by_text(re.compile(r"1 call\b.*1 succeeded"))).to_be_visible()


def test_a_reload_and_a_second_tab_show_the_same_run(
    studio: Studio, context: BrowserContext
) -> None:
    studio.models.rules = talking(piece_ms=100)
    page = studio.page
    studio.open(desk())
    expect(page.locator(".run-row").nth(2)).to_be_visible()
    second = context.new_page()
    second.goto(page.url)
    page.reload()
    for tab in (page, second):
        status(tab, "Finished")
    told = [tab.locator(".run-scrubber-text").inner_text() for tab in (page, second)]
    rows = [tab.locator(".run-row h3").all_inner_texts() for tab in (page, second)]
    assert told[0] == told[1]
    assert rows[0] == rows[1]
    seqs = studio.call("GET", f"/runs/{page.url.split('/')[4]}/entries")["entries"]
    assert told[0].startswith(f"{len(seqs)} of {len(seqs)}")


def test_a_closed_page_does_not_end_the_run(studio: Studio) -> None:
    studio.models.rules = talking(piece_ms=40)
    run = studio.open(desk())
    expect(studio.page.locator(".run-row").first).to_be_visible()
    studio.page.goto(f"{studio.site.url}/runs/")
    expect(studio.page.locator(f"#run-{run} .status").first).to_have_text(
        "Finished", timeout=20_000
    )


def test_stop_is_acknowledged_at_once(studio: Studio) -> None:
    studio.models.rules = [HANG]
    page = studio.page
    studio.open(steps(2))
    expect(page.locator('.cs-node[data-state="running"]')).to_have_count(1, timeout=15_000)
    held: list[Route] = []
    page.route("**/cancel", lambda route: held.append(route))
    page.get_by_role("button", name="Stop", exact=True).click()
    # Before the server has said a word.
    expect(page.get_by_role("button", name="Stopping…")).to_be_disabled()
    held.pop().continue_()
    status(page, "Cancelled")
    expect(page.get_by_role("button", name="Stopping…")).to_have_count(0)
    expect(page.locator(".run-event")).to_contain_text("stopped the run")


def test_pause_holds_the_run_and_resume_goes_on(studio: Studio) -> None:
    studio.models.rules = [Rule(latency_ms=1500, reply=Reply(text="Done."))]
    page = studio.page
    studio.open(steps(2))
    expect(page.locator('.cs-node[data-state="running"]')).to_have_count(1, timeout=15_000)
    page.get_by_role("button", name="Pause").click()
    status(page, "Paused")
    expect(page.locator(".run-outcome")).to_contain_text("nothing new begins")
    page.get_by_role("button", name="Resume").click()
    status(page, "Finished")


def test_a_question_is_answered_where_it_stands(studio: Studio) -> None:
    studio.models.rules = asking()
    page = studio.page
    studio.open(desk(lead={"tools": ["ask_human"]}))
    status(page, "Waiting for a person")
    expect(page.locator('.cs-node[data-state="waiting"]')).to_have_count(1)
    page.get_by_label("Your answer").fill("Yes, but only on Sundays.")
    page.get_by_role("button", name="Answer").click()
    status(page, "Finished")
    expect(page.locator(".run-question")).to_have_count(0)
    assert "only on Sundays" in studio.models.calls[-1].all_text


def test_a_choice_is_one_click(studio: Studio) -> None:
    studio.models.rules = asking(["yes", "no"])
    page = studio.page
    studio.open(desk(lead={"tools": ["ask_human"]}))
    page.get_by_role("button", name="No", exact=True).click()
    status(page, "Finished")
    expect(page.locator(".run-event")).to_contain_text("decided: no")


def test_a_failure_says_who_where_why_and_what_to_do(studio: Studio) -> None:
    studio.models.rules = [Rule(status=401, message="bad key")]
    page = studio.page
    studio.open(steps(2))
    status(page, "Failed")
    outcome = page.locator(".run-outcome .notice")
    expect(outcome).to_contain_text("S0")
    expect(outcome).to_contain_text("openai")
    expect(outcome).to_contain_text("127.0.0.1")
    expect(outcome).to_contain_text("status 401")
    expect(outcome.get_by_role("link")).to_have_attribute("href", "/settings/")
    # Told in full once in the feed; the action above only says that it failed within.
    expect(page.locator(".run-row-error")).to_have_count(1)


@contextmanager
def frozen(site: Installation) -> Iterator[None]:
    """Stop the web process in its tracks: it neither answers nor closes anything."""
    assert site.web is not None
    os.kill(site.web.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(site.web.pid, signal.SIGCONT)


def test_a_server_that_is_gone_is_told_within_two_seconds(
    studio: Studio, context: BrowserContext
) -> None:
    studio.models.rules = [Rule(latency_ms=3000, reply=Reply(text="Done."))]
    run = studio.start(steps(2))
    # Without the fixture's watch: a lost socket is an error on the console.
    page = context.new_page()
    page.goto(f"{studio.site.url}/runs/{run}/")
    expect(page.locator('.cs-node[data-state="running"]')).to_have_count(1, timeout=15_000)
    banner = page.get_by_text("Connection lost — reconnecting…")
    page.evaluate(
        """() => new MutationObserver(() => {
          if (document.body.innerText.includes("Connection lost")) window.lostAt ??= Date.now();
        }).observe(document.body, { childList: true, subtree: true })"""
    )
    with frozen(studio.site):
        began = time.time()
        expect(banner).to_be_visible(timeout=5000)
        assert page.evaluate("window.lostAt") / 1000 - began <= 2
        expect(page.get_by_role("button", name="Stop", exact=True)).to_be_disabled()
    expect(banner).to_have_count(0, timeout=10_000)
    status(page, "Finished")
    page.close()


def test_steps_back_show_the_run_as_it_was(studio: Studio) -> None:
    studio.models.rules = talking(piece_ms=5)
    page = studio.page
    studio.open(desk())
    status(page, "Finished")
    slider = page.get_by_role("slider", name="Entry of the journal")
    slider.focus()
    slider.press("Home")
    expect(page.locator(".run-scrubber-text")).to_contain_text("The run started")
    expect(page.locator(".run-row")).to_have_count(0)
    expect(page.get_by_role("article", name="Answer")).to_have_count(0)
    for _ in range(6):
        page.get_by_role("button", name="One entry on").click()
    expect(page.locator('.cs-node[data-state="running"]')).to_have_count(1)
    page.get_by_role("button", name="End").click()
    expect(page.get_by_role("article", name="Answer")).to_be_visible()


def test_a_row_opens_by_keyboard_and_leads_to_the_audit(studio: Studio) -> None:
    studio.models.rules = talking(piece_ms=5)
    page = studio.page
    studio.open(desk())
    status(page, "Finished")
    row = page.locator(".run-row-head", has_text="Coder").first
    row.focus()
    row.press("Enter")
    expect(row).to_have_attribute("aria-expanded", "true")
    detail = page.locator(".run-detail")
    expect(detail).to_contain_text("Measure")
    detail.get_by_role("link", name="Open in the audit").click()
    expect(page.locator(".audit-link[aria-current=true]")).to_contain_text("delegates → Coder")


def test_a_role_chosen_on_the_graph_filters_what_happened(studio: Studio) -> None:
    studio.models.rules = talking(piece_ms=5)
    page = studio.page
    studio.open(desk())
    status(page, "Finished")
    everything = page.locator(".run-row").count()
    node = page.locator('.react-flow__node[data-id="coder"]')
    node.focus()
    node.press("Enter")
    expect(page.get_by_role("heading", name="What Coder did")).to_be_visible()
    assert page.locator(".run-row").count() < everything
    page.get_by_role("button", name="All roles").click()
    expect(page.locator(".run-row")).to_have_count(everything)


def test_what_a_model_writes_cannot_act(studio: Studio) -> None:
    evil = (
        "<img src=x onerror=alert(1)> ![i](http://elsewhere.example/i.png) [l](javascript:alert(2))"
    )
    studio.models.rules = [Rule(reply=Reply(text=evil))]
    page = studio.page
    studio.open(steps(2), f"<script>alert(3)</script> {evil}")
    status(page, "Finished")
    expect(page.locator(".prose")).to_contain_text("onerror")
    assert page.locator("#run-root img").count() == 0
    assert page.locator("a[href^=javascript]").count() == 0
    # A request to another host or a script error fails the test by the page's watch.


def test_ten_thousand_actions_stay_smooth(studio: Studio) -> None:
    run = studio.record("tests.journals.long:long")
    page = studio.page
    studio.show(run)
    status(page, "Finished", seconds=30)
    expect(page.locator(".run-scrubber-text")).to_contain_text("20004 of 20004", timeout=30_000)
    drawn = page.evaluate(
        """async () => {
          const box = document.querySelector(".run-feed-box");
          const drawn = [];
          for (let n = 0; n < 40; n += 1) {
            box.scrollTop = (box.scrollHeight / 40) * n;
            await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
            drawn.push(document.querySelectorAll(".run-row").length);
          }
          return drawn;
        }"""
    )
    assert 0 < min(drawn) <= max(drawn) < 60
    slider = page.get_by_role("slider", name="Entry of the journal")
    slider.focus()
    slider.press("PageDown")
    expect(page.locator(".run-scrubber-text")).not_to_contain_text("20004 of")


def test_the_page_loads_little_script(studio: Studio) -> None:
    sizes: dict[str, int] = {}

    def weigh(response: Response) -> None:
        if response.url.endswith(".js"):
            sizes[response.url] = len(gzip.compress(response.body()))

    studio.models.rules = [Rule(reply=Reply(text="Done."))]
    run = studio.start(steps(2))
    studio.page.on("response", weigh)
    studio.show(run)
    status(studio.page, "Finished")
    assert 0 < sum(sizes.values()) <= 250_000, sizes


def test_the_list_follows_what_runs(studio: Studio) -> None:
    studio.models.rules = [Rule(latency_ms=1500, reply=Reply(text="Done."))]
    page = studio.page
    run = studio.start(steps(2), "Followed in the list")
    page.goto(f"{studio.site.url}/runs/")
    row = page.locator(f"#run-{run}")
    expect(row).to_contain_text("Followed in the list")
    expect(row.locator(".status").first).to_have_text(re.compile("Queued|Running"))
    expect(row.locator(".status").first).to_have_text("Finished", timeout=20_000)
    page.get_by_role("searchbox").fill("no such run")
    page.get_by_role("button", name="Find").click()
    expect(page.get_by_text("No run matches")).to_be_visible()


@pytest.fixture
def phone(studio: Studio, new_context: Callable[..., BrowserContext]) -> Page:
    page = new_context(viewport=PHONE).new_page()
    sign_in(page, studio.site)
    return page


def test_a_phone_is_enough_to_watch_decide_and_stop(studio: Studio, phone: Page) -> None:
    studio.models.rules = asking(["yes", "no"])
    run = studio.start(desk(lead={"tools": ["ask_human"]}))
    phone.goto(f"{studio.site.url}/runs/{run}/")
    yes = phone.get_by_role("button", name="Yes", exact=True)
    expect(yes).to_be_in_viewport(timeout=15_000)
    assert not scrolls_sideways(phone)
    yes.click()
    status(phone, "Finished")
    studio.models.rules = [HANG]
    run = studio.start(desk(["coder", "tester", "writer"]))
    phone.goto(f"{studio.site.url}/runs/{run}/")
    expect(phone.locator('.cs-node[data-state="running"]')).to_have_count(1, timeout=15_000)
    assert not scrolls_sideways(phone)
    phone.get_by_role("button", name="Stop", exact=True).click()
    status(phone, "Cancelled")


def test_axe_finds_nothing_while_it_runs_waits_fails_and_ends(studio: Studio) -> None:
    page = studio.page
    studio.models.rules = talking(piece_ms=150)
    studio.open(desk())
    expect(page.locator(".run-row-text.is-written")).to_be_visible(timeout=15_000)
    assert axe_violations(page) == []
    status(page, "Finished")
    page.locator(".run-row-head").first.click()
    assert axe_violations(page) == []
    studio.models.rules = asking(["edit", "reject"])
    studio.open(desk(lead={"tools": ["ask_human"]}))
    status(page, "Waiting for a person")
    assert axe_violations(page) == []
    studio.models.rules = [Rule(status=401)]
    studio.open(steps(2))
    status(page, "Failed")
    assert axe_violations(page) == []
    page.goto(f"{studio.site.url}/runs/")
    assert axe_violations(page) == []


def test_without_motion_nothing_moves(studio: Studio) -> None:
    studio.page.emulate_media(reduced_motion="reduce")
    studio.models.rules = [HANG]
    page = studio.page
    studio.open(desk(workers={"coder": model_role("worker")}))
    expect(page.locator('.run-row[data-status="running"]').first).to_be_visible(timeout=15_000)
    moving = page.evaluate(
        "document.getAnimations().filter((it) => it.effect.getTiming().iterations > 1"
        " && it.effect.getTiming().duration > 1).length"
    )
    assert moving == 0
    page.get_by_role("button", name="Stop", exact=True).click()
    status(page, "Cancelled")
