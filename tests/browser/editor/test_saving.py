"""Keeping what was built, and running it."""

import re
from typing import Any

from playwright.sync_api import Page, Route, expect

from tests.browser.editor.crew_page import call, crew, node, open_editor, saved, stored
from tests.engines.installation import Installation


def test_a_stale_save_loses_nothing(site: Installation, signed_in: Page) -> None:
    page = signed_in
    crew_id = open_editor(page, site, crew())
    theirs = crew(description="Theirs")
    call(page, "PUT", f"/crews/{crew_id}", {"revision": 1, "document": theirs})
    node(page, "draft").click()
    page.get_by_label("Title", exact=True).fill("Mine")
    panel = page.get_by_role("region", name=re.compile("saved this crew too"))
    expect(panel).to_contain_text("description")
    assert stored(page, crew_id)["description"] == "Theirs"

    panel.get_by_role("button", name="Take theirs").click()
    expect(panel).to_have_count(0)
    expect(node(page, "draft")).not_to_contain_text("Mine")
    page.keyboard.press("Control+z")
    expect(node(page, "draft")).to_contain_text("Mine")
    saved(page)
    assert stored(page, crew_id)["roles"]["draft"]["title"] == "Mine"


def test_keeping_mine_keeps_theirs_as_a_crew(site: Installation, signed_in: Page) -> None:
    page = signed_in
    crew_id = open_editor(page, site, crew(name="Contested"))
    theirs = crew(name="Contested", description="Theirs, kept")
    call(page, "PUT", f"/crews/{crew_id}", {"revision": 1, "document": theirs})
    node(page, "draft").click()
    page.get_by_label("Title", exact=True).fill("Mine")
    page.get_by_role("button", name="Keep mine").click()
    saved(page)
    assert stored(page, crew_id)["roles"]["draft"]["title"] == "Mine"
    kept = call(page, "GET", "/crews?search=Contested")["items"]
    assert sorted(item["description"] for item in kept) == ["", "Theirs, kept"]


def test_offline_is_shown_and_saved_later(site: Installation, signed_in: Page) -> None:
    page = signed_in
    crew_id = open_editor(page, site, crew())
    away = f"**/api/v1/crews/{crew_id}"

    def refuse(route: Route) -> None:
        route.abort()

    page.route(away, refuse)
    node(page, "draft").click()
    page.get_by_label("Title", exact=True).fill("Kept")
    expect(page.get_by_text("Offline: not saved yet")).to_be_visible()
    page.unroute(away, refuse)
    saved(page)
    assert stored(page, crew_id)["roles"]["draft"]["title"] == "Kept"


def test_signed_out_meanwhile_loses_nothing(
    site: Installation, signed_in: Page, owner_cookies: list[Any]
) -> None:
    page = signed_in
    crew_id = open_editor(page, site, crew())
    page.context.clear_cookies()
    node(page, "draft").click()
    page.get_by_label("Title", exact=True).fill("Kept")
    expect(page.get_by_text("You are signed out.")).to_be_visible()
    page.context.add_cookies(owner_cookies)
    page.get_by_role("button", name="Try again").click()
    saved(page)
    assert stored(page, crew_id)["roles"]["draft"]["title"] == "Kept"


def test_leaving_with_unsaved_changes_warns(site: Installation, signed_in: Page) -> None:
    page = signed_in
    crew_id = open_editor(page, site, crew())
    page.route(f"**/api/v1/crews/{crew_id}", lambda route: route.abort())
    node(page, "draft").click()
    page.get_by_label("Title", exact=True).fill("Unsaved")
    expect(page.get_by_text("Offline: not saved yet")).to_be_visible()
    asked: list[str] = []

    def answer(dialog: Any) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", answer)
    page.goto(f"{site.url}/crews/")
    assert asked == ["beforeunload"]


def test_coming_back_shows_what_was_saved(site: Installation, signed_in: Page) -> None:
    page = signed_in
    open_editor(page, site, crew())
    node(page, "draft").click()
    page.get_by_label("Title", exact=True).fill("Newest")
    saved(page)
    page.goto(f"{site.url}/crews/")
    page.go_back()
    expect(node(page, "draft")).to_contain_text("Newest")
    node(page, "draft").click()
    page.get_by_label("Title", exact=True).fill("Newer still")
    saved(page)


def test_publish_and_run(site: Installation, signed_in: Page) -> None:
    page = signed_in
    crew_id = open_editor(page, site, crew(task={"example": "Say hello."}))
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_role("button", name="Published v1")).to_be_disabled()
    page.reload()
    expect(page.get_by_role("button", name="Published v1")).to_be_disabled()
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.get_by_label("Task")).to_have_value("Say hello.")
    page.get_by_label("Task").fill("Say good morning.")
    page.get_by_role("button", name="Rehearse").click()
    page.wait_for_url(re.compile(r"/runs/[0-9a-f-]{36}/"))
    versions = call(page, "GET", f"/crews/{crew_id}/versions")
    assert [version["number"] for version in versions] == [1]


def test_a_run_that_cannot_start_says_why(site: Installation, signed_in: Page) -> None:
    page = signed_in
    open_editor(page, site, crew(task={"example": "Say hello."}))
    page.get_by_role("button", name="Run", exact=True).click()
    page.get_by_role("button", name="Run with models").click()  # the team has no key
    reasons = page.get_by_role("alert")
    expect(reasons).to_contain_text("Not started")
    expect(reasons).to_contain_text("credential")
    expect(page.get_by_role("button", name="Rehearse")).to_be_enabled()


def test_a_task_with_fields_is_a_form(site: Installation, signed_in: Page) -> None:
    page = signed_in
    schema = {
        "type": "object",
        "required": ["city"],
        "properties": {"city": {"type": "string"}, "days": {"type": "integer", "minimum": 1}},
    }
    open_editor(page, site, crew(task={"schema": schema, "example": {"city": "Riga"}}))
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.get_by_label("City (needed)")).to_have_value("Riga")
    page.get_by_label("Days").fill("0")
    expect(page.get_by_text("At least 1.")).to_be_visible()
    page.get_by_label("Days").fill("3")
    page.get_by_role("button", name="Rehearse").click()
    page.wait_for_url(re.compile(r"/runs/[0-9a-f-]{36}/"))
    run_id = page.url.rstrip("/").rsplit("/", 1)[1]
    entries = call(page, "GET", f"/runs/{run_id}/entries?after=0")
    assert '"city": "Riga", "days": 3' in str(entries).replace("'", '"')


def test_a_version_is_compared_and_brought_back(site: Installation, signed_in: Page) -> None:
    page = signed_in
    open_editor(page, site, crew())
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_role("button", name="Published v1")).to_be_disabled()
    node(page, "draft").click()
    page.get_by_label("Title", exact=True).fill("Author")
    page.locator(".react-flow__pane").click(position={"x": 20, "y": 20})
    page.locator("summary", has_text="Versions").click()
    page.get_by_label("Compare with").select_option("1")
    differs = page.locator(".ed-differences > div")
    expect(differs).to_have_count(1)
    expect(differs).to_contain_text("roles.draft.title")
    expect(differs).to_contain_text("now Author")
    page.get_by_role("button", name="Go back to version 1").click()
    expect(node(page, "draft")).to_contain_text("Draft")
    expect(page.get_by_text("Nothing: both are the same.")).to_be_visible()
    page.keyboard.press("Control+z")
    expect(node(page, "draft")).to_contain_text("Author")
