"""Safety nets in the inspector: limits of branches, the breaker, the simpler approach, the cache,
constraints that are enforced, and the seat of the failure handler (A10, A11, B7, B8)."""

from playwright.sync_api import Page, expect

from tests.browser.editor.crew_page import crew, node, open_editor, role, saved, stored
from tests.browser.test_tasks import picture
from tests.engines.browser import axe_violations
from tests.engines.installation import Installation


def test_a_role_is_told_what_to_do_when_it_fails(signed_in: Page, site: Installation) -> None:
    page = signed_in
    document = crew(
        roles={
            "draft": role("stage", constraints=["no network", "be kind"]),
            "check": role("stage"),
        }
    )
    crew_id = open_editor(page, site, document)
    node(page, "draft").click()
    inspector = page.get_by_role("complementary", name="Inspector")
    inspector.get_by_text("Failures and cache").click()
    page.get_by_label("Simpler approach").fill("Just guess.")
    page.get_by_label("Take results of identical calls").check()
    inspector.get_by_text("Responsibilities and constraints").click()
    expect(inspector.get_by_text("Enforced by code: no network")).to_be_visible()
    inspector.get_by_text("Limits", exact=True).click()
    page.get_by_label("Delegations", exact=True).fill("3")
    page.get_by_label("Delegations", exact=True).press("Tab")
    page.get_by_label("Simpler approach").scroll_into_view_if_needed()
    picture(page, "editor-role")
    assert not axe_violations(page)
    saved(page)
    draft = stored(page, crew_id)["roles"]["draft"]
    assert draft["fallback_instructions"] == "Just guess."
    assert draft["cache"] is True
    assert draft["limits"] == {"delegations": 3}
    page.get_by_label("Take results of identical calls").uncheck()
    node(page, "check").click()
    page.get_by_label("Seat", exact=True).select_option("failure_handler")
    saved(page)
    roles = stored(page, crew_id)["roles"]
    assert "cache" not in roles["draft"]
    assert roles["check"]["seat"] == "failure_handler"


def test_a_crew_limits_its_branches_and_its_loops(signed_in: Page, site: Installation) -> None:
    page = signed_in
    crew_id = open_editor(page, site, crew())
    inspector = page.get_by_role("complementary", name="Inspector")
    inspector.get_by_text("Limits of each branch").click()
    inspector.locator('[data-path="limits.branch.calls"]').fill("5")
    inspector.get_by_text("When a run is halted").click()
    page.get_by_label("The same call").fill("4")
    page.get_by_label("The same call").press("Tab")
    picture(page, "editor-crew")
    saved(page)
    limits = stored(page, crew_id)["limits"]
    assert limits["branch"] == {"calls": 5}
    assert limits["breaker"] == {"repeats": 4}
    assert not axe_violations(page)
