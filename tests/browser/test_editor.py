"""The editor in a real browser, on a real installation."""

import gzip
import re
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Response, Route, expect

from tests.engines.browser import axe_violations, scrolls_sideways, sign_in
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


@pytest.fixture(scope="module")
def owner_cookies(site: Installation, browser: Browser) -> list[Any]:
    """The owner's session, signed in once: each test here starts with it."""
    context = browser.new_context()
    sign_in(context.new_page(), site)
    cookies: list[Any] = context.cookies()
    context.close()
    return cookies


@pytest.fixture
def signed_in(context: BrowserContext, page: Page, owner_cookies: list[Any]) -> Page:
    context.add_cookies(owner_cookies)
    return page


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


def test_a_crew_of_two_by_drag_and_drop(site: Installation, signed_in: Page) -> None:
    page = signed_in
    crew_id = open_editor(page, site, {"callsheet": 1, "name": "New", "pattern": PIPELINE})
    palette = page.get_by_role("toolbar", name="Add a role")
    expect(node(page, "slot:stage")).to_contain_text("drop a role here")

    # Onto the empty seat, then anywhere.
    palette.get_by_role("button", name="Model").drag_to(node(page, "slot:stage"))
    expect(node(page, "stage")).to_be_visible()
    canvas = page.get_by_role("region", name="Canvas")
    palette.get_by_role("button", name="Code").drag_to(canvas, target_position={"x": 600, "y": 520})
    expect(node(page, "stage_2")).to_contain_text("python")

    connect_by_pointer(page, "stage", "stage_2")
    expect(page.get_by_role("heading", name="Stage → Stage 2")).to_be_visible()
    page.get_by_role("button", name="Add a field").click()
    page.get_by_label("Field name").fill("summary")
    expect(page.locator(".cs-edge-marks")).to_contain_text("schema")

    node(page, "stage").click()
    page.get_by_label("Title", exact=True).fill("Writer")
    page.get_by_label("Instructions").fill("Write one sentence.")
    expect(node(page, "stage")).to_contain_text("Writer")
    saved(page)

    document = stored(page, crew_id)
    assert list(document["roles"]) == ["stage", "stage_2"]
    assert document["roles"]["stage"]["instructions"] == "Write one sentence."
    assert document["roles"]["stage_2"]["kind"] == "code"
    [handoff] = document["handoffs"]
    assert (handoff["from"], handoff["to"]) == ("stage", "stage_2")
    assert list(handoff["schema"]["properties"]) == ["summary"]

    places = [node(page, name).bounding_box() for name in ("stage", "stage_2")]
    page.reload()
    expect(node(page, "stage")).to_contain_text("Writer")
    expect(page.locator(".cs-edge-marks")).to_contain_text("schema")
    assert all(places)
    assert set(stored(page, crew_id)["layout"]) == {"stage", "stage_2"}


def test_pressing_adds_beside_and_never_on_top(site: Installation, signed_in: Page) -> None:
    page = signed_in
    crew_id = open_editor(page, site, crew())
    add = page.get_by_role("toolbar", name="Add a role").get_by_role("button", name="Person")
    for _ in range(6):
        add.click()
    saved(page)
    places = list(stored(page, crew_id)["layout"].values())
    assert len(places) == 8
    for n, one in enumerate(places):
        for other in places[n + 1 :]:
            assert abs(one["x"] - other["x"]) >= 232 or abs(one["y"] - other["y"]) >= 92


