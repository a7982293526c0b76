"""A role that is a crew: one journal, one budget, pinned when the run begins."""

import json
from typing import Any

import pytest

from crews.models import Crew
from crews.services import crew_create, crew_draft_save, crew_publish
from runs.errors import BadRequest
from tests.fakes.model_server import Reply, Rule
from tests.integration.runs import trail
from tests.integration.runs.documents import code_role, document, model_role, pipeline
from tests.integration.runs.kills import replayed, survives_kills
from tests.integration.runs.playing import Played, Stage

Json = Any
NO = Reply(text=json.dumps({"approved": False, "issues": ["too long"]}))


def crew_role(seat: str, slug: str, **fields: Json) -> Json:
    return {"seat": seat, "kind": "crew", "crew": {"slug": slug}, **fields}


def publish(stage: Stage, slug: str, made: Json) -> Crew:
    crew = crew_create(team=stage.team, user=stage.user, document={**made, "name": slug})
    assert crew.slug == slug
    crew_publish(crew=crew, user=stage.user)
    return crew


def reviewing() -> Json:
    roles = {
        "writer": model_role("producer", instructions="You write."),
        "judge": model_role("reviewer", instructions="You judge."),
    }
    return document("review", roles, options={"max_revisions": 1})


def outer(**fields: Json) -> Json:
    roles = {
        "first": model_role("stage", instructions="You begin."),
        "desk": crew_role("stage", "desk", **fields),
        "writer": model_role("stage", instructions="You end."),
    }
    return pipeline(roles)


def agents(played: Played, type: str = "model_call") -> list[str]:
    return [entry["agent"] for entry in trail.started(played.entries, type)]


def test_a_crew_stands_for_a_role(stage: Stage) -> None:
    publish(stage, "desk", reviewing())
    stage.server.rules = [
        Rule(anywhere="You begin.", reply=Reply(text="raw facts")),
        Rule(anywhere="You judge.", reply=NO),
        Rule(anywhere="too long", reply=Reply(text="a short text")),
        Rule(anywhere="You end.", reply=Reply(text="the end")),
    ]
    played = stage.play(outer())
    assert played.output == "the end"
    assert agents(played) == ["first", "desk/writer", "desk/judge", "desk/writer", "writer"]
    assert "raw facts" in stage.server.calls[1].last_text
    assert "a short text" in stage.server.calls[-1].last_text
    (desk,) = [e for e in trail.started(played.entries, "ask") if e["agent"] == "desk"]
    inside = [e["parent"] for e in trail.started(played.entries) if e["key"].startswith("desk/")]
    assert desk["action"] in inside
    started = played.entries[0]["payload"]
    assert started["crews"]["desk"]["version"] == 1
    assert set(started["models"]) == {"first", "writer", "desk/writer", "desk/judge"}
    assert replayed(played) == len(trail.started(played.entries))


def test_a_run_goes_on_with_the_version_that_it_began_with(stage: Stage) -> None:
    desk = publish(stage, "desk", reviewing())
    run = stage.start(outer())
    changed = {**reviewing(), "name": "desk"}
    changed["roles"]["writer"]["instructions"] = "You write differently."
    saved = crew_draft_save(crew=desk, document=changed, revision=desk.revision, user=stage.user)
    crew_publish(crew=saved, user=stage.user)
    stage.server.rules = [Rule(anywhere="You judge.", reply=NO)]
    played = stage.go_on(run)
    assert played.run.status == "finished"
    assert not any("differently" in call.all_text for call in stage.server.calls)


def test_its_result_keeps_the_roles_schema(stage: Stage) -> None:
    publish(stage, "desk", reviewing())
    stage.server.rules = [Rule(anywhere="You judge.", reply=NO)]
    crew = outer(returns={"type": "object"})
    crew["handoffs"][1]["on_invalid"] = {"then": "fail"}
    played = stage.play(crew)
    assert played.error["kind"] == "invalid_payload"
    assert played.error["role"] == "desk"


