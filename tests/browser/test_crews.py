"""The start page, the lists and the import, in a real browser."""

import re

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from tests.engines.browser import axe_violations, scrolls_sideways
from tests.engines.installation import Installation

WINDOWS = (ViewportSize(width=1440, height=900), ViewportSize(width=390, height=844))
PAGES = ("/", "/crews/", "/crews/?q=nothing-has-this", "/crews/import/", "/templates/")


@pytest.fixture
def crew(site: Installation, signed_in: Page) -> str:
    """The address of a crew made from a template."""
    signed_in.goto(f"{site.url}/templates/")
    signed_in.get_by_role("button", name="Use template Assembly line").click()
    signed_in.wait_for_url("**/crews/*-*-*/#run")
    return signed_in.url.removesuffix("#run")


def test_a_template_is_used_by_one_click_and_listed(
    site: Installation, signed_in: Page, crew: str
) -> None:
    signed_in.goto(f"{site.url}/")
    path = crew.removeprefix(site.url)
    expect(signed_in.locator(f'a[href="{path}"]')).to_have_text("Assembly line")


def test_a_template_is_found_by_its_words(site: Installation, signed_in: Page) -> None:
    page = signed_in
    page.goto(f"{site.url}/templates/")
    page.get_by_role("searchbox", name="Find a template").fill("DEBATE critic")
    shown = page.locator("[data-template]:visible")
    expect(shown).to_have_count(1)
    expect(shown.get_by_role("heading")).to_have_text("Debate")
    expect(page.get_by_role("heading", name="Pipeline")).to_be_hidden()
    page.get_by_role("searchbox").fill("xyzzy")
    expect(shown).to_have_count(0)
    expect(page.get_by_role("search").locator("output")).to_contain_text("0 of")


def test_an_import_tells_what_is_wrong_and_then_works(site: Installation, signed_in: Page) -> None:
    page = signed_in
    page.goto(f"{site.url}/crews/import/")
    text = (
        "callsheet: 1\nname: Pasted\npattern: {nam: plan}\nroles: {a: {seat: planner, kind: human}}"
    )
    page.get_by_role("textbox", name="Document").fill(text)
    page.get_by_role("button", name="Import").click()
    expect(page.get_by_role("alert")).to_contain_text("Unknown field 'nam'")
    assert not axe_violations(page)
    page.get_by_role("textbox", name="Document").fill(text.replace("nam:", "name:"))
    page.get_by_role("button", name="Import").click()
    page.wait_for_url("**/crews/*-*-*/")
    expect(page.locator("body")).to_contain_text("Pasted")


def test_a_crew_is_deleted_only_after_a_question(
    site: Installation, signed_in: Page, crew: str
) -> None:
    page, path = signed_in, crew.removeprefix(site.url)
    page.goto(f"{site.url}/crews/")
    delete = page.locator(f'form[action="{path}delete/"] button')
    delete.click()
    page.get_by_role("button", name="Keep as it is").click()
    expect(page.locator(f'a[href="{path}"]')).to_be_visible()
    delete.click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("Deleted “Assembly line”")).to_be_visible()
    expect(page.locator(f'a[href="{path}"]')).to_have_count(0)


@pytest.mark.parametrize("window", WINDOWS, ids=["desktop", "phone"])
def test_axe_finds_nothing_and_nothing_scrolls_sideways(
    site: Installation, signed_in: Page, crew: str, window: ViewportSize
) -> None:
    signed_in.set_viewport_size(window)
    for path in PAGES:
        signed_in.goto(site.url + path)
        assert not axe_violations(signed_in), path
        assert not scrolls_sideways(signed_in), path


def test_a_template_comes_with_its_run_panel_open(signed_in: Page, crew: str) -> None:
    expect(signed_in.get_by_role("button", name="Rehearse")).to_be_visible()
    expect(signed_in.get_by_label("Task")).to_have_value(re.compile("Northwind"))
