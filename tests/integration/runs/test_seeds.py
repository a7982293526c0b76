"""Rows of SEEDS that no other test is named after, each a finished run. Named after them."""

from typing import Any

import docker

from runs.analysis import analyze, messages
from runs.engine.workspace import RUN_LABEL
from runs.models import Action
from runs.provenance import provenance
from runs.selectors import state_of
from runs.why import Reasons
from teams.services import credential_set
from tests.fakes.model_server import Call, Reply, Rule
from tests.integration.runs import trail
from tests.integration.runs.documents import OPENAI, delegate, desk, model_role
from tests.integration.runs.playing import Stage

Json = Any


def coder(**fields: Json) -> Json:
    return model_role(
        "worker",
        {**OPENAI, "credential": "hands"},
        instructions="You are coder.",
        capabilities=["code_execution"],
        tools=["shell"],
        **fields,
    )


def shell(command: str) -> Reply:
    return Reply(tool_calls=({"name": "shell", "arguments": {"command": command}},))


def told_by(stage: Stage, who: str) -> list[Call]:
    return [call for call in stage.server.calls if who in call.all_text]


def outputs(played: Any) -> list[str]:
    """Return what the shell printed, call by call."""
    calls = {e["action"] for e in trail.started(played.entries, "tool_call")}
    ended = [e for e in played.entries if e["kind"] == "action.finished" and e["action"] in calls]
    return [str(e["payload"]["output"].get("stdout", "")) for e in ended]


def test_a4_a12_workers_have_their_own_key_and_their_own_box(
    stage: Stage, docker_client: docker.DockerClient
) -> None:
    url = stage.server.openai_url
    credential_set(
        team=stage.team, provider="openai", name="hands", api_key="sk-hands", base_url=url
    )
    look = "env; cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max; ls"
    stage.server.rules = [
        Rule(contains="first thing", reply=shell(f"({look}) 2>&1; touch mine")),
        Rule(contains="second thing", reply=shell("ls")),
        Rule(anywhere="You are coder.", reply=Reply(text="It is done.")),
        Rule(contains="The task", reply=Reply(tool_calls=(delegate("coder", "first thing"),))),
        Rule(
            contains="It is done.",
            times=1,
            reply=Reply(tool_calls=(delegate("coder", "second thing"),)),
        ),
        Rule(reply=Reply(text="All done.")),
    ]
    played = stage.play(desk({"coder": coder(sandbox={"memory_mb": 96})}))
    assert played.output == "All done.", played.error
    assert {call.key for call in told_by(stage, "You lead.")} == {"sk-test"}
    assert {call.key for call in told_by(stage, "You are coder.")} == {"sk-hands"}
    first, second = outputs(played)
    assert "sk-" not in first
    assert str(96 * 1024 * 1024) in first
    # The same box the second time, and none left at the end.
    assert second.split() == ["mine"]
    label: Json = {"label": [f"{RUN_LABEL}={played.run.pk}"]}
    assert docker_client.containers.list(all=True, filters=label, sparse=True) == []


def test_a5_each_role_has_its_tier(stage: Stage) -> None:
    stage.server.rules = [
        Rule(contains="The task", reply=Reply(tool_calls=(delegate("coder", "do it"),))),
        Rule(anywhere="You are coder.", reply=Reply(text="It is done.")),
        Rule(reply=Reply(text="All done.")),
    ]
    fast = model_role("worker", {"tier": "fast"}, instructions="You are coder.")
    crew = desk({"coder": fast})
    crew["roles"]["lead"]["model"] = {"tier": "best"}
    played = stage.play(crew)
    assert played.output == "All done.", played.error
    lead = {call.model for call in told_by(stage, "You lead.")}
    worker = {call.model for call in told_by(stage, "You are coder.")}
    assert len(lead) == len(worker) == 1
    assert lead != worker


def test_a8_b10_the_manager_knows_its_specialists_and_the_answer_says_whose_it_is(
    stage: Stage,
) -> None:
    fact = "The bridge was opened in the spring of 1932 by the mayor."
    stage.server.rules = [
        Rule(contains="The task", reply=Reply(tool_calls=(delegate("historian", "when?"),))),
        Rule(anywhere="You are historian.", reply=Reply(text=fact)),
        Rule(
            contains=fact, times=1, reply=Reply(tool_calls=(delegate("critic", "check the year"),))
        ),
        Rule(anywhere="You are critic.", reply=Reply(text="The year is right.")),
        Rule(reply=Reply(text=f"In short:\n\n{fact}\n\nThat was checked by somebody else.")),
    ]
    workers = {
        name: model_role(
            "worker", instructions=f"You are {name}.", responsibilities=[f"{name} work"]
        )
        for name in ("historian", "critic")
    }
    played = stage.play(desk(workers))
    assert played.run.status == "finished", played.error
    first = str(told_by(stage, "You lead.")[0].body)
    assert "historian work" in first
    assert "critic work" in first
    delegated = [e["payload"]["input"]["to"] for e in trail.started(played.entries, "delegation")]
    assert delegated == ["historian", "critic"]
    parts = {part.text: part.agent for part in provenance(state_of(played.run))}
    assert parts[fact] == "historian"


def test_c7_c9_how_the_agents_did(stage: Stage) -> None:
    stage.server.rules = [
        Rule(contains="The task", reply=Reply(tool_calls=(delegate("coder", "do it"),))),
        Rule(anywhere="You are coder.", times=1, status=500),
        Rule(anywhere="You are coder.", reply=Reply(text="It is done.")),
        Rule(reply=Reply(text="All done.")),
    ]
    played = stage.play(desk())
    assert played.output == "All done.", played.error
    reports = {report.agent: report for report in analyze([played.run])}
    assert reports["coder"].failed == 1
    assert reports["lead"].failed == 0
    assert reports["lead"].cost_usd > 0
    assert reports["lead"].mean_s > reports["coder"].mean_s > 0
    assert next(iter(reports)) == "lead"  # the slowest
    assert messages([played.run]).dropped == 0


def test_e7_which_agent_produced_this_and_what_was_it_given(stage: Stage) -> None:
    stage.server.rules = [
        Rule(contains="The task", reply=Reply(tool_calls=(delegate("coder", "count them"),))),
        Rule(anywhere="You are coder.", reply=Reply(text="There are exactly forty-two of them.")),
        Rule(reply=Reply(text="Answer: There are exactly forty-two of them.")),
    ]
    played = stage.play(desk())
    assert played.run.status == "finished", played.error
    rows = Action.objects.filter(run=played.run)
    assert all(row.type and row.input_hash and row.started_at and row.ended_at for row in rows)
    ids = {row.pk for row in rows}
    assert all(row.parent in ids for row in rows if row.parent is not None)
    last = rows.filter(agent="lead", type="model_call").latest("seq")
    why = Reasons(state_of(played.run)).of(str(last.pk))
    assert [step.agent for step in why if step.relation == "given"][:1] == ["coder"]
    asked = rows.get(agent="coder", type="ask")
    assert state_of(played.run).actions[str(asked.pk)].input["task"] == "count them"
