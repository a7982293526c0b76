"""The newcomer's way, without Docker or key: the printed link, a template, a rehearsal.

`CALLSHEET_PICTURES=docs/images` keeps the picture that README shows; otherwise it is thrown away.
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
    no_docker = {"DOCKER_HOST": "unix:///nonexistent/docker.sock"}
    folder = tmp_path_factory.mktemp("newcomer")
    callsheet = Installation(mode="embedded", folder=folder, settings=no_docker)
    callsheet.start()
    try:
        _walk(callsheet, page, Path(os.environ.get("CALLSHEET_PICTURES") or tmp_path))
    finally:
        callsheet.stop()


def _walk(callsheet: Installation, page: Page, pictures: Path) -> None:
    assert callsheet.web
    assert "Roles that execute code will not work: Docker" in callsheet.web.output()
    (link,) = LINK.findall(callsheet.web.output())
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto(link)
    page.get_by_role("button", name="Use template").first.click()
    page.get_by_role("button", name="Rehearse").click()
    page.wait_for_url("**/runs/*/")
    expect(page.get_by_text("Rehearsal — no model was called").first).to_be_visible()
    expect(page.get_by_text("waits for Writer")).to_be_visible(timeout=30_000)
    page.screenshot(path=pictures / "run.png")
    expect(page.get_by_text("Finished", exact=True)).to_be_visible(timeout=60_000)