def test_undo_and_redo(site: Installation, signed_in: Page) -> None:
    page = signed_in
    crew_id = open_editor(page, site, crew())
    node(page, "draft").click()
    page.get_by_label("Title", exact=True).press_sequentially("Author")
    page.get_by_label("Title", exact=True).press("Tab")
    page.keyboard.press("Control+z")
    expect(node(page, "draft")).not_to_contain_text("Author")  # a word is one step
    page.keyboard.press("Control+Shift+z")
    expect(node(page, "draft")).to_contain_text("Author")

    node(page, "check").click()
    page.keyboard.press("Delete")
    expect(node(page, "check")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(node(page, "check")).to_be_visible()
    expect(page.locator(".react-flow__edge")).to_have_count(1)

    box = node(page, "draft").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 100, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + 130, box["y"] + 180, steps=6)
    page.mouse.up()
    saved(page)
    moved = stored(page, crew_id)["layout"]
    assert set(moved) == {"draft", "check"}
    page.keyboard.press("Control+z")
    expect(page.get_by_role("status").filter(has_text="Saved")).to_be_visible()


def test_undo_reaches_a_field_that_has_the_focus(site: Installation, signed_in: Page) -> None:
    page = signed_in
    open_editor(page, site, crew())
    page.get_by_text("Limits of a run").click()
    tokens = page.get_by_label("Tokens")
    expect(tokens).to_have_value("10000")
    tokens.fill("a lot")
    expect(page.get_by_text("Write a number.")).to_be_visible()
    tokens.fill("500")
    tokens.press("Control+z")
    expect(tokens).to_have_value("10000")


def test_renaming_reaches_everything(site: Installation, signed_in: Page) -> None:
    page = signed_in
    crew_id = open_editor(page, site, crew())
    node(page, "draft").click()
    name = page.get_by_label("Name", exact=True)
    name.fill("Bad Name")
    expect(page.get_by_text("Use lower-case letters")).to_be_visible()
    name.fill("check")
    expect(page.get_by_text("Another role is called check")).to_be_visible()
    name.fill("author")
    name.press("Enter")
    expect(node(page, "author")).to_be_visible()
    saved(page)
    document = stored(page, crew_id)
    assert set(document["roles"]) == {"author", "check"}
    assert document["handoffs"][0]["from"] == "author"


def test_problems_lead_to_their_field(site: Installation, signed_in: Page) -> None:
    page = signed_in
    roles = {"draft": role("stage", tools=["run_python"]), "check": role("stage")}
    open_editor(page, site, crew(roles=roles))
    expect(node(page, "draft").locator(".cs-node-problem")).to_have_text("1")
    problems = page.get_by_role("region", name="Problems")
    problems.get_by_role("button", name="1 error").click()
    problems.get_by_role("button", name="run_python").click()
    expect(page.get_by_role("heading", name="Draft", level=2)).to_be_visible()
    focused = page.evaluate("document.activeElement.closest('[data-path]').dataset.path")
    assert focused.startswith("roles.draft.tools")
    # The remedy is one press away, and the node is clean once the server has seen it.
    page.get_by_role("button", name="Give it code_execution").first.click()
    expect(node(page, "draft").locator(".cs-node-problem")).to_have_count(0)
    expect(page.get_by_text("No problems")).to_be_visible()


def test_a_stale_save_loses_nothing(site: Installation, signed_in: Page) -> None:
    page = signed_in
    crew_id = open_editor(page, site, crew())
    theirs = crew(description="Theirs")
    call(page, "PUT", f"/crews/{crew_id}", {"revision": 1, "document": theirs})
    node(page, "draft").click()
    page.get_by_label("Title", exact=True).fill("Mine")
    panel = page.get_by_role("region", name=re.compile("saved this crew too"))
    expect(panel).to_contain_text("description")
    assert stored(page, crew_id)["description"] == "Theirs"

    panel.get_by_role("button", name="Take theirs").click()
    expect(panel).to_have_count(0)
    expect(node(page, "draft")).not_to_contain_text("Mine")
    page.keyboard.press("Control+z")
    expect(node(page, "draft")).to_contain_text("Mine")
    saved(page)
    assert stored(page, crew_id)["roles"]["draft"]["title"] == "Mine"


