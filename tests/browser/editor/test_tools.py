"""The tools of a role in the inspector: found, ticked, and told more."""

from playwright.sync_api import Page, expect

from tests.browser.editor.crew_page import crew, node, open_editor, role, saved, stored
from tests.engines.browser import axe_violations
from tests.engines.installation import Installation


def test_a_tool_gets_its_options_and_approval(signed_in: Page, site: Installation) -> None:
    page = signed_in
    crew_id = open_editor(page, site, crew())
    node(page, "draft").click()
    page.get_by_label("Look for a tool").fill("page web url")
    expect(page.get_by_role("checkbox", name="Shell")).to_have_count(0)
    page.get_by_role("checkbox", name="Fetch a page").check()
    page.get_by_label("Look for a tool").fill("")
    missing = page.get_by_role("complementary", name="Inspector").get_by_text("'allow' is missing")
    expect(missing).to_be_visible()
    hosts = page.get_by_label("Hosts (needed)")
    hosts.fill("example.com")
    hosts.press("Enter")
    page.get_by_label("Approval").select_option("always")
    page.get_by_label("Calls a minute").fill("10")
    page.get_by_label("Calls a minute").press("Tab")
    expect(missing).to_have_count(0)
    saved(page)
    assert stored(page, crew_id)["roles"]["draft"]["tools"] == [
        {
            "name": "http_get",
            "options": {"allow": ["example.com"]},
            "approval": "always",
            "per_minute": 10,
        }
    ]
    assert not axe_violations(page)


def test_a_tool_that_is_not_there_says_where_to_look(signed_in: Page, site: Installation) -> None:
    page = signed_in
    document = crew(roles={"draft": role("stage", tools=["mcp.gone.find"]), "check": role("stage")})
    crew_id = open_editor(page, site, document)
    node(page, "draft").click()
    expect(page.get_by_text("The team has no such tool")).to_be_visible()
    page.get_by_role("checkbox", name="mcp.gone.find").click()
    saved(page)
    assert "tools" not in stored(page, crew_id)["roles"]["draft"]
