"""Anthropic's wire: what is asked exactly, thinking, structured output, usage."""

import json
from typing import Any

import pytest

from runs.providers.base import AssistantMessage, ToolCall, ToolMessage, ToolResult, ToolSpec
from runs.providers.base import UserMessage as User
from runs.providers.errors import BadRequest, ContextTooLong, Overloaded
from tests.fakes.model_server import ModelServer, Reply, Rule
from tests.fakes.model_wire import anthropic_events
from tests.integration.providers.conftest import KEY, Caller

TOOL = ToolSpec(name="f", description="does f", parameters={})
OBJECT = {"type": "object", "properties": {"a": {"type": "string"}}}


async def test_the_request(anthropic: Caller, server: ModelServer) -> None:
    call = ToolCall(id="c1", name="f", arguments={"x": 1}, raw="")
    broken = ToolCall(id="c2", name="f", arguments=None, raw="{oops")
    results = (
        ToolResult(id="c1", name="f", text="fine"),
        ToolResult(id="c2", name="f", text="no JSON", is_error=True),
    )
    messages = (
        User(text="one"),
        User(text="two"),
        AssistantMessage(text="", tool_calls=(call, broken)),
        ToolMessage(results=results),
        User(text="three"),
    )
    await anthropic(messages=messages, system="Be brief.", tools=(TOOL,), temperature=1.5)
    [seen] = server.calls
    assert seen.key == KEY
    assert seen.body == {
        "model": "m",
        "stream": True,
        "max_tokens": 4096,
        "temperature": 1.0,
        "system": "Be brief.",
        "tools": [
            {
                "name": "f",
                "description": "does f",
                "input_schema": {"type": "object", "properties": {}},
            }
        ],
        "messages": [
            {
                "role": "user",
                "content": [{"type": "text", "text": "one"}, {"type": "text", "text": "two"}],
            },
            {
                "role": "assistant",
                "content": [
                    {"type": "tool_use", "id": "c1", "name": "f", "input": {"x": 1}},
                    {"type": "tool_use", "id": "c2", "name": "f", "input": {"not_json": "{oops"}},
                ],
            },
            {
                "role": "user",
                "content": [
                    {"type": "tool_result", "tool_use_id": "c1", "content": "fine"},
                    {
                        "type": "tool_result",
                        "tool_use_id": "c2",
                        "content": "no JSON",
                        "is_error": True,
                    },
                    {"type": "text", "text": "three"},
                ],
            },
        ],
    }


@pytest.mark.parametrize("suffix", ["", "/", "/v1", "/v1/"])
async def test_the_base_url_with_or_without_version(
    anthropic: Caller, server: ModelServer, suffix: str
) -> None:
    anthropic.base_url += suffix
    assert (await anthropic()).text == "ok"


async def test_the_owners_token_is_not_sent_to_other_servers(
    anthropic: Caller, server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_PROFILE"):
        monkeypatch.setenv(name, "owners-own")
    anthropic.api_key = ""
    await anthropic()
    assert "owners-own" not in str(server.calls[0].headers)


async def test_servers_that_look_for_the_keys_own_header_find_it(
    anthropic: Caller, server: ModelServer
) -> None:
    await anthropic()
    assert server.calls[0].headers["x-api-key"] == KEY


async def test_thoughts_are_kept_and_sent_back_as_they_came(
    anthropic: Caller, server: ModelServer
) -> None:
    said = Reply(
        thinking="Which tool?",
        text="Let me see.",
        tool_calls=({"name": "f", "arguments": {"a": 1}},),
    )
    server.rules = [Rule(reply=said, times=1)]
    reply = await anthropic(tools=(TOOL,))
    assert reply.text == "Let me see.", "a thought is no answer"
    assert "Which tool?" not in "".join(anthropic.pieces)
    result = ToolResult(id=reply.tool_calls[0].id, name="f", text="done")
    await anthropic(messages=(User(text="hi"), reply.as_message(), ToolMessage(results=(result,))))
    assert server.calls[1].body["messages"][1]["content"] == [
        {"type": "thinking", "thinking": "Which tool?", "signature": "signed"},
        {"type": "text", "text": "Let me see."},
        {"type": "tool_use", "id": "toolu_0", "name": "f", "input": {"a": 1}},
    ]


async def test_without_thoughts_nothing_native_is_kept(
    anthropic: Caller, server: ModelServer
) -> None:
    assert (await anthropic()).native is None


async def test_the_schema_goes_natively(anthropic: Caller, server: ModelServer) -> None:
    await anthropic(returns=OBJECT)
    body = server.calls[0].body
    assert body["output_config"]["format"]["schema"]["additionalProperties"] is False


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object"},
        {"type": "object", "properties": {"data": {"type": "object"}}},
        {"type": "object", "properties": {"a": {"type": ["string", "null"]}}},
        {"type": "object", "properties": {"a": {}}},
        {"type": "array", "items": {"type": "string"}},
    ],
)
async def test_a_schema_that_would_be_changed_does_not_go_natively(
    anthropic: Caller, server: ModelServer, schema: Any
) -> None:
    await anthropic(returns=schema)
    assert "output_config" not in server.calls[0].body


