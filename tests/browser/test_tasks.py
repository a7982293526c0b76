"""Tasks and their progress on the page of a run (A13), and results that were found again (B8)."""

import os
import re
from pathlib import Path

from playwright.sync_api import Page, ViewportSize, expect

from tests.browser.conftest import Studio
from tests.engines.browser import axe_violations, scrolls_sideways
from tests.fakes.model_server import Reply, Rule
from tests.integration.runs.documents import delegate, desk, model_role, pipeline

PHONE = ViewportSize(width=390, height=844)


def picture(page: Page, name: str) -> None:
    """Keep a picture of the page where somebody wants to look at it."""
    if folder := os.environ.get("CALLSHEET_PICTURES"):
        page.screenshot(path=str(Path(folder) / f"{name}.png"))


def test_a13_each_task_tells_how_far_it_is(studio: Studio) -> None:
    wishes = (
        delegate("coder", "Measure how fast the river flows near the bridge, and say how sure."),
        delegate("writer", "Write the paragraph about the delta."),
        delegate("reader", "Read the report of last year."),
    )
    studio.models.rules = [
        Rule(anywhere="You are coder", fault="hang", after=3),
        Rule(anywhere="You are writer", reply=Reply(text="The delta is wide and green.")),
        Rule(anywhere="You are reader", status=400, message="no such model"),
        Rule(anywhere="You lead.", times=1, reply=Reply(tool_calls=wishes)),
        Rule(anywhere="You lead.", reply=Reply(text="done")),
    ]
    page = studio.page
    studio.open(desk(["coder", "writer", "reader"]))
    page.get_by_role("tab", name="Tasks").click()
    tasks = page.locator(".run-tasks > li")
    expect(tasks).to_have_count(3, timeout=45_000)
    expect(tasks.nth(0)).to_contain_text("In progress")
    expect(tasks.nth(0).get_by_role("progressbar")).to_be_visible()
    expect(tasks.nth(1)).to_contain_text("Completed", timeout=45_000)
    expect(tasks.nth(1)).to_contain_text("wide and green")
    expect(tasks.nth(2)).to_contain_text("Failed", timeout=45_000)
    assert axe_violations(page) == []
    picture(page, "tasks")
    page.set_viewport_size(PHONE)
    assert not scrolls_sideways(page)
    page.locator(".run-tasks").scroll_into_view_if_needed()
    picture(page, "tasks-phone")


def test_b8_a_result_that_was_found_again_says_where(studio: Studio) -> None:
    studio.models.rules = [Rule(reply=Reply(text="A river."))]
    roles = {
        "a": model_role("stage", instructions="You name.", cache=True),
        "b": model_role("stage", instructions="You end.", cache=True),
    }
    crew = pipeline(roles)
    page = studio.page
    studio.open(crew)
    expect(page.locator(".run-marks .status").first).to_have_text("Finished", timeout=20_000)
    first = page.url
    studio.open(crew)
    expect(page.locator(".run-marks .status").first).to_have_text("Finished", timeout=20_000)
    row = page.locator(".run-row").first
    expect(row).to_contain_text("found again")
    row.locator(".run-row-head").click()
    picture(page, "found-again")
    page.get_by_role("link", name="the same call in another run").click()
    expect(page).to_have_url(re.compile(re.escape(first)))
