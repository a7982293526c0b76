"""Everyone can use the editor: with any eyes, hands, screen and role."""

import gzip

import pytest
from playwright.sync_api import Page, Response, expect

from tests.browser.editor.crew_page import PIPELINE, crew, node, open_editor, role, saved, stored
from tests.engines.browser import axe_violations, scrolls_sideways
from tests.engines.installation import Installation


@pytest.mark.parametrize("width", [1440, 390])
def test_axe_finds_nothing(site: Installation, signed_in: Page, width: int) -> None:
    page = signed_in
    page.set_viewport_size({"width": width, "height": 900})
    roles = {"draft": role("stage", tools=["run_python"]), "check": role("stage")}
    schema = {"type": "object", "properties": {"text": {"type": "string"}}}
    handoffs = [{"from": "draft", "to": "check", "schema": schema, "required_confidence": 0.5}]
    open_editor(page, site, crew(roles=roles, handoffs=handoffs))
    open_all = "document.querySelectorAll('.ed-side details').forEach((it) => { it.open = true })"

    def check() -> None:
        page.evaluate(open_all)
        assert axe_violations(page) == []
        assert not scrolls_sideways(page)

    check()
    node(page, "draft").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Title", exact=True)).to_be_visible()
    check()
    page.locator(".react-flow__edge").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Draft → Check")).to_be_visible()
    check()
    page.get_by_role("region", name="Problems").get_by_role("button").click()
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.get_by_text("Before it can run")).to_be_visible()
    check()


def test_a_phone_can_build_too(site: Installation, signed_in: Page) -> None:
    page = signed_in
    page.set_viewport_size({"width": 390, "height": 844})
    crew_id = open_editor(page, site, {"callsheet": 1, "name": "Phone", "pattern": PIPELINE})
    add = page.get_by_role("toolbar", name="Add a role").get_by_role("button", name="Model")
    add.click()
    add.click()
    page.get_by_role("button", name="Connect").click()
    expect(page.locator(".react-flow__edge")).to_have_count(1)
    saved(page)
    assert len(stored(page, crew_id)["roles"]) == 2
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_role("button", name="Published v1")).to_be_disabled()
    expect(page.get_by_role("button", name="Run", exact=True)).to_be_in_viewport(ratio=1)
    assert not scrolls_sideways(page)


_VIEWER = """
from teams.models import Membership, Team
from teams.services import sign_in_link_create, user_create
viewer = user_create(email="viewer@example.com", password=None)
Membership.objects.create(user=viewer, team=Team.objects.earliest("pk"), role="viewer")
print(sign_in_link_create(user=viewer))
"""


def test_whoever_may_only_look_changes_nothing(site: Installation, signed_in: Page) -> None:
    page = signed_in
    crew_id = open_editor(page, site, crew())
    page.context.clear_cookies()
    page.goto(site.url + site.shell(_VIEWER))
    page.wait_for_url(lambda url: "/sign-in/" not in url)
    page.goto(f"{site.url}/crews/{crew_id}/")
    node(page, "draft").click()
    expect(page.get_by_label("Title", exact=True)).to_be_disabled()
    page.keyboard.press("Delete")
    expect(node(page, "draft")).to_be_visible()
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.get_by_text("may look, but not start runs")).to_be_visible()
    expect(page.get_by_role("button", name="Rehearse")).to_be_disabled()


def test_the_page_is_light(site: Installation, signed_in: Page) -> None:
    """All its JavaScript, gzipped, is at most 250 KB; CodeMirror comes when it is used."""
    page = signed_in
    scripts: dict[str, int] = {}

    def weigh(response: Response) -> None:
        if response.url.endswith(".js"):
            scripts[response.url] = len(gzip.compress(response.body()))

    page.on("response", weigh)
    open_editor(page, site, crew())
    node(page, "draft").click()
    expect(page.get_by_label("Instructions")).to_have_value("Do it well.")
    page.wait_for_load_state("networkidle")
    assert not [url for url in scripts if "codemirror" in url]
    assert sum(scripts.values()) <= 250_000
