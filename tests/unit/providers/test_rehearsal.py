"""The rehearsal plays its script to the letter, and improvises where there is none."""

import json
from typing import Any

import pytest

from runs.providers.base import (
    AssistantMessage,
    Credential,
    Cue,
    ModelReply,
    ModelRequest,
    ToolCall,
    ToolMessage,
    ToolResult,
    ToolSpec,
    UserMessage,
)
from runs.providers.rehearsal import RehearsalProvider
from runs.providers.script import BadScript, Script, script_parse

SCRIPT = {
    "rehearsal": 1,
    "roles": {
        "lead": [
            {
                "visit": 1,
                "turns": [
                    {"say": "Plan for {{task}}.", "call": [{"ask": {"to": "coder", "n": [1]}}]},
                    {"say": "Heard: {{last}}", "tokens": 77},
                ],
            },
            {"match": "BROKEN", "turns": [{"say": "I see it is broken."}]},
            {"turns": [{"say": {"approved": True, "note": "{{task}}"}}]},
        ]
    },
}
DELEGATE = ToolSpec(
    name="delegate_to_agent",
    description="",
    parameters={
        "type": "object",
        "required": ["agent_name", "task", "priority"],
        "properties": {
            "agent_name": {"enum": ["coder", "writer"]},
            "task": {"type": "string"},
            "priority": {"type": "integer", "minimum": 3, "maximum": 3},
        },
    },
)
CODE = ToolSpec(name="run_python", description="", parameters={"type": "object"})


async def play(text: str = "build it", **settings: Any) -> ModelReply:
    settings = {"model": "m", "messages": (UserMessage(text=text),), **settings}
    provider = RehearsalProvider(pace=0)
    return await provider.complete(ModelRequest(**settings), Credential(), lambda _: None)


def cue(visit: int = 1, turn: int = 1, **more: Any) -> Cue:
    return Cue(**{"role": "lead", "visit": visit, "turn": turn, "script": SCRIPT, **more})


async def test_a_scripted_turn_with_its_task_filled_in() -> None:
    reply = await play(cue=cue())
    assert reply.text == "Plan for build it."
    assert [(c.name, c.arguments) for c in reply.tool_calls] == [("ask", {"to": "coder", "n": [1]})]
    assert reply.stop == "tool_calls"


async def test_the_cues_task_goes_before_the_framed_message() -> None:
    assert (await play("<task>x</task>", cue=cue(task="x"))).text == "Plan for x."


async def test_the_next_turn_hears_the_last_result_and_counts_the_given_tokens() -> None:
    result = ToolMessage(results=(ToolResult(id="1", name="ask", text="all done"),))
    reply = await play(messages=(UserMessage(text="build it"), result), cue=cue(turn=2))
    assert reply.text == "Heard: all done"
    assert reply.usage.output_tokens == 77


async def test_scenes_by_visit_then_by_match_then_for_all() -> None:
    assert (await play("it is broken", cue=cue(visit=2))).text == "I see it is broken."
    later = await play(cue=cue(visit=9))
    assert json.loads(later.text) == {"approved": True, "note": "build it"}


async def test_turns_beyond_the_script_and_roles_without_one_are_improvised() -> None:
    assert (await play(cue=cue(turn=3))).text == "A rehearsed answer by lead to “build it”."
    assert (await play(cue=cue(role="extra"))).text.startswith("A rehearsed answer by extra")


async def test_the_same_request_gives_the_same_reply() -> None:
    schema = {"type": "object", "properties": {"pick": {"enum": list(range(1000))}}}
    first, again = [await play(returns=schema) for _ in range(2)]
    other = await play("another task", returns=schema)
    assert first == again != other


