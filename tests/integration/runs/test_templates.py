"""The built-in templates, rehearsed with their own examples by the real engine: what each promises
happens, its failure path too, and a replay finds nothing different. Named after SEEDS."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from crews.library import LibraryEntry, library_entries
from crews.models import Template
from crews.services import crew_from_template, crew_publish, templates_install
from runs.preflight import sandboxed_roles
from runs.services import decision_make, run_start
from sandbox.images.build import build
from tests.integration.runs import trail
from tests.integration.runs.kills import replayed
from tests.integration.runs.playing import Played, Stage

Json = Any
ENTRIES = {entry.slug: entry for entry in library_entries()}
Rehearse = Callable[[str], Played]


@pytest.fixture
def rehearse(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Rehearse:
    """Use a template, rehearse it with its own example, and replay the run."""
    monkeypatch.setenv("CALLSHEET_REHEARSAL_PACE", "0")

    def run(slug: str) -> Played:
        need_images(ENTRIES[slug], request)
        templates_install()
        template = Template.objects.get(team=None, slug=slug)
        crew = crew_from_template(template=template, team=stage.team, user=stage.user)
        version = crew_publish(crew=crew, user=stage.user)
        task = ENTRIES[slug].spec.task.example
        started = run_start(
            team=stage.team, user=stage.user, version=version, task=task, rehearsal=True
        )
        played = stage.go_on(started, seconds=120)
        if played.run.status == "finished":
            assert replayed(played) > 0
        return played

    return run


def need_images(entry: LibraryEntry, request: pytest.FixtureRequest) -> None:
    """Start Docker and build the images where a template's roles execute code."""
    if not (names := sandboxed_roles(entry.spec)):
        return
    request.getfixturevalue("docker_client")
    sandboxes = [entry.spec.roles[name].sandbox for name in names]
    for image in {choice.image if choice else "default" for choice in sandboxes}:
        build(image, "auto", lambda _: None)


def tool_outputs(played: Played, agent: str, tool: str) -> list[Json]:
    """Return what an agent's calls of a tool brought, in their order."""
    started = trail.started(played.entries, "tool_call")
    wanted = {e["action"] for e in started if e["agent"] == agent and e["payload"]["name"] == tool}
    return [
        entry["payload"]["output"]
        for entry in played.entries
        if entry["kind"] == "action.finished" and entry["action"] in wanted
    ]


def corrections(played: Played, agent: str) -> list[str]:
    """Return what an agent was told about answers that were not accepted."""
    told = [
        json.dumps(entry["payload"]["input"]["messages"][-1], ensure_ascii=False)
        for entry in trail.started(played.entries, "model_call")
        if entry["agent"] == agent
    ]
    return [text for text in told if "was not accepted" in text]


def of_type(played: Played, type: str) -> list[Json]:
    return trail.started(played.entries, type)


def test_a6_two_toolchains(rehearse: Rehearse) -> None:
    played = rehearse("two-toolchains")
    assert played.run.status == "finished"
    (node,) = tool_outputs(played, "javascript", "shell")
    first, second = tool_outputs(played, "python", "shell")
    assert "creme-brulee a-b uber-uns" in node["stdout"]
    assert first["stdout"] != node["stdout"]
    assert second["stdout"] == node["stdout"]


def test_a7_the_release_train_releases_only_what_passed(rehearse: Rehearse) -> None:
    played = rehearse("release-train")
    assert played.run.status == "finished"
    failed, passed = tool_outputs(played, "tester", "shell")
    assert (failed["exit_code"], passed["exit_code"]) == (1, 0)
    released = [
        entry["payload"]["output"]["passed"]
        for entry in played.entries
        if entry["kind"] == "action.finished"
        and entry["key"].rpartition("/")[2].startswith("handoff-tester-operations")
    ]
    assert released == [False, True]
    (packed,) = tool_outputs(played, "operations", "shell")
    assert packed["stdout"] == "2 tea\n1 please\n"


def test_a14_full_stack(rehearse: Rehearse) -> None:
    played = rehearse("full-stack")
    assert played.run.status == "finished"
    found, cleared = (json.loads(o["text"]) for o in tool_outputs(played, "tester", "run_checks"))
    assert (found["passed"], cleared["passed"]) == (False, True)
    started = tool_outputs(played, "devops", "shell")[0]["stdout"]
    assert "bytes of page\n[]" in started
    delegated = [e["payload"]["input"]["to"] for e in of_type(played, "delegation")]
    assert set(delegated) == {"database", "frontend", "backend", "tester", "devops"}


def test_a14_c3_the_data_pipeline(rehearse: Rehearse) -> None:
    played = rehearse("data-pipeline")
    assert played.output["warmest"] == "Harbour"
    programs = [o["stdout"] for o in tool_outputs(played, "analyse", "python program")]
    harbour = json.loads(programs[0])["stations"][0]
    assert (harbour["mean"], harbour["days"]) == (13.2, 3)
    assert json.loads(programs[0])["removed"] == {"empty": 1, "doubled": 1, "impossible": 1}
    assert len(of_type(played, "handoff")) == 4
    (told,) = corrections(played, "report")
    assert "warmest" in told


def test_a14_research_and_development(rehearse: Rehearse) -> None:
    played = rehearse("lab")
    assert played.run.status == "finished"
    (measured,) = tool_outputs(played, "experiment", "run_python")
    assert measured["stdout"] == "56 readings\n"
    (evaluated,) = tool_outputs(played, "statistics", "run_python")
    assert evaluated["stdout"].splitlines()[-1].startswith("100000")
    (told,) = corrections(played, "statistics")
    assert "below the required 0.6" in told