def test_the_outer_roles_limits_hold_inside(stage: Stage) -> None:
    publish(stage, "desk", reviewing())
    stage.server.rules = [Rule(anywhere="You judge.", reply=NO)]
    played = stage.play(outer(limits={"calls": 2}))
    assert played.run.status == "failed"
    assert "'desk' may make 2 model calls" in played.error["message"]
    assert len(stage.server.calls) == 3


def test_two_meshes_side_by_side_inside_a_plan(stage: Stage) -> None:
    turn = {"messages": [{"to": "all", "type": "inform", "content": "hi"}], "done": True}
    stage.server.rules = [Rule(reply=Reply(text=json.dumps({**turn, "answer": "x"})))]
    peers = {name: model_role("peer") for name in "ab"}
    options = {"max_messages": 3, "max_spawned": 0}
    publish(stage, "inner", document("mesh", peers, options=options))
    reply = crew_role("worker", "inner")
    roles = {"boss": model_role("planner"), "team": reply, "other": reply}
    subtasks = [{"id": w, "worker": w, "task": "think"} for w in ("team", "other")]
    plan = {"subtasks": subtasks, "synthesis_instructions": "join"}
    stage.server.rules.insert(
        0, Rule(contains="Plan this task", reply=Reply(text=json.dumps(plan)))
    )
    played = stage.play(document("plan", roles))
    assert played.run.status == "finished"
    ends = [
        e
        for e in played.entries
        if e["key"] in ("branch/subtask1/delegation", "branch/subtask2/delegation")
    ]
    results = [e["payload"]["output"]["result"] for e in ends if e["kind"] == "action.finished"]
    assert results == [{"a": "x", "b": "x"}] * 2
    assert replayed(played) == len(trail.started(played.entries))


def test_five_deep_and_no_deeper(stage: Stage) -> None:
    publish(stage, "d0", reviewing())
    stage.server.rules = [Rule(anywhere="You judge.", reply=NO)]
    for n in range(1, 7):
        inside = crew_role("producer", f"d{n - 1}")
        judge = model_role("reviewer", instructions="You judge.")
        publish(
            stage,
            f"d{n}",
            document("review", {"in": inside, "judge": judge}, options={"max_revisions": 0}),
        )
    crew = Crew.objects.get(slug="d5")
    assert stage.play(_draft(crew)).run.status == "finished"
    with pytest.raises(BadRequest, match="at most 5 crews"):
        stage.start(_draft(Crew.objects.get(slug="d6")))


def _draft(crew: Crew) -> Json:
    version = crew.versions.get()
    return {**version.document, "name": "outermost"}


def test_what_cannot_be_found_is_said_before_the_run(stage: Stage) -> None:
    with pytest.raises(BadRequest, match=r"roles\.desk\.crew: the team has no crew 'desk'"):
        stage.start(outer())
    publish(stage, "desk", reviewing())
    crew = outer()
    crew["roles"]["desk"]["crew"]["version"] = 7
    with pytest.raises(BadRequest, match="has no version 7"):
        stage.start(crew)


@pytest.mark.usefixtures("docker_client")
def test_a_program_inside_works_in_a_sandbox_of_its_own(stage: Stage) -> None:
    shout = """
import json, pathlib, sys
pathlib.Path("seen").write_text("x")
print(json.dumps(str(json.load(sys.stdin)).upper()))
"""
    names = """
import json, pathlib, sys
print(json.dumps([sys.stdin.read(), [str(p) for p in pathlib.Path(".").iterdir()]]))
"""
    inside = {"one": code_role("stage", shout), "two": code_role("stage", names)}
    publish(stage, "desk", pipeline(inside))
    roles = {"one": code_role("stage", shout), "desk": crew_role("stage", "desk")}
    played = stage.play(pipeline(roles), "say it")
    assert played.run.status == "finished", played.error
    (told, files) = played.output
    assert "SAY IT" in told
    assert "seen" not in str(files)
    assert agents(played, "tool_call") == ["one", "desk/one", "desk/two"]


def test_it_survives_a_kill_after_any_entry(stage: Stage) -> None:
    publish(stage, "desk", reviewing())
    stage.server.rules = [Rule(anywhere="You judge.", reply=NO)]
    survives_kills(stage, outer(), every=4)
