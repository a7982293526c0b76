"""The audit page in a real browser."""

import json
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, ViewportSize, expect

from tests.browser.conftest import Studio
from tests.engines.browser import axe_violations, scrolls_sideways, sign_in

STORIES = "tests.journals.stories"
PHONE = ViewportSize(width=390, height=844)


@pytest.fixture
def audit(studio: Studio) -> "Audit":
    run = studio.record(f"{STORIES}:delegations")
    found = Audit(studio, run)
    found.open()
    return found


class Audit:
    """The audit page of a run with two parallel delegations and a retry."""

    def __init__(self, studio: Studio, run: str) -> None:
        self.page, self.site, self.run = studio.page, studio.site, run
        self.url = f"{studio.site.url}/runs/{run}/audit/"

    def open(self, query: str = "") -> None:
        self.page.goto(self.url + query)

    @property
    def rows(self) -> Locator:
        return self.page.locator(".audit-link:visible")

    @property
    def chosen(self) -> Locator:
        return self.page.locator(".audit-link[aria-current=true]")

    @property
    def detail(self) -> Locator:
        return self.page.get_by_role("region", name="The chosen action")


def test_the_tree_shows_what_each_part_took_and_used(audit: Audit) -> None:
    expect(audit.rows).to_have_count(10)
    top = audit.rows.first
    expect(top).to_contain_text("Lead")
    expect(top.locator(".num").nth(1)).to_have_text("1.7k")
    expect(audit.detail.get_by_role("table")).to_contain_text("Researcher")


def test_an_action_shows_beside_the_tree_and_has_its_own_address(audit: Audit) -> None:
    audit.page.get_by_role("link", name="Coder tool run_python").click()
    expect(audit.detail).to_contain_text("print(0.9 * 3.6)")
    expect(audit.detail).to_contain_text("3.24")
    expect(audit.detail.locator(".audit-chain li")).to_have_count(3)
    expect(audit.page).to_have_url(re.compile(r"/audit/[0-9a-f-]{36}/$"))
    audit.page.reload()
    expect(audit.chosen).to_contain_text("run_python")
    expect(audit.detail).to_contain_text("print(0.9 * 3.6)")
    audit.page.go_back()
    expect(audit.detail).to_contain_text("How the agents did")


def test_keys_go_through_the_actions_and_fold_them(audit: Audit) -> None:
    page = audit.page
    page.keyboard.press("j")
    expect(audit.chosen).to_contain_text("asked")
    page.keyboard.press("ArrowDown")
    expect(audit.chosen).to_contain_text("2 attempts")
    expect(audit.detail).to_contain_text("The model is overloaded.")
    page.keyboard.press("k")
    expect(audit.chosen).to_be_focused()
    page.keyboard.press("ArrowLeft")
    expect(audit.rows).to_have_count(1)
    page.keyboard.press("ArrowRight")
    expect(audit.rows).to_have_count(10)


def test_filters_and_search_find_what_was_said(audit: Audit) -> None:
    page = audit.page
    page.get_by_label("Role").select_option("coder")
    page.get_by_role("button", name="Find").click()
    expect(audit.rows).to_have_count(3)
    page.get_by_role("link", name="Show all").click()
    page.get_by_role("searchbox").fill("3.24 km/h.")
    page.get_by_role("button", name="Find").click()
    expect(audit.rows).to_have_count(3)
    audit.rows.nth(1).click()
    expect(audit.detail).to_contain_text("3.24 km/h.")


def test_attempts_and_hashes_are_told(audit: Audit) -> None:
    audit.page.get_by_role("link", name="2 attempts").click()
    attempts = audit.detail.get_by_role("table")
    expect(attempts.get_by_role("row")).to_have_count(3)
    expect(attempts).to_contain_text("Failed")
    audit.detail.get_by_text(re.compile("entries with their hashes")).click()
    entries = audit.page.request.get(f"{audit.site.url}/api/v1/runs/{audit.run}/entries").json()
    hashes = [one["hash"] for one in entries["entries"] if one["key"] == "lead/model1"]
    for hash in hashes:
        expect(audit.detail).to_contain_text(hash)


def test_the_chain_is_verified_and_exported(audit: Audit) -> None:
    page = audit.page
    page.get_by_role("button", name="Verify").click()
    expect(page.get_by_role("status").filter(has_text="Nothing has been changed")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Export").click()
    lines = download.value.path().read_text().splitlines()
    assert [json.loads(line)["seq"] for line in lines[:-1]] == list(range(1, len(lines)))
    assert "signature" in json.loads(lines[-1])["head"]


def test_a_link_to_an_action_can_be_copied(audit: Audit, context: BrowserContext) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    audit.page.get_by_role("link", name="Coder tool run_python").click()
    audit.page.get_by_role("button", name="Copy link").click()
    expect(audit.page.get_by_role("button", name="Copied")).to_be_visible()
    assert audit.page.evaluate("navigator.clipboard.readText()") == audit.page.url


def test_a_long_run_opens_at_any_action(studio: Studio) -> None:
    audit = Audit(studio, studio.record("tests.journals.long:long"))
    audit.open()
    expect(audit.rows.first).to_be_visible()
    assert audit.rows.count() <= 250
    audit.page.get_by_role("link", name="1200 more").click()
    expect(audit.page.get_by_role("link", name="1150 more")).to_be_visible()
    audit.open("?text=answer+900.1")
    audit.rows.first.click()
    expect(audit.page).to_have_url(re.compile(r"/audit/[0-9a-f-]{36}/"))
    audit.page.reload()
    expect(audit.detail).to_contain_text("answer 900.1")


def test_without_scripts_everything_can_be_read(
    audit: Audit, new_context: Callable[..., BrowserContext]
) -> None:
    page = new_context(java_script_enabled=False).new_page()
    page.goto(audit.site.url + audit.site.sign_in_path())
    page.get_by_role("button", name="Sign in").click()
    page.goto(audit.url)
    page.get_by_role("link", name="Coder tool run_python").click()
    expect(page.get_by_text("print(0.9 * 3.6)")).to_be_visible()


@pytest.fixture
def phone(audit: Audit, new_context: Callable[..., BrowserContext]) -> Page:
    page = new_context(viewport=PHONE).new_page()
    sign_in(page, audit.site)
    page.goto(audit.url)
    return page


def test_on_a_phone_an_action_takes_the_place_of_the_tree(phone: Page) -> None:
    assert not scrolls_sideways(phone)
    phone.get_by_role("link", name="Coder tool run_python").click()
    expect(phone.get_by_text("print(0.9 * 3.6)")).to_be_visible()
    expect(phone.locator(".audit-tree")).to_be_hidden()
    assert not scrolls_sideways(phone)
    phone.get_by_role("link", name="All actions").click()
    expect(phone.locator(".audit-tree")).to_be_visible()


@pytest.mark.parametrize("story", ["delegations", "question", "takeover", "refused"])
def test_axe_finds_nothing(studio: Studio, story: str) -> None:
    audit = Audit(studio, studio.record(f"{STORIES}:{story}"))
    audit.open()
    assert axe_violations(audit.page) == []
    audit.rows.last.click()
    expect(audit.detail).to_contain_text("In the journal")
    audit.page.get_by_role("button", name="Verify").click()
    expect(audit.page.locator("#verified .notice")).to_be_visible()
    assert axe_violations(audit.page) == []
    audit.open("?agent=lead")
    assert axe_violations(audit.page) == []
