"""The page of a crew: store one, open it, see what was saved."""

from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.engines.installation import Installation

PIPELINE = {"name": "pipeline"}
# Fetches as the page itself does, with the session and its CSRF token.
_CALL = """async ([method, path, body]) => {
  const token = document.cookie.split("; ").find((it) => it.startsWith("csrftoken="))?.slice(10);
  const answer = await fetch("/api/v1" + path, {
    method,
    headers: { "X-CSRFToken": token ?? "", "Content-Type": "application/json" },
    body: body === null ? undefined : JSON.stringify(body),
  });
  return answer.json();
}"""


def call(page: Page, method: str, path: str, body: Any = None) -> Any:
    return page.evaluate(_CALL, [method, path, body])


def role(seat: str, **fields: Any) -> dict[str, Any]:
    return {"seat": seat, "model": {"tier": "fast"}, "instructions": "Do it well.", **fields}


def crew(**fields: Any) -> dict[str, Any]:
    """A pipeline that can run; `fields` replace parts of it."""
    whole: dict[str, Any] = {
        "callsheet": 1,
        "name": "Pair",
        "pattern": PIPELINE,
        "roles": {"draft": role("stage"), "check": role("stage")},
        "handoffs": [{"from": "draft", "to": "check"}],
        "limits": {"tokens": 10_000},
    }
    return whole | fields


def open_editor(page: Page, site: Installation, document: dict[str, Any]) -> str:
    """Store a crew, open it in the editor, and return its id."""
    page.goto(f"{site.url}/crews/")
    crew_id: str = call(page, "POST", "/crews", {"document": document})["id"]
    page.goto(f"{site.url}/crews/{crew_id}/")
    expect(page.locator(".react-flow__pane")).to_be_visible()
    return crew_id


def saved(page: Page) -> None:
    """Wait until the editor has saved."""
    expect(page.get_by_role("status").filter(has_text="Saved just now")).to_be_visible()


def stored(page: Page, crew_id: str) -> dict[str, Any]:
    document: dict[str, Any] = call(page, "GET", f"/crews/{crew_id}")["document"]
    return document


def node(page: Page, name: str) -> Locator:
    return page.locator(f'.react-flow__node[data-id="{name}"]')


def connect_by_pointer(page: Page, source: str, target: str) -> None:
    """Draw a handoff from the right handle of a node to the left one of another."""
    start = node(page, source).locator(".react-flow__handle.source").bounding_box()
    end = node(page, target).locator(".react-flow__handle.target").bounding_box()
    assert start is not None
    assert end is not None
    page.mouse.move(start["x"] + 5, start["y"] + 5)
    page.mouse.down()
    page.mouse.move(end["x"] - 40, end["y"] + 5, steps=8)
    page.mouse.move(end["x"] + 5, end["y"] + 5, steps=4)
    page.mouse.up()