def test_c1_the_planned_report(rehearse: Rehearse) -> None:
    played = rehearse("planned-report")
    assert "Missing" in played.output
    (fault,) = [e for e in played.entries if e["kind"] == "action.failed"]
    assert "no worker 'statistician'" in fault["payload"]["error"]["message"]
    keys = [e["key"] for e in of_type(played, "ask") if e["agent"] in ("researcher", "critic")]
    assert len(keys) == 3


def test_c2_b5_the_incident_room(rehearse: Rehearse) -> None:
    played = rehearse("incident-room")
    assert played.output["operations"].startswith("Roll back")
    assert len(of_type(played, "spawn")) == 1
    sent = [e["payload"]["input"] for e in of_type(played, "message")]
    assert {"request", "response", "inform"} <= {message.get("type") for message in sent}
    ended = [e["payload"]["output"] for e in played.entries if e["kind"] == "action.finished"]
    refused = [output["refused"] for output in ended if "refused" in output]
    assert any("There is no 'network'" in text for text in refused)


def test_d1_c5_the_supervisor(rehearse: Rehearse) -> None:
    played = rehearse("supervisor")
    assert played.run.status == "finished"
    (counted,) = tool_outputs(played, "analyst", "run_python")
    assert "1000 rows; most frequent: 7" in counted["stdout"]
    (told,) = corrections(played, "analyst")
    assert "0.4 is below the required 0.6" in told


def test_d2_the_debate(rehearse: Rehearse) -> None:
    played = rehearse("debate")
    assert "def median" in played.output
    first, second = tool_outputs(played, "critic", "run_python")
    assert "[3, 1, 2] gives 1 and should give 2" in first["stdout"]
    assert "all as it should be" in second["stdout"]
    assert len(of_type(played, "review")) == 2


def test_d4_c6_the_specialist_panel(rehearse: Rehearse) -> None:
    played = rehearse("specialist-panel")
    assert "4,562" in played.output
    (exact,) = tool_outputs(played, "mathematician", "run_python")
    (counted,) = tool_outputs(played, "programmer", "run_python")
    assert exact["stdout"] == counted["stdout"] == "4562\n"
    (merged,) = of_type(played, "synthesis")
    assert list(merged["payload"]["input"]["missing"]) == ["economist"]


def test_d5_mailboxes(rehearse: Rehearse) -> None:
    played = rehearse("mailboxes")
    assert (played.output["letters"], played.output["returned"]) == (3, 1)
    assert "2. kitchen: How many people can eat at once?" in played.output["report"]


def test_d6_e6_order_events(rehearse: Rehearse) -> None:
    played = rehearse("order-events")
    assert "second grinder" in played.output
    published = {e["payload"]["input"].get("event") for e in of_type(played, "message")} - {None}
    assert published == {
        "order_placed", "goods_reserved", "goods_missing", "parcel_planned", "delivery_changed",
        "customer_told",
    }  # fmt: skip
    assert len(corrections(played, "buyer")) == 1


@pytest.mark.parametrize("choice", ["approve", "edit", "reject"])
def test_e2_the_claims_desk_asks_a_person(rehearse: Rehearse, stage: Stage, choice: str) -> None:
    waiting = rehearse("claims-desk")
    assert waiting.run.status == "waiting"
    asked = waiting.entries[-1]
    assert "0.55 is below the required 0.8" in asked["payload"]["question"]
    (told,) = corrections(waiting, "reader")
    assert "date" in told
    value = {**asked["payload"]["context"], "date": "2026-03-04"} if choice == "edit" else None
    decision_make(
        run=waiting.run, action=asked["action"], user=stage.user, choice=choice, value=value
    )
    played = stage.go_on(waiting.run)
    assert played.run.status == ("failed" if choice == "reject" else "finished")
    asks = [entry["payload"]["input"] for entry in of_type(played, "ask")]
    passed = [ask["given"] for ask in asks if "given" in ask]
    dates = [given[0]["payload"]["date"] for given in passed]
    assert dates == {"approve": ["2026-03-03"], "edit": ["2026-03-04"], "reject": []}[choice]


def test_e3_the_support_router(rehearse: Rehearse) -> None:
    played = rehearse("support-router")
    assert "two charges for November" in played.output
    assert {e["agent"] for e in of_type(played, "ask")} == {"router", "billing"}
    (told,) = corrections(played, "router")
    assert "specialist" in told


def test_e4_the_peer_review(rehearse: Rehearse) -> None:
    played = rehearse("peer-review")
    assert played.output.startswith("On Friday")
    assert len(of_type(played, "review")) == 2


def test_b6_c4_the_launch_board(rehearse: Rehearse) -> None:
    played = rehearse("launch-board")
    assert "iOS follows a week later" in played.output["announcement"]
    assert "iOS a week later" in played.output["date"]
    conflicts = [e for e in played.entries if '"conflict": true' in json.dumps(e["payload"])]
    assert conflicts


def test_a_newsroom_plays_the_crew_inside_it_with_its_own_script(rehearse: Rehearse) -> None:
    played = rehearse("newsroom")
    assert "kitchen is closed" in played.output
    inside = [e["agent"] for e in of_type(played, "ask") if "/" in e["agent"]]
    assert inside == ["desk/writer", "desk/reviewer", "desk/writer", "desk/reviewer"]