async def test_rejected_settings_are_left_out_from_then_on(
    anthropic: Caller, server: ModelServer
) -> None:
    server.rules = [
        Rule(has="temperature", status=400, message="temperature is deprecated for this model"),
        Rule(has="output_config", status=400, message="output_config: Extra inputs"),
    ]
    for _ in range(2):
        assert (await anthropic(temperature=0.1, returns=OBJECT)).text == "ok"
    assert len(server.calls) == 4
    assert server.calls[3].body.keys() == {"model", "max_tokens", "messages", "stream"}


async def test_an_early_error_keeps_its_message(anthropic: Caller, server: ModelServer) -> None:
    server.rules = [Rule(status=400, message="messages: odd", code="invalid_request_error")]
    error = await anthropic.error(temperature=0.1)
    assert isinstance(error, BadRequest)
    assert error.cause == "messages: odd"


async def test_a_context_that_overflows_in_the_stream(
    anthropic: Caller, server: ModelServer
) -> None:
    error = {"type": "invalid_request_error", "message": "prompt is too long: 9 > 8"}
    server.rules = [Rule(events=({"type": "error", "error": error},))]
    assert isinstance(await anthropic.error(), ContextTooLong)


async def test_usage_counts_cached_tokens_as_input(anthropic: Caller, server: ModelServer) -> None:
    server.rules = [Rule(reply=Reply(text="hi", usage=(100, 7), cached=80))]
    usage = (await anthropic()).usage
    assert (usage.input_tokens, usage.output_tokens, usage.cached_input_tokens) == (100, 7, 80)


async def test_usage_is_estimated_where_none_is_reported(
    anthropic: Caller, server: ModelServer
) -> None:
    server.rules = [Rule(reply=Reply(text="four words of text", usage=None))]
    reply = await anthropic()
    assert not reply.usage_reported
    assert reply.usage.output_tokens == 9


async def test_a_server_that_does_not_stream(anthropic: Caller, server: ModelServer) -> None:
    said = Reply(text="at once", thinking="hm", tool_calls=({"name": "f", "arguments": {"a": 1}},))
    server.rules = [Rule(reply=said, whole=True)]
    reply = await anthropic(tools=(TOOL,))
    assert reply.text == "at once" == "".join(anthropic.pieces)
    assert reply.tool_calls[0].arguments == {"a": 1}
    assert reply.native["anthropic"][0]["thinking"] == "hm"
    assert reply.usage.input_tokens == 10


async def test_unknown_events_blocks_and_deltas_are_passed_over(
    anthropic: Caller, server: ModelServer
) -> None:
    server.rules = [
        Rule(
            events=(
                ": comment\n\n",
                {"type": "message_start", "message": {"usage": {"input_tokens": 3}}},
                {"type": "surprise", "x": 1},
                {"type": "content_block_start", "index": 0, "content_block": {"type": "new_kind"}},
                {"type": "content_block_delta", "index": 0, "delta": {"type": "new_delta"}},
                {"type": "content_block_delta", "index": 9, "delta": {"type": "text_delta"}},
                {"type": "content_block_start", "index": 1, "content_block": {"type": "text"}},
                {
                    "type": "content_block_delta",
                    "index": 1,
                    "delta": {"type": "text_delta", "text": "hi"},
                },
                {"type": "message_delta", "delta": {"stop_reason": "new_reason"}, "usage": {}},
            )
        )
    ]
    reply = await anthropic()
    assert reply.text == "hi"
    assert reply.stop == "end"


async def test_events_whose_type_stands_in_the_data_alone(
    anthropic: Caller, server: ModelServer
) -> None:
    said = Reply(text="hi there", tool_calls=({"name": "f", "arguments": {"a": 1}},))
    named = anthropic_events(said, "m")
    events = (*(f"data: {json.dumps(event)}\n\n" for event in named), "data: [DONE]\n\n")
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "Too much"}}
    server.rules = [
        Rule(events=events, times=1),
        Rule(events=(events[0], f"data: {json.dumps(error)}\n\n")),
    ]
    reply = await anthropic(tools=(TOOL,))
    assert reply.text == "hi there" == "".join(anthropic.pieces)
    assert reply.tool_calls[0].arguments == {"a": 1}
    assert isinstance(await anthropic.error(), Overloaded)


async def test_a_call_without_id_or_arguments(anthropic: Caller, server: ModelServer) -> None:
    server.rules = [Rule(reply=Reply(tool_calls=({"id": None, "name": "f", "arguments": "{no"},)))]
    [call] = (await anthropic(tools=(TOOL,))).tool_calls
    assert call.id == "call_1_0"
    assert call.arguments is None
    assert call.raw == "{no"


@pytest.mark.parametrize("reason", ["max_tokens", "model_context_window_exceeded"])
async def test_cut_by_length(anthropic: Caller, server: ModelServer, reason: str) -> None:
    server.rules = [Rule(reply=Reply(text="half", stop=reason))]
    assert (await anthropic()).stop == "max_tokens"
