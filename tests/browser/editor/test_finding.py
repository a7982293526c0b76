"""The finder (Ctrl+K), and roles carried by the clipboard."""

from playwright.sync_api import Page, expect

from tests.browser.editor.crew_page import crew, node, open_editor, role, saved, stored
from tests.engines.browser import axe_violations
from tests.engines.installation import Installation


def test_a_role_is_found_and_carried_to_another_crew(site: Installation, signed_in: Page) -> None:
    page = signed_in
    source = crew(roles={"draft": role("stage"), "check": role("stage", title="Fact checker")})
    open_editor(page, site, source)
    page.keyboard.press("Control+k")
    finder = page.get_by_role("dialog", name="Find")
    expect(finder.get_by_role("option").first).to_contain_text("Draft")
    assert axe_violations(page) == []
    page.keyboard.type("fact")
    expect(finder.get_by_role("option")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(finder).to_have_count(0)
    expect(node(page, "check")).to_be_focused()
    expect(page.get_by_role("heading", name="Fact checker")).to_be_visible()
    page.keyboard.press("Control+c")

    other = open_editor(page, site, crew(roles={}, handoffs=[]))
    page.keyboard.press("Control+v")
    expect(node(page, "check")).to_contain_text("Fact checker")
    page.keyboard.press("Control+v")
    expect(node(page, "check_2")).to_contain_text("Fact checker")
    saved(page)
    assert stored(page, other)["roles"]["check_2"] == source["roles"]["check"]
    page.keyboard.press("Control+z")
    expect(node(page, "check_2")).to_have_count(0)


def test_commands_are_found_with_their_keys(site: Installation, signed_in: Page) -> None:
    page = signed_in
    open_editor(page, site, crew())
    page.get_by_role("button", name="Find").click()
    page.get_by_role("combobox", name="Find a role or a command").fill("select ev")
    found = page.get_by_role("listbox", name="Found").get_by_role("option")
    expect(found).to_contain_text("Ctrl+A")
    page.keyboard.press("Enter")
    expect(page.locator(".cs-node[data-selected]")).to_have_count(2)

    # What is typed into a field stays there.
    node(page, "draft").click()
    page.get_by_label("Instructions").press_sequentially("Why? /")
    expect(page.get_by_role("dialog", name="Find")).to_have_count(0)
    page.get_by_role("button", name="Find").focus()
    page.keyboard.press("?")
    page.keyboard.type("crews")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Crews", exact=True)).to_be_visible()