async def test_improvised_delegation_goes_once_to_everyone() -> None:
    start = cue(script=None)
    first = await play(tools=(CODE, DELEGATE), cue=start)
    assert [call.arguments for call in first.tool_calls] == [
        {"agent_name": "coder", "task": "build it", "priority": 3},
        {"agent_name": "writer", "task": "build it", "priority": 3},
    ]
    results = tuple(ToolResult(id=c.id, name=c.name, text="ok") for c in first.tool_calls)
    heard = (UserMessage(text="build it"), first.as_message(), ToolMessage(results=results))
    then = await play(messages=heard, tools=(CODE, DELEGATE), cue=cue(turn=2, script=None))
    assert then.tool_calls == ()
    assert then.stop == "end"
    # the crew insists on one role by its name
    pushed = (*heard, then.as_message(), UserMessage(text="`writer` has not reviewed it."))
    last = await play(messages=pushed, tools=(DELEGATE,), cue=cue(turn=3, script=None))
    assert [c.arguments and c.arguments["agent_name"] for c in last.tool_calls] == ["writer"]


async def test_no_role_is_asked_a_third_time() -> None:
    call = ToolCall(id="a", name="delegate_to_agent", arguments={"agent_name": "coder"})
    asked = AssistantMessage(tool_calls=(call, call))
    messages = (UserMessage(text="go"), asked, UserMessage(text="coder must review"))
    reply = await play(messages=messages, tools=(DELEGATE,), cue=cue(turn=2, script=None))
    assert reply.tool_calls == ()


async def test_improvised_delegation_by_tags_and_the_end_word() -> None:
    tags = {"developer_task": "coder", "test_task": "tester"}
    first = await play(cue=cue(script=None, delegates=tags, end_word="DONE"))
    assert "<developer_task>build it</developer_task>" in first.text
    assert "<test_task>build it</test_task>" in first.text
    assert "DONE" not in first.text
    for later in ({"turn": 2}, {"visit": 2}):
        reply = await play(cue=cue(script=None, delegates=tags, end_word="DONE", **later))
        assert reply.text.endswith("DONE")
        assert "<" not in reply.text


async def test_a_demand_by_name_is_met_in_tags_too_but_quoted_work_demands_nothing() -> None:
    start = cue(turn=2, script=None, delegates={"dev": "coder", "rev": "reviewer"}, end_word="END")
    said = AssistantMessage(text="<dev>go</dev>")
    quoted = '<data-0a1b from="coder">\nI am coder, ask reviewer.\n</data-0a1b>'
    heard = (UserMessage(text="go"), said, UserMessage(text=quoted))
    assert (await play(messages=heard, cue=start)).text.endswith("END")
    pushed = (UserMessage(text="go"), said, UserMessage(text="reviewer must approve first."))
    assert "<rev>go</rev>" in (await play(messages=pushed, cue=start)).text


async def test_what_a_role_is_given_is_not_taken_for_its_task() -> None:
    quoted = 'Write.\n\n<data-0a1b from="x">\nlong text\n</data-0a1b>'
    reply = await play(quoted, cue=cue(role="writer", script=None))
    assert reply.text == "A rehearsed answer by writer to “Write.”."
    ruled = await play("Write.\n\nUse <dev>what to do</dev>.", cue=cue(turn=2, script=None))
    assert ruled.text == "A rehearsed answer by lead to “Write.”."


async def test_code_tools_are_never_called_unscripted() -> None:
    assert (await play(tools=(CODE,))).tool_calls == ()


@pytest.mark.parametrize(
    ("script", "place"),
    [
        ({"roles": {"lead": [{"turns": []}]}}, "roles.lead.0.turns"),
        (
            {"roles": {"lead": [{"turns": [{"call": [{"a": {}, "b": {}}]}]}]}},
            "roles.lead.0.turns.0.call.0",
        ),
        ({"roles": {"lead": [{"visit": 0, "turns": [{}]}]}}, "roles.lead.0.visit"),
        ({"scenes": {}}, "scenes"),
        ({"rehearsal": 2}, "rehearsal"),
        ([], "the top"),
    ],
)
def test_a_broken_script_names_the_place(script: Any, place: str) -> None:
    with pytest.raises(BadScript) as caught:
        script_parse(script)
    assert f"wrong at {place}:" in caught.value.cause


def test_an_empty_script_is_one() -> None:
    assert script_parse({}) == Script()
