"""What the engine relies on, the same for every provider: real servers and the rehearsal."""

import asyncio
import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from runs.providers.base import (
    AssistantMessage,
    Cue,
    ModelRequest,
    ToolCall,
    ToolMessage,
    ToolResult,
    ToolSpec,
    UserMessage,
)
from runs.providers.errors import DeadlineExceeded
from runs.providers.rehearsal import RehearsalProvider
from tests.fakes.model_server import ModelServer, Reply, Rule
from tests.integration.providers.conftest import Caller

SCHEMA = {
    "type": "object",
    "required": ["title", "score"],
    "properties": {"title": {"type": "string"}, "score": {"type": "number", "maximum": 1}},
}
LOOKUP = ToolSpec(
    name="lookup",
    description="Look a word up.",
    parameters={"type": "object", "properties": {"word": {"type": "string"}}},
)
STORY = "The quick brown fox jumps over the lazy dog, and nobody is surprised. Ünïcode 🦊."
CALLS = [{"lookup": {"word": "fox"}}, {"lookup": {"word": "dog"}}, {"lookup": {}}]


class Play:
    """The same scene for both sides: rules for the fake server, a script for the rehearsal."""

    def __init__(self, name: str, caller: Caller, server: ModelServer) -> None:
        self.name = name
        self.call = caller
        self._server = server
        self._cue: Cue | None = None

    def says(self, text: str, *calls: Any, delay_ms: float = 0) -> None:
        turn = {"say": text, "call": list(calls), "delay_ms": delay_ms, "tokens": 5}
        script = {"roles": {"lead": [{"turns": [turn]}]}}
        self._cue = Cue(role="lead", visit=1, turn=1, script=script)
        wire_calls = [{"name": n, "arguments": a} for call in calls for n, a in call.items()]
        reply = Reply(text=text, tool_calls=tuple(wire_calls))
        self._server.rules = [Rule(reply=reply, latency_ms=delay_ms)]

    async def __call__(self, **settings: Any) -> Any:
        return await self.call(cue=self._cue, **settings)


@pytest.fixture(params=["openai", "anthropic", "rehearsal"])
def play(request: pytest.FixtureRequest, server: ModelServer, make_caller: Any) -> Play:
    caller = make_caller(request.param)
    if request.param == "rehearsal":
        caller.provider = RehearsalProvider(pace=1 if "deadline" in request.node.name else 0)
    return Play(request.param, caller, server)


async def test_text_streams_in_pieces_that_add_up_to_the_reply(play: Play) -> None:
    play.says(STORY)
    reply = await play()
    assert reply.text == STORY == "".join(play.call.pieces)
    assert len(play.call.pieces) > 2
    assert reply.stop == "end"
    assert reply.tool_calls == ()
    assert reply.usage_reported
    assert reply.usage.output_tokens == 5
    assert reply.usage.input_tokens > 0


@pytest.mark.parametrize("wrapped", ["gzip", "mark"])
async def test_what_lies_around_a_stream_is_taken_off(
    caller: Caller, server: ModelServer, wrapped: Any
) -> None:
    text = STORY + "and again " * 30_000
    server.rules = [Rule(reply=Reply(text=text), wrapped=wrapped)]
    assert (await caller()).text == text == "".join(caller.pieces)


async def test_parallel_tool_calls_arrive_in_order_with_distinct_ids(play: Play) -> None:
    play.says("I will look.", *CALLS)
    reply = await play(tools=(LOOKUP,))
    assert reply.stop == "tool_calls"
    assert [call.arguments for call in reply.tool_calls] == [{"word": "fox"}, {"word": "dog"}, {}]
    assert {call.name for call in reply.tool_calls} == {"lookup"}
    assert len({call.id for call in reply.tool_calls}) == 3
    assert reply.text == "I will look."


async def test_a_reply_survives_the_journal_and_continues_the_conversation(play: Play) -> None:
    play.says("Looking.", CALLS[0])
    reply = await play(tools=(LOOKUP,))
    kept = type(reply).model_validate_json(reply.model_dump_json())
    assert kept == reply
    result = ToolResult(id=kept.tool_calls[0].id, name="lookup", text="a red animal")
    conversation = (UserMessage(text="hi"), kept.as_message(), ToolMessage(results=(result,)))
    play.says("It is red.")
    assert (await play(messages=conversation, tools=(LOOKUP,))).text == "It is red."


async def test_structured_answers_satisfy_the_schema(play: Play) -> None:
    play.says(json.dumps({"title": "t", "score": 0.5}))
    reply = await play(returns=SCHEMA)
    Draft202012Validator(SCHEMA).validate(json.loads(reply.text))


async def test_the_deadline_is_total(play: Play) -> None:
    play.says("too late", delay_ms=60_000)
    error = await play.call.error(cue=play._cue, deadline_s=0.2)
    assert isinstance(error, DeadlineExceeded)
    assert not error.permanent
    assert "0.2 s" in error.cause


async def test_one_instance_serves_many_calls_at_once(play: Play) -> None:
    play.says(STORY)
    replies = await asyncio.gather(*(play() for _ in range(50)))
    assert {reply.text for reply in replies} == {STORY}


async def test_cancelling_the_caller_stops_the_call(play: Play) -> None:
    play.says("never heard", delay_ms=60_000)
    play.call.provider = (
        RehearsalProvider(pace=1) if play.name == "rehearsal" else play.call.provider
    )
    task = asyncio.create_task(play())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    # and the provider goes on serving
    play.says("heard")
    assert (await play()).text == "heard"


async def test_any_conversation_that_can_be_journaled_can_be_sent(play: Play) -> None:
    """Empty texts, broken tool arguments, errors of tools, two user messages in a row."""
    broken = ToolCall(id="a", name="lookup", arguments=None, raw="{oops")
    messages = (
        UserMessage(text=""),
        UserMessage(text="again"),
        AssistantMessage(text="", tool_calls=(broken,)),
        ToolMessage(results=(ToolResult(id="a", name="lookup", text="no JSON", is_error=True),)),
        AssistantMessage(text=""),
        UserMessage(text="well?"),
    )
    play.says("fine")
    request = ModelRequest(model="m", messages=messages, cue=play._cue)
    assert ModelRequest.model_validate_json(request.model_dump_json()) == request
    assert (await play(messages=messages)).text == "fine"