def test_keeping_mine_keeps_theirs_as_a_crew(site: Installation, signed_in: Page) -> None:
    page = signed_in
    crew_id = open_editor(page, site, crew(name="Contested"))
    theirs = crew(name="Contested", description="Theirs, kept")
    call(page, "PUT", f"/crews/{crew_id}", {"revision": 1, "document": theirs})
    node(page, "draft").click()
    page.get_by_label("Title", exact=True).fill("Mine")
    page.get_by_role("button", name="Keep mine").click()
    saved(page)
    assert stored(page, crew_id)["roles"]["draft"]["title"] == "Mine"
    kept = call(page, "GET", "/crews?search=Contested")["items"]
    assert sorted(item["description"] for item in kept) == ["", "Theirs, kept"]


def test_offline_is_shown_and_saved_later(site: Installation, signed_in: Page) -> None:
    page = signed_in
    crew_id = open_editor(page, site, crew())
    away = f"**/api/v1/crews/{crew_id}"

    def refuse(route: Route) -> None:
        route.abort()

    page.route(away, refuse)
    node(page, "draft").click()
    page.get_by_label("Title", exact=True).fill("Kept")
    expect(page.get_by_text("Offline: not saved yet")).to_be_visible()
    page.unroute(away, refuse)
    saved(page)
    assert stored(page, crew_id)["roles"]["draft"]["title"] == "Kept"


def test_leaving_with_unsaved_changes_warns(site: Installation, signed_in: Page) -> None:
    page = signed_in
    crew_id = open_editor(page, site, crew())
    page.route(f"**/api/v1/crews/{crew_id}", lambda route: route.abort())
    node(page, "draft").click()
    page.get_by_label("Title", exact=True).fill("Unsaved")
    expect(page.get_by_text("Offline: not saved yet")).to_be_visible()
    asked: list[str] = []

    def answer(dialog: Any) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", answer)
    page.goto(f"{site.url}/crews/")
    assert asked == ["beforeunload"]


def test_publish_and_run(site: Installation, signed_in: Page) -> None:
    page = signed_in
    crew_id = open_editor(page, site, crew(task={"example": "Say hello."}))
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_role("button", name="Published v1")).to_be_disabled()
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.get_by_label("Task")).to_have_value("Say hello.")
    page.get_by_label("Task").fill("Say good morning.")
    page.get_by_role("button", name="Rehearse").click()
    page.wait_for_url(re.compile(r"/runs/[0-9a-f-]{36}/"))
    versions = call(page, "GET", f"/crews/{crew_id}/versions")
    assert [version["number"] for version in versions] == [1]


def test_a_run_that_cannot_start_says_why(site: Installation, signed_in: Page) -> None:
    page = signed_in
    open_editor(page, site, crew(task={"example": "Say hello."}))
    page.get_by_role("button", name="Run", exact=True).click()
    page.get_by_role("button", name="Run with models").click()  # the team has no key
    reasons = page.get_by_role("alert")
    expect(reasons).to_contain_text("Not started")
    expect(reasons).to_contain_text("credential")
    expect(page.get_by_role("button", name="Rehearse")).to_be_enabled()


def test_coming_back_shows_what_was_saved(site: Installation, signed_in: Page) -> None:
    page = signed_in
    open_editor(page, site, crew())
    node(page, "draft").click()
    page.get_by_label("Title", exact=True).fill("Newest")
    saved(page)
    page.goto(f"{site.url}/crews/")
    page.go_back()
    expect(node(page, "draft")).to_contain_text("Newest")
    node(page, "draft").click()
    page.get_by_label("Title", exact=True).fill("Newer still")
    saved(page)


def test_a_task_with_fields_is_a_form(site: Installation, signed_in: Page) -> None:
    page = signed_in
    schema = {
        "type": "object",
        "required": ["city"],
        "properties": {"city": {"type": "string"}, "days": {"type": "integer", "minimum": 1}},
    }
    open_editor(page, site, crew(task={"schema": schema, "example": {"city": "Riga"}}))
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.get_by_label("City (needed)")).to_have_value("Riga")
    page.get_by_label("Days").fill("0")
    expect(page.get_by_text("At least 1.")).to_be_visible()
    page.get_by_label("Days").fill("3")
    page.get_by_role("button", name="Rehearse").click()
    page.wait_for_url(re.compile(r"/runs/[0-9a-f-]{36}/"))
    run_id = page.url.rstrip("/").rsplit("/", 1)[1]
    entries = call(page, "GET", f"/runs/{run_id}/entries?after=0")
    assert '"city": "Riga", "days": 3' in str(entries).replace("'", '"')


