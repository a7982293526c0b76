"""The inbox in a real browser: by keyboard, with a diff before an edit is sent, on a phone."""

import re

from playwright.sync_api import ViewportSize, expect

from tests.browser.conftest import Studio
from tests.engines.browser import axe_violations, scrolls_sideways
from tests.fakes.model_server import Reply, Rule
from tests.integration.runs.documents import delegate, desk

PHONE = ViewportSize(width=390, height=844)
LOW = ViewportSize(width=1280, height=540)
APPROVED = {"tools": [{"name": "delegate_to_agent", "approval": "always"}]}


def ask(studio: Studio, *tasks: str) -> str:
    """Start a run whose lead wants to delegate these tasks, which a person approves first."""
    calls = tuple(delegate("coder", task) for task in tasks)
    studio.models.rules = [
        Rule(anywhere="You lead.", times=1, reply=Reply(tool_calls=calls)),
        Rule(anywhere="You lead.", reply=Reply(text="done")),
        Rule(reply=Reply(text="worked")),
    ]
    return studio.start(desk(lead=APPROVED, name=f"Desk of {tasks[0][:40]}"))


def test_questions_are_decided_by_keyboard(studio: Studio) -> None:
    run = ask(studio, "alpha", "beta", "gamma")
    page = studio.page
    page.goto(f"{studio.site.url}/inbox/")
    mine = page.locator(".inbox-row", has_text="Desk of alpha")
    expect(mine).to_have_count(3, timeout=20_000)
    expect(page.locator("[data-inbox] .badge-count")).to_contain_text(re.compile("[3-9]"))
    assert axe_violations(page) == []
    mine.filter(has_text="alpha").filter(has_text='task: "alpha"').click()
    page.keyboard.press("a")
    expect(mine).to_have_count(2)
    mine.filter(has_text="beta").click()
    page.keyboard.press("e")
    page.get_by_label("Task").fill("something smaller")
    diff = page.get_by_role("region", name="What changes")
    expect(diff.locator("del")).to_contain_text("beta")
    expect(diff.locator("ins")).to_contain_text("something smaller")
    assert axe_violations(page) == []
    page.get_by_role("button", name="Send what is edited").click()
    expect(mine).to_have_count(1)
    mine.click()
    page.keyboard.press("r")
    expect(page.get_by_label("Comment")).to_be_focused()
    page.keyboard.type("Too dear.")
    page.keyboard.press("Control+Enter")
    expect(mine).to_have_count(0)
    studio.show(run)
    expect(page.locator(".run-marks .status").first).to_have_text("Finished", timeout=20_000)
    told = [call.all_text for call in studio.models.calls]
    assert any("something smaller" in text for text in told)
    assert "Too dear." in told[-1]
    assert not any("gamma" in call.last_text for call in studio.models.calls if call.ended)


def test_the_list_is_walked_and_a_decision_elsewhere_is_seen(studio: Studio) -> None:
    run = ask(studio, "delta", "epsilon")
    page = studio.page
    page.goto(f"{studio.site.url}/inbox/")
    mine = page.locator(".inbox-row", has_text="Desk of delta")
    expect(mine).to_have_count(2, timeout=20_000)
    for key, place in (("j", 0), ("j", 1), ("k", 0)):
        page.keyboard.press(key)
        expect(page.locator(".inbox-row").nth(place)).to_be_focused()
        expect(page.locator(".inbox-row").nth(place)).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("Enter")
    expect(page.locator(".inbox-question form :focus")).to_have_count(1)
    waiting = studio.call("GET", f"/runs/{run}")["waiting_for"]
    for question in waiting:
        studio.call("POST", f"/approvals/{run}/{question['action']}/decide", {"choice": "reject"})
    expect(mine).to_have_count(0, timeout=15_000)
    page.goto(f"{studio.site.url}/inbox/?run={run}&question={waiting[0]['action']}")
    expect(page.get_by_text("That question is settled.")).to_be_visible()
    page.get_by_role("link", name="See the run").click()
    expect(page).to_have_url(f"{studio.site.url}/runs/{run}/")


def test_on_a_phone_it_is_read_and_decided(studio: Studio) -> None:
    run = ask(studio, "A very long task " * 20)
    page = studio.page
    page.set_viewport_size(PHONE)
    page.goto(f"{studio.site.url}/inbox/")
    mine = page.locator(".inbox-row", has_text="very long task").first
    expect(mine).to_be_visible(timeout=20_000)
    mine.click()
    form = page.locator(".inbox-question")
    expect(form.get_by_role("button", name="Approve")).to_be_visible()
    assert not scrolls_sideways(page)
    assert axe_violations(page) == []
    form.get_by_role("button", name="Reject").click()
    expect(mine).to_have_count(0)
    studio.show(run)
    expect(page.locator(".run-marks .status").first).to_have_text("Finished", timeout=20_000)


def test_the_run_page_approves_as_well(studio: Studio) -> None:
    run = ask(studio, "zeta")
    page = studio.page
    studio.show(run)
    question = page.locator(".run-question")
    expect(question).to_contain_text("zeta", timeout=20_000)
    page.set_viewport_size(LOW)
    page.get_by_label("Comment").click()  # nothing lies over it
    expect(page.get_by_label("Comment")).to_be_focused()
    question.get_by_role("button", name="Edit…").click()
    page.get_by_label("Task").fill("eta")
    expect(question.locator("ins")).to_contain_text("eta")
    question.get_by_role("button", name="Send what is edited").click()
    expect(page.locator(".run-marks .status").first).to_have_text("Finished", timeout=20_000)
    assert any("eta" in call.last_text for call in studio.models.calls)


def test_the_result_of_a_role_that_failed_twice_is_written_by_a_person(studio: Studio) -> None:
    calls = (delegate("coder", "theta"), delegate("coder", "iota"))
    studio.models.rules = [
        Rule(anywhere="You lead.", times=1, reply=Reply(tool_calls=calls)),
        Rule(anywhere="You lead.", reply=Reply(text="done")),
        Rule(status=400, message="Too warm."),
    ]
    page = studio.page
    studio.open(desk())
    question = page.locator(".run-question")
    expect(question).to_contain_text("It failed again · Coder", timeout=20_000)
    expect(question).to_contain_text("status 400")
    question.get_by_role("button", name="Write its result…").click()
    page.get_by_label("Answer").fill("made by hand")
    assert axe_violations(page) == []
    question.get_by_role("button", name="Go on with this result").click()
    expect(page.locator(".run-marks .status").first).to_have_text("Finished", timeout=20_000)
    assert any("made by hand" in call.all_text for call in studio.models.calls)


def test_the_settings_say_who_is_told(studio: Studio) -> None:
    page = studio.page
    page.goto(f"{studio.site.url}/settings/notifications/")
    page.get_by_label("Address").fill("http://127.0.0.1:9/hook")
    page.get_by_role("button", name=re.compile("webhook|address")).click()
    assert axe_violations(page) == []
    page.get_by_role("button", name="Send a test").click()
    expect(page.get_by_role("alert").or_(page.locator(".toast-note"))).to_contain_text("not taken")
    page.set_viewport_size(PHONE)
    assert not scrolls_sideways(page)
    page.get_by_role("button", name="Remove").click()
    page.get_by_role("button", name="Remove").last.click()
    expect(page.get_by_role("button", name="Store the webhook")).to_be_visible()
