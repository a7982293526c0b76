"""The newcomer's way: the printed link, a template, a rehearsal to its end. Makes README's picture.

`CALLSHEET_PICTURES=docs/images` says where the picture goes; otherwise it is thrown away.
"""

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.engines.installation import Installation

LINK = re.compile(r"http://\S+/sign-in/\S+")


def test_two_clicks_lead_to_a_finished_rehearsal(
    tmp_path_factory: pytest.TempPathFactory, page: Page, tmp_path: Path
) -> None:
    folder = tmp_path_factory.mktemp("newcomer")
    callsheet = Installation(mode="embedded", folder=folder)
    callsheet.start()
    try:
        _walk(callsheet, page, Path(os.environ.get("CALLSHEET_PICTURES") or tmp_path))
    finally:
        callsheet.stop()


def _walk(callsheet: Installation, page: Page, pictures: Path) -> None:
    assert callsheet.web
    (link,) = LINK.findall(callsheet.web.output())
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto(link)
    page.get_by_role("button", name="Use template Project manager").first.click()
    page.get_by_role("button", name="Rehearse").click()
    page.wait_for_url("**/runs/*/")
    expect(page.get_by_text("Rehearsal — no model was called").first).to_be_visible()
    expect(page.get_by_text("Finished").first).to_be_visible(timeout=60_000)
    page.screenshot(path=pictures / "run.png")