def test_a_crew_is_built_by_keyboard_alone(site: Installation, signed_in: Page) -> None:
    page = signed_in
    document = {"callsheet": 1, "name": "Keys", "pattern": PIPELINE}
    crew_id = open_editor(page, site, document)
    for _ in range(10):  # the canvas is reachable within ten tabs
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.closest('.ed-canvas') !== null"):
            break
    assert page.evaluate("document.activeElement.dataset.id") == "slot:stage"
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Who takes it?")).to_be_visible()
    page.get_by_role("button", name=re.compile("^Model")).last.focus()
    page.keyboard.press("Enter")
    expect(node(page, "stage")).to_be_visible()
    palette = page.get_by_role("toolbar", name="Add a role")
    palette.get_by_role("button").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(node(page, "stage_2")).to_be_visible()

    node(page, "stage_2").focus()
    before = node(page, "stage_2").bounding_box()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    after = node(page, "stage_2").bounding_box()
    assert before is not None
    assert after is not None
    assert after["y"] > before["y"]

    connect = page.get_by_role("button", name="Connect")
    connect.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Stage 2 → Stage")).to_be_visible()
    # The button is gone with its panel; the focus stays in the panel.
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Inspector"
    page.get_by_role("button", name="Turn the handoff around").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Stage → Stage 2")).to_be_visible()
    saved(page)
    assert stored(page, crew_id)["handoffs"] == [{"from": "stage", "to": "stage_2"}]


DOCUMENT = (
    "{callsheet: 1, name: From text, pattern: {name: pipeline}, "
    "roles: {only: {seat: stage, model: {tier: fast}}}}"
)


def rewrite(text: Locator, to: str) -> None:
    """Replace what stands in a field for code, as by the keyboard."""
    text.click()
    text.page.keyboard.press("Control+a")
    text.page.keyboard.insert_text(to)


def test_the_text_of_a_crew_can_be_changed(site: Installation, signed_in: Page) -> None:
    page = signed_in
    crew_id = open_editor(page, site, crew())
    page.get_by_role("button", name="YAML").click()
    text = page.locator(".cm-content")
    expect(text).to_contain_text("callsheet: 1")
    rewrite(text, "{callsheet: 1, name: [unclosed}")
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_text("Not applied")).to_be_visible()
    rewrite(text, DOCUMENT)
    page.get_by_role("button", name="Apply").click()
    expect(node(page, "only")).to_be_visible()
    saved(page)
    assert stored(page, crew_id)["name"] == "From text"
    page.get_by_role("button", name="Undo").click()
    expect(node(page, "draft")).to_be_visible()


def test_a_draft_that_cannot_be_drawn_is_shown_as_text(site: Installation, signed_in: Page) -> None:
    page = signed_in
    page.goto(f"{site.url}/crews/")
    broken = {"callsheet": 1, "name": "Broken", "roles": ["not", "roles"]}
    crew_id = call(page, "POST", "/crews", {"document": broken})["id"]
    page.goto(f"{site.url}/crews/{crew_id}/")
    expect(page.get_by_text("This draft cannot be drawn")).to_be_visible()
    text = page.locator(".cm-content")
    expect(text).to_contain_text("not")
    rewrite(text, DOCUMENT)
    page.get_by_role("button", name="Apply").click()
    expect(node(page, "only")).to_be_visible()
    saved(page)
    assert stored(page, crew_id)["name"] == "From text"


@pytest.mark.parametrize("width", [1440, 390])
def test_axe_finds_nothing(site: Installation, signed_in: Page, scheme: str, width: int) -> None:
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
