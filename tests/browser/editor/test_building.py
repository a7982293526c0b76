"""Building a crew: by pointer, by keyboard, as text."""

import re

from playwright.sync_api import Locator, Page, expect

from tests.browser.editor.crew_page import (
    PIPELINE,
    call,
    connect_by_pointer,
    crew,
    node,
    open_editor,
    role,
    saved,
    stored,
)
from tests.engines.installation import Installation


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


def test_a_handoff_may_be_dropped_anywhere_on_a_role(site: Installation, signed_in: Page) -> None:
    page = signed_in
    open_editor(page, site, crew(handoffs=[]))
    start = node(page, "draft").locator(".react-flow__handle.source").bounding_box()
    end = node(page, "check").bounding_box()
    assert start is not None
    assert end is not None
    page.mouse.move(start["x"] + 5, start["y"] + 5)
    page.mouse.down()
    page.mouse.move(end["x"] + 150, end["y"] + 20, steps=8)
    page.mouse.up()
    expect(page.get_by_role("heading", name="Draft → Check")).to_be_visible()


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
    tokens = page.locator("[data-path='limits.tokens']")
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


def test_a_problem_of_a_contract_leads_to_its_schema(site: Installation, signed_in: Page) -> None:
    page = signed_in
    handoff = {"from": "draft", "to": "check", "schema": {"type": "objekt"}}
    open_editor(page, site, crew(handoffs=[handoff]))
    expect(page.locator(".cs-edge-problem")).to_have_text("1")
    problems = page.get_by_role("region", name="Problems")
    problems.get_by_role("button", name="1 error").click()
    problems.get_by_role("button", name="must be one of").click()
    expect(page.get_by_role("heading", name="Draft → Check")).to_be_visible()
    assert page.evaluate("document.activeElement.dataset.path") == "handoffs.0.schema"


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
    page.keyboard.press("ArrowDown")  # over the seat that is apart from the chain
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
