"""What agents do in their sandboxes, on the run page: a terminal as it comes, and their files."""

import base64
import os
import re
from typing import Any

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from tests.browser.conftest import Studio
from tests.browser.test_run_page import status
from tests.engines.browser import axe_violations, scrolls_sideways
from tests.integration.runs.documents import code_role, pipeline
from tests.integration.runs.test_files import PIXEL

pytestmark = pytest.mark.usefixtures("docker_client")
Json = Any
DESK = {"image": "minimal", "shared": "desk"}
MAKES = f"""
import base64, json, os, sys, time
sys.stderr.write("\\x1b]0;title\\x07\\x1b[31mcareful\\x1b[0m\\n")
sys.stderr.write("step one of two\\n")
sys.stderr.flush()
time.sleep(float(os.environ.get("PAUSE", 10)))
os.makedirs("data", exist_ok=True)
open("data/figures.csv", "w").write("city,boats\\nAswan,9\\n")
open("page.html", "w").write("<script>document.title = 'taken over'</script>")
open("dot.png", "wb").write(base64.b64decode({base64.b64encode(PIXEL).decode()!r}))
print(json.dumps({{"boats": 9}}))
"""
CHECKS = """
import json, sys
sys.stderr.write("checked\\n")
open("verdict.txt", "w").write("fine")
print(json.dumps({"ok": open("data/figures.csv").read()}))
"""
CREW = pipeline(
    {
        "maker": code_role("stage", MAKES, title="Boat counter", sandbox=DESK),
        "checker": code_role("stage", CHECKS, title="Checker", sandbox=DESK),
        "clerk": code_role("stage", CHECKS, title="Clerk", sandbox={"image": "minimal"}),
    },
    {1: {"artifacts": ["*.csv", "*.parquet"]}},
)


def tab(page: Page, word: str) -> None:
    page.get_by_role("tab", name=word).click()


def look(page: Page, name: str) -> None:
    """Keep a picture where a developer asks for it."""
    if folder := os.environ.get("CALLSHEET_PICTURES"):
        page.screenshot(path=f"{folder}/{name}.png")


def test_commands_are_followed_as_they_print(studio: Studio) -> None:
    page = studio.page
    studio.open(CREW)
    tab(page, "Terminal")
    running = page.locator('.run-command[data-status="running"]')
    expect(running).to_contain_text("Boat counter")
    errors = page.locator('.run-printed[data-stream="stderr"]')
    expect(errors.first).to_contain_text("step one of two")
    expect(running).to_have_count(1)
    look(page, "terminal-live")
    assert "\x1b" not in page.locator(".run-terminal").inner_text()
    status(page, "Finished")
    page.reload()
    tab(page, "Terminal")
    expect(page.locator(".run-command")).to_have_count(4)
    expect(page.locator(".run-printed").first).to_contain_text('{"boats": 9}')
    expect(page.locator(".run-changes").first).to_contain_text("data/figures.csv")
    page.get_by_label("Sandbox").select_option("Clerk")
    expect(page.locator(".run-command")).to_have_count(2)
    assert axe_violations(page) == []
    look(page, "terminal")


def test_files_are_looked_at_and_saved(studio: Studio) -> None:
    page = studio.page
    studio.open(CREW)
    status(page, "Finished")
    title = page.title()
    tab(page, "Files")
    box = page.get_by_label("Files by sandbox")
    expect(box).to_contain_text(re.compile(r"desk \(shared by .*Boat counter"))
    expect(box).to_contain_text("No file of Checker fits *.parquet")
    handed = box.locator(".run-file").first
    handed.get_by_role("button").click()
    expect(handed.locator("pre")).to_have_text("city,boats\nAswan,9\n")
    box.get_by_role("button", name="dot.png").click()
    picture = box.get_by_role("img", name="dot.png")
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") == 1
    box.get_by_role("button", name="page.html").click()
    expect(box.locator("pre", has_text="<script>")).to_be_visible()
    with page.expect_download() as saved:
        box.get_by_role("link", name="Save page.html").click()
    assert saved.value.suggested_filename == "page.html"
    assert page.title() == title
    assert axe_violations(page) == []
    look(page, "files")


def test_everything_is_reached_on_a_phone_and_by_keyboard(studio: Studio) -> None:
    page = studio.page
    page.set_viewport_size(ViewportSize(width=390, height=844))
    run = studio.open(CREW)
    status(page, "Finished")
    page.get_by_role("tab", name="What happened").focus()
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("tab", name="Terminal")).to_be_focused()
    expect(page.locator(".run-command").first).to_be_visible()
    assert not scrolls_sideways(page)
    look(page, "terminal-phone")
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("tab", name="Files")).to_be_focused()
    expect(page.get_by_label("Files by sandbox")).to_be_visible()
    assert not scrolls_sideways(page)
    look(page, "files-phone")
    page.goto(f"{studio.site.url}/runs/{run}/files/")
    expect(page.get_by_role("heading", name="Handed over")).to_be_visible()
    assert not scrolls_sideways(page)
    assert axe_violations(page) == []
    look(page, "files-page-phone")
